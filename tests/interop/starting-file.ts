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
  /** The printed key, then the names inside its value. */
  readonly path: readonly string[]
}

export interface StartingFile {
  readonly text: string
  readonly shared: readonly SharedPlace[]
}

// Deeper than any key: where a scalar of several lines goes on.
const DEEP = ' '.repeat(40)

const SCALARS = ['plain', 'two words', "'single'", '"double"', "''", '""', '"esc \\n \\u00e9"', "'it''s'", '42', '010', '0x1F', '0o17', '1_000', '-0', '1.50', '.5', '1e3', '1e21', '12345678901234567890', '9223372036854775807', 'true', 'False', '~', 'null', 'Null', '', 'yes', 'on', '2020-01-02', '2020-01-02T03:04:05Z', '2020-01-02 03:04:05 +01:00', 'http://a.b/c?d#e', 'a#b', '-x', '"#"', '"a: b"', 'a:b', '!!str 42', '!!str true', '!!int "7"', '"\\x41\\t\\U0001F642"', "'日本語'", `"long \\\n${DEEP}folded"`, `first\n${DEEP}second`]
const FLOWS = ['{}', '[]', '{x: 1, y: two}', "['a', b, 3]", '[ a , {k: v} ]', "{'q': [1, 2], n: {m: ~}}", '[1.0, 0x10, yes, 2020-01-02]', '{"a": "b", c: }', `[\n${DEEP}a,\n${DEEP}b # note\n${DEEP}]`, '{ x: [ ], y: { } }', '{secure: 5}', '[[1], [2, [3]]]']
const NAMES = ['a', 'b', 'c', 'key1', 'key10', 'key2', 'with-dash', 'x_y', 'Zed', 'é', 'with.dot', 'a b', 'yes', '9', 'secure2', '日本']
const INNER_NAMES = [...NAMES, 'k', 'v', 'x', '"q"', "'s t'", '1.5', 'true', '~']
const COMMENTS = ['', '', '', '', ' # note', '   # far away', ' #', ' # ünï: [x]']
const BLOCKS = ['|', '|-', '|+', '>', '>-', '>+', '| # c', '|2']
const HEADS = ['', '', '', '# head\n', '\n', '---\n', '# head\n\n---\n', '%YAML 1.1\n---\n']
const TAILS = ['', '', '', '# foot\n', '\n\n', 'other:\n  kept: 1\n', '---\nconfig:\n  second: document\n', '...\n', 'unknown: [1, 2] # c\n']

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
    const head = random.pick(HEADS)
    // A directive belongs to a document of its own.
    const tail = random.pick(TAILS)
    let text = random.chance(75) ? `${head}${salt}${config}${tail}` : `${head}${config}${salt}${tail}`
    // A document that ends in `---` or `...` keeps its line end; others may lack it.
    if (random.chance(15) && !config.includes('+')) text = text.replace(/\n+$/, '')
    if (random.chance(15)) text = text.replaceAll('\n', '\r\n')
    if (random.chance(10)) text = `\ufeff${text}`
    return { text, shared: this.#shared }
  }

  #salt(): string {
    const { salt } = this.#ingredients
    const text = this.#random.pick([salt, salt, salt, `"${salt}"`, `'${salt}'`])
    return `encryptionsalt: ${text}${this.#random.pick(COMMENTS)}\n`
  }

  #flowConfig(): string {
    const names = this.#names(NAMES, 3)
    const pairs = names.map((name) => `"proj:${name}": ${this.#flowValue()}`)
    const separator = this.#random.pick([', ', ',\n  ', ' , '])
    return `config: {${pairs.join(separator)}}\n`
  }

  #flowValue(): string {
    if (this.#random.chance(30)) return `{secure: '${this.#random.pick(this.#ingredients.ciphertexts)}'}`
    return this.#random.pick(['1', 'x', "'y z'", '[a, b]', '{k: v}', '"q"', 'null', '2020-01-02'])
  }

  #blockConfig(): string {
    const random = this.#random
    const names = this.#names(NAMES, 1 + random.below(6))
    const pad = ' '.repeat(this.#step)
    const entries = names.map((name) => {
      const printed = `proj:${name}`
      return `${this.#above(this.#step)}${pad}${this.#topLevelKey(name)}:${this.#value(this.#step, 0, [printed])}`
    })
    if (random.chance(30)) entries.push(`${pad}aws:region: us-east-1${random.pick(COMMENTS)}\n`)
    if (random.chance(25)) entries.push(...this.#sharedEntries(pad))
    return `config:${random.pick(COMMENTS)}\n${entries.join('')}`
  }

  #topLevelKey(name: string): string {
    const spelled = this.#random.weighted({ namespaced: 60, bare: 15, legacy: 8, single: 10, double: 7 })
    if (spelled === 'bare') return /^[a-z]/.test(name) ? name : `'${name}'`
    if (spelled === 'legacy') return `proj:config:${name}`
    if (spelled === 'single') return `'proj:${name}'`
    return spelled === 'double' ? `"proj:${name}"` : `proj:${name}`
  }

  #sharedEntries(pad: string): string[] {
    const deeper = pad + ' '.repeat(this.#step)
    switch (this.#random.weighted({ scalar: 1, mapping: 1, merge: 1 })) {
      case 'scalar':
        this.#shared.push({ kind: 'anchor', path: ['proj:base'] }, { kind: 'alias', path: ['proj:copy'] })
        return [`${pad}proj:base: &base text\n`, `${pad}proj:copy: *base\n`]
      case 'mapping':
        this.#shared.push({ kind: 'anchor', path: ['proj:base'] }, { kind: 'alias', path: ['proj:copy', 'k'] })
        return [
          `${pad}proj:base: &base\n${deeper}x: 1\n${deeper}y: [a, b]\n`,
          `${pad}proj:copy:\n${deeper}k: *base\n${deeper}own: 2 # mine\n`,
        ]
      case 'merge':
        this.#shared.push({ kind: 'anchor', path: ['proj:base'] })
        this.#shared.push({ kind: 'merged', path: ['proj:copy', 'x'] }, { kind: 'merged', path: ['proj:copy', 'z'] })
        return [
          `${pad}proj:base: &base\n${deeper}x: 1\n${deeper}y: 2\n${deeper}z: {w: 1}\n`,
          `${pad}proj:copy:\n${deeper}<<: *base\n${deeper}y: own\n`,
        ]
    }
  }

  /** What stands behind the colon of a key `indent` spaces in, with its line end. */
  #value(indent: number, depth: number, path: readonly string[]): string {
    const random = this.#random
    const note = random.pick(COMMENTS)
    const kinds = { scalar: 40, secret: 20, lines: 8, flow: 12, map: depth < 3 ? 10 : 0, list: depth < 3 ? 10 : 0 }
    switch (random.weighted(kinds)) {
      case 'scalar':
        return this.#scalar(note)
      case 'secret':
        return this.#secret(indent, note)
      case 'lines':
        return this.#lines(indent)
      case 'flow':
        return ` ${random.pick(FLOWS)}${note}\n`
      case 'map':
        return `${note}\n${this.#map(indent + this.#step, depth + 1, path)}`
      case 'list':
        return `${note}\n${this.#list(this.#indentedLists ? indent + this.#step : indent, depth + 1, path)}`
    }
  }

  #scalar(note: string): string {
    const scalar = this.#random.pick(SCALARS)
    if (scalar === '') return `${note}\n`
    // A comment would end a plain scalar that goes on in the next line.
    return ` ${scalar}${scalar.includes('\n') ? '' : note}\n`
  }

  #secret(indent: number, note: string): string {
    const ciphertext = this.#random.pick(this.#ingredients.ciphertexts)
    switch (this.#random.weighted({ block: 70, flow: 15, single: 15 })) {
      case 'block':
        return `${note}\n${' '.repeat(indent + this.#step)}secure: ${ciphertext}\n`
      case 'flow':
        return ` {secure: "${ciphertext}"}${note}\n`
      case 'single':
        return `${note}\n${' '.repeat(indent + this.#step)}'secure': '${ciphertext}'${note}\n`
    }
  }

  #lines(indent: number): string {
    const header = this.#random.pick(BLOCKS)
    const pad = ' '.repeat(header === '|2' ? indent + 2 : indent + this.#step)
    const more = Array.from({ length: this.#random.below(3) }, () => this.#random.pick(['one', '  deeper', '', '# no comment', 'k: v']))
    return ` ${header}\n${['first', ...more].map((line) => (line === '' ? '\n' : `${pad}${line}\n`)).join('')}`
  }

  #map(indent: number, depth: number, path: readonly string[]): string {
    return this.#names(INNER_NAMES, 1 + this.#random.below(3))
      .map((name) => `${this.#above(indent)}${' '.repeat(indent)}${name}:${this.#value(indent, depth, [...path, name])}`)
      .join('')
  }

  #list(indent: number, depth: number, path: readonly string[]): string {
    const pad = ' '.repeat(indent)
    return Array.from({ length: 1 + this.#random.below(3) }, () => {
      switch (this.#random.weighted({ scalar: 50, secret: 20, map: depth < 3 ? 20 : 0, list: 10 })) {
        case 'scalar':
          return `${this.#above(indent)}${pad}-${this.#scalar(this.#random.pick(COMMENTS))}`
        case 'secret':
          return `${pad}- secure: ${this.#random.pick(this.#ingredients.ciphertexts)}\n`
        case 'map':
          return `${pad}- ${this.#map(indent + 2, depth + 1, path).replace(/^(?:\s*#.*\n|\s*\n)*\s*/, '')}`
        case 'list':
          return `${pad}- - x\n${pad}  - ${this.#random.pick(FLOWS.slice(0, 6))}\n`
      }
    }).join('')
  }

  #above(indent: number): string {
    const line = this.#random.pick(['', '', '', '', '# comment', 'blank', '#'])
    if (line === '') return ''
    return line === 'blank' ? '\n' : `${' '.repeat(indent)}${line}\n`
  }

  #names(pool: readonly string[], count: number): string[] {
    const names = new Set<string>()
    while (names.size < count) names.add(this.#random.pick(pool))
    return [...names]
  }
}
