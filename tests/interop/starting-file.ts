import {
  BLOCK_HEADERS,
  BLOCK_LINES,
  COMMENTS,
  FLOWS,
  HEADS,
  INNER_NAMES,
  NAMES,
  SCALARS,
  SCALARS_BELOW,
  TAILS,
} from './layout-pieces.ts'
import type { SeededRandom } from './seeded-random.ts'

/** What a generated file may hold secrets of, all under one data key. */
export interface Ingredients {
  /** The text of a whole `encryptionsalt`. */
  readonly salt: string
  readonly ciphertexts: readonly string[]
}

/** A place in a file whose value is written once and used several times. */
export interface SharedPlace {
  /** `anchor`: it is used elsewhere too; `alias`: what is inside it stands elsewhere; `merged`: it comes from a merge key. */
  readonly kind: 'anchor' | 'alias' | 'merged'
  /** The printed key, then the steps inside its value. */
  readonly path: readonly string[]
}

export interface StartingFile {
  /** YAML if not given. */
  readonly format?: 'json'
  /** The text of the project file, where it says more than usual. */
  readonly project?: string
  readonly text: string
  readonly shared: readonly SharedPlace[]
}

const MAX_DEPTH = 3

/** A stack file as people write them: no two lines need be in one style, all of it is legal. */
export function handWrittenFile(random: SeededRandom, ingredients: Ingredients): StartingFile {
  return new Writer(random, ingredients).file()
}

class Writer {
  readonly #random: SeededRandom
  readonly #ingredients: Ingredients
  readonly #step: number
  readonly #indentedLists: boolean
  readonly #shared: SharedPlace[] = []

  constructor(random: SeededRandom, ingredients: Ingredients) {
    this.#random = random
    this.#ingredients = ingredients
    this.#step = random.pick([2, 2, 2, 4, 3])
    this.#indentedLists = random.chance(60)
  }

  file(): StartingFile {
    const random = this.#random
    const config = random.chance(15) ? this.#flowConfig() : this.#blockConfig()
    const salt = this.#salt()
    const fields = random.chance(75) ? salt + config : config + salt
    let text = `${random.pick(HEADS)}${fields}${random.pick(TAILS)}`
    if (random.chance(15)) text = text.replace(/\n+$/, '')
    if (random.chance(15)) text = text.replaceAll('\n', '\r\n')
    if (random.chance(10)) text = `\ufeff${text}`
    return { text, shared: this.#shared }
  }

  #salt(): string {
    const { salt } = this.#ingredients
    return `encryptionsalt: ${this.#random.pick([salt, salt, salt, `"${salt}"`, `'${salt}'`])}${this.#note()}\n`
  }

