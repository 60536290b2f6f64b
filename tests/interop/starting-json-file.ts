import { INNER_NAMES, NAMES } from './layout-pieces.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Ingredients, StartingFile } from './starting-file.ts'

const SCALARS = ['1', '-0.0', '1.50', '12345678901234567890', '1e21', 'true', 'null', '"x"', '"yes"', '""', '"<&>"']
const STRINGS = ['"\\u00e9\\ud83d\\ude42"', '"a\\nb"', '"\\ud800"', '"\\u2028"', '"010"', '"2020-01-02"', '"~"']
const MAX_DEPTH = 3

/** A JSON stack file as people and programs write them: on one line or many, with any indentation and escapes. */
export function handWrittenJsonFile(random: SeededRandom, ingredients: Ingredients): StartingFile {
  const config = object(
    random,
    NAMES,
    5,
    (name) => topLevelKey(random, name),
    (depth) => value(random, ingredients, depth),
  )
  const fields = [`${field(random, 'encryptionsalt')}:"${ingredients.salt}"`, `"config":${config}`]
  if (random.chance(20)) fields.push('"kept":{"a":[1,2]}')
  const text = `{${(random.chance(70) ? fields : fields.toReversed()).join(',')}}`
  return { format: 'json', text: laidOut(random, text), shared: [] }
}

/** The reference finds its fields whatever the case of their names; `config` it wants in lower case for bare keys. */
function field(random: SeededRandom, name: string): string {
  return JSON.stringify(random.chance(85) ? name : name.toUpperCase())
}

function topLevelKey(random: SeededRandom, name: string): string {
  const spellings = { namespaced: `proj:${name}`, bare: name, legacy: `proj:config:${name}` }
  return spellings[random.weighted({ namespaced: 70, bare: 20, legacy: 10 })]
}

function object(
  random: SeededRandom,
  pool: readonly string[],
  most: number,
  key: (name: string) => string,
  inner: (depth: number) => string,
  depth = 0,
): string {
  const names = new Set<string>()
  for (let count = random.below(most + 1); count > 0; count--) names.add(random.pick(pool))
  return `{${[...names].map((name) => `${JSON.stringify(key(name))}:${inner(depth + 1)}`).join(',')}}`
}

function value(random: SeededRandom, ingredients: Ingredients, depth: number): string {
  const nested = depth < MAX_DEPTH ? 15 : 0
  const inner = (at: number): string => value(random, ingredients, at)
  const forms = {
    scalar: () => random.pick(SCALARS),
    string: () => random.pick(STRINGS),
    secret: () => `{"secure":${JSON.stringify(random.pick(ingredients.ciphertexts))}}`,
    object: () => object(random, INNER_NAMES, 3, (name) => name, inner, depth),
    list: () => `[${Array.from({ length: random.below(4) }, () => inner(depth + 1)).join(',')}]`,
  }
  return forms[random.weighted({ scalar: 40, string: 15, secret: 20, object: nested, list: nested })]()
}

/** The same tokens with other white space between them; what stands in strings stays. */
function laidOut(random: SeededRandom, compact: string): string {
  const unit = random.pick(['', '', '  ', '    ', '\t'])
  const [lineEnd, colon] = [random.pick(['\n', '\n', '\n', '\r\n']), random.pick([':', ': ', ' : '])]
  let depth = 0
  const line = (): string => (unit === '' ? '' : lineEnd + unit.repeat(depth))
  const text = compact.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token, at: number) => {
    if (token === ':') return colon
    if (token === ',') return `,${line()}`
    const isEmpty = /^[{[][}\]]$/.test(compact.slice(at, at + 2)) || /^[{[][}\]]$/.test(compact.slice(at - 1, at + 1))
    if (token === '{' || token === '[') {
      depth++
      return isEmpty ? token : token + line()
    }
    if (token === '}' || token === ']') {
      depth--
      return isEmpty ? token : line() + token
    }
    return token
  })
  return `${random.chance(10) ? '\ufeff' : ''}${text}${random.pick(['', '\n', '\n'])}`
}
