import type { ConfigEntry, ConfigValue } from '@stackseal/stack'
import { PROJECT } from './playground.ts'
import type { SeededRandom } from './seeded-random.ts'
import { anyText } from './texts.ts'

/** One `config set` or `config rm`, as both command lines take it. */
export type Edit =
  | { readonly command: 'rm'; readonly key: string; readonly path: boolean }
  | {
      readonly command: 'set'
      readonly key: string
      readonly path: boolean
      readonly value: string
      readonly as: 'text' | 'plaintext' | 'secret' | 'string' | 'bool' | 'int' | 'float'
      readonly onStdin: boolean
    }

export function argumentsOf(edit: Edit): string[] {
  const words = ['config', edit.command, '-s', 'dev', ...(edit.path ? ['--path'] : [])]
  if (edit.command === 'rm') return [...words, '--', edit.key]
  if (edit.as === 'secret' || edit.as === 'plaintext') words.push(`--${edit.as}`)
  else if (edit.as !== 'text') words.push('--type', edit.as)
  return [...words, '--', edit.key, ...(edit.onStdin ? [] : [edit.value])]
}

/** What is piped in; both drop one line end at its end. */
export function inputOf(edit: Edit): string {
  return edit.command === 'set' && edit.onStdin ? `${edit.value}\n` : ''
}

const NEW_NAMES = [
  'a',
  'b',
  'region',
  'k1',
  'k2',
  'k10',
  'k-1',
  'k_1',
  'Upper',
  'é',
  '日本',
  '9',
  '010',
  'yes',
  'null',
  'true',
  'a b',
  'with.dot',
  'x[0]',
  '#c',
  '- d',
  "it's",
  '"q"',
  '@at',
  '__proto__',
  'constructor',
  'x'.repeat(130),
  '🙂',
  'secure',
  '*',
  '{',
  'two\nlines',
  ' lead',
]
const NEW_STEPS = [
  'a',
  'b',
  'k',
  'x',
  'secure',
  'with.dot',
  'a:b',
  'a b',
  '1',
  'true',
  '~',
  '"q"',
  'é',
  '🙂',
  '__proto__',
  '#',
  '- x',
  '',
  'l\nm',
  'toString',
]
// A plain value under such a name may be refused because it looks like a secret; --plaintext says that it is none.
const SECRETIVE = /passwd|pass|password|pwd|secret|token/i

/** An edit of what is there, or of something new. */
export function anyEdit(random: SeededRandom, entries: readonly ConfigEntry[]): Edit {
  const { key, path } = anyPlace(random, entries)
  if (random.chance(22)) return { command: 'rm', key, path }
  const kinds = { text: 44, plaintext: 8, secret: 30, string: 5, bool: 4, int: 5, float: 4 }
  const kind = random.weighted(kinds)
  const as = kind === 'text' && SECRETIVE.test(key) ? 'plaintext' : kind
  const value = as === 'bool' || as === 'int' || as === 'float' ? anyTyped(random, as) : anyText(random)
  return { command: 'set', key, path, value, as, onStdin: random.chance(10) || value.length > 30_000 }
}

function anyTyped(random: SeededRandom, as: 'bool' | 'int' | 'float'): string {
  if (as === 'bool') return random.pick(['true', 'false', 'T', 'f', '1', '0', 'TRUE'])
  if (as === 'int')
    return random.pick([
      '0',
      '1',
      '-1',
      '+5',
      '010',
      '9007199254740993',
      '-9223372036854775808',
      '9223372036854775808',
      'abc',
      '1.5',
    ])
  return random.pick([
    '0',
    '1',
    '1.5',
    '-0',
    '1e3',
    '1e21',
    '1e-7',
    '0x1p4',
    '.5',
    '12345678901234567890',
    'abc',
    '1e400',
  ])
}

export function anyPlace(random: SeededRandom, entries: readonly ConfigEntry[]): { key: string; path: boolean } {
  const entry = entries.length > 0 && random.chance(55) ? random.pick(entries) : undefined
  const key = entry?.key ?? {
    namespace: random.pick([PROJECT, PROJECT, PROJECT, 'aws', 'other', 'AWS', 'kubernetes']),
    name: random.pick(NEW_NAMES),
  }
  const prefix = key.namespace === PROJECT && random.chance(80) ? '' : `${key.namespace}:`
  if (random.chance(45) || key.name === '') return { key: `${prefix}${key.name}`, path: false }
  const steps = anySteps(random, entry?.value)
  const first = writeStep(random, key.name, true)
  // A bracket at the very front leaves no room for a namespace, and none is needed for the project's own keys.
  const root = first.startsWith('[') && key.namespace === PROJECT ? first : `${prefix}${first}`
  return { key: root + steps.map((step) => writeStep(random, step, false)).join(''), path: true }
}

/** A path into a value: along what is there, then perhaps beyond it. */
function anySteps(random: SeededRandom, value: ConfigValue | undefined): (string | number)[] {
  const steps: (string | number)[] = []
  let here = value
  while (random.chance(75)) {
    if (Array.isArray(here) && here.length > 0 && random.chance(80)) {
      const at = random.below(here.length)
      steps.push(at)
      here = (here as readonly ConfigValue[])[at]
    } else if (here instanceof Map && here.size > 0 && random.chance(75)) {
      const name = random.pick([...(here as ReadonlyMap<string, ConfigValue>).keys()])
      steps.push(name)
      here = (here as ReadonlyMap<string, ConfigValue>).get(name)
    } else {
      const next = Array.isArray(here) ? here.length : random.pick([0, 0, 1, 2])
      steps.push(random.chance(Array.isArray(here) ? 85 : 25) ? next : random.pick(NEW_STEPS))
      here = undefined
    }
    if (steps.length > 4) break
  }
  return steps
}

function writeStep(random: SeededRandom, step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`
  const plain = step !== '' && !/[.[]/.test(step) && !(first && step.includes(':'))
  if (plain && random.chance(75)) return first ? step : `.${step}`
  return `["${step.replaceAll('"', String.raw`\"`)}"]`
}