  #flowConfig(): string {
    const pairs = this.#names(NAMES, 3).map((name) => `"proj:${name}": ${this.#flowValue()}`)
    return `config: {${pairs.join(this.#random.pick([', ', ',\n  ', ' , ']))}}\n`
  }

  #flowValue(): string {
    if (this.#random.chance(30)) return `{secure: '${this.#ciphertext()}'}`
    return this.#random.pick(['1', 'x', "'y z'", '[a, b]', '{k: v}', '"q"', 'null', '2020-01-02'])
  }

  #blockConfig(): string {
    const random = this.#random
    const pad = ' '.repeat(this.#step)
    const entries = this.#names(NAMES, 1 + random.below(6)).map((name) => {
      const key = this.#topLevelKey(name)
      const colon = random.weighted({ tight: 86, loose: 7, explicit: 7 })
      const written = { tight: `${key}:`, loose: `${key} :`, explicit: `? ${key}\n${pad}:` }[colon]
      return `${this.#above(this.#step)}${pad}${written}${this.#value(this.#step, 0)}`
    })
    if (random.chance(30)) entries.push(`${pad}aws:region: us-east-1${this.#note()}\n`)
    if (random.chance(25)) entries.push(...this.#sharedEntries(pad, pad + ' '.repeat(this.#step)))
    return `config:${this.#note()}\n${entries.join('')}`
  }

  #topLevelKey(name: string): string {
    const bare = /^[a-z]/.test(name) ? name : `'${name}'`
    const spellings = {
      namespaced: `proj:${name}`,
      bare,
      legacy: `proj:config:${name}`,
      single: `'proj:${name}'`,
      double: `"proj:${name}"`,
    }
    return spellings[this.#random.weighted({ namespaced: 60, bare: 15, legacy: 8, single: 10, double: 7 })]
  }

  /** `proj:base`, and `proj:copy` that uses it. */
  #sharedEntries(pad: string, deeper: string): string[] {
    this.#shared.push({ kind: 'anchor', path: ['proj:base'] })
    const forms = {
      scalar: () => [`${pad}proj:base: &base text\n`, `${pad}proj:copy: ${this.#alias([])}\n`],
      secret: () => [
        `${pad}proj:base: &base\n${deeper}secure: ${this.#ciphertext()}\n`,
        `${pad}proj:copy: [${this.#alias(['0'])}, x]\n`,
      ],
      mapping: () => [
        `${pad}proj:base: &base\n${deeper}x: 1\n${deeper}y: [a, b]\n`,
        `${pad}proj:copy:\n${deeper}k: ${this.#alias(['k'])}\n${deeper}own: 2 # mine\n`,
      ],
      merge: () => {
        for (const name of ['x', 'z']) this.#shared.push({ kind: 'merged', path: ['proj:copy', name] })
        return [
          `${pad}proj:base: &base\n${deeper}x: 1\n${deeper}y: 2\n${deeper}z: {w: 1}\n`,
          `${pad}proj:copy:\n${deeper}<<: *base\n${deeper}y: own\n`,
        ]
      },
    }
    return forms[this.#random.pick(['scalar', 'secret', 'mapping', 'merge'] as const)]()
  }

  #alias(path: readonly string[]): string {
    this.#shared.push({ kind: 'alias', path: ['proj:copy', ...path] })
    return '*base'
  }

  /** What stands behind the colon of a key `indent` spaces in, with its line end. */
  #value(indent: number, depth: number): string {
    const random = this.#random
    const note = this.#note()
    const deeper = indent + this.#step
    const forms = {
      scalar: () => this.#scalar(note),
      below: () => `${note}\n${this.#above(indent)}${' '.repeat(deeper)}${random.pick(SCALARS_BELOW)}${this.#note()}\n`,
      secret: () => this.#secret(deeper, note),
      lines: () => this.#lines(indent),
      flow: () => ` ${random.pick(FLOWS)}${note}\n`,
      map: () => `${note}\n${this.#map(deeper, depth + 1)}`,
      list: () => `${note}\n${this.#list(this.#indentedLists ? deeper : indent, depth + 1)}`,
    }
    const nested = depth < MAX_DEPTH ? 10 : 0
    return forms[random.weighted({ scalar: 40, below: 5, secret: 20, lines: 8, flow: 12, map: nested, list: nested })]()
  }

  #scalar(note: string): string {
    const scalar = this.#random.pick(SCALARS)
    if (scalar === '') return `${note}\n`
    // A comment would end a plain scalar that goes on in the next line.
    return ` ${scalar}${scalar.includes('\n') ? '' : note}\n`
  }

  #secret(deeper: number, note: string): string {
    const ciphertext = this.#ciphertext()
    const pad = ' '.repeat(deeper)
    const forms = {
      block: `${note}\n${pad}secure: ${ciphertext}\n`,
      flow: ` {secure: "${ciphertext}"}${note}\n`,
      anchored: ` &own${note}\n${pad}secure: &text "${ciphertext}"\n`,
      single: `${note}\n${pad}'secure': '${ciphertext}'${note}\n`,
    }
    return forms[this.#random.weighted({ block: 70, flow: 12, anchored: 6, single: 12 })]
  }

  #lines(indent: number): string {
    const header = this.#random.pick(BLOCK_HEADERS)
    const pad = ' '.repeat(header === '|2' ? indent + 2 : indent + this.#step)
    const more = Array.from({ length: this.#random.below(3) }, () => this.#random.pick(BLOCK_LINES))
    return ` ${header}\n${['first', ...more].map((line) => (line === '' ? '\n' : `${pad}${line}\n`)).join('')}`
  }

  #map(indent: number, depth: number): string {
    const pad = ' '.repeat(indent)
    return this.#names(INNER_NAMES, 1 + this.#random.below(3))
      .map((name) => `${this.#above(indent)}${pad}${name}:${this.#value(indent, depth)}`)
      .join('')
  }

  #list(indent: number, depth: number): string {
    const pad = ' '.repeat(indent)
    const forms = {
      // Right behind a dash no tab may stand.
      scalar: () => `${this.#above(indent)}${pad}-${this.#scalar(this.#note().replace('\t', ' '))}`,
      secret: () => `${pad}- secure: ${this.#ciphertext()}\n`,
      // The first name follows its dash.
      map: () => `${pad}- ${this.#map(indent + 2, depth + 1).replace(/^(?:\s*#.*\n|\s*\n)*\s*/, '')}`,
      list: () => `${pad}- - x\n${pad}  - ${this.#random.pick(FLOWS.slice(0, 6))}\n`,
    }
    const kinds = { scalar: 50, secret: 20, map: depth < MAX_DEPTH ? 20 : 0, list: 10 }
    return Array.from({ length: 1 + this.#random.below(3) }, () => forms[this.#random.weighted(kinds)]()).join('')
  }

  #ciphertext(): string {
    return this.#random.pick(this.#ingredients.ciphertexts)
  }

  #note(): string {
    return this.#random.pick(COMMENTS)
  }

  #above(indent: number): string {
    const line = this.#random.pick(['', '', '', '', '\n', '# comment', '#'])
    return line === '' || line === '\n' ? line : `${' '.repeat(indent)}${line}\n`
  }

  #names(pool: readonly string[], count: number): string[] {
    const names = new Set<string>()
    while (names.size < count) names.add(this.#random.pick(pool))
    return [...names]
  }
}
