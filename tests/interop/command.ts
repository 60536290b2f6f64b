import type { ConfigEntry } from '@stackseal/stack'
import { anyEdit, anyPlace, argumentsOf, type Edit, inputOf } from './edit.ts'
import { isLostObject, setsLostText } from './known-differences.ts'
import type { SeededRandom } from './seeded-random.ts'
import { anyText } from './texts.ts'

/** The two stacks of a project between which a sequence copies. */
export const STACKS = ['dev', 'prod'] as const
export type StackName = (typeof STACKS)[number]

/** One command that changes the configuration of a stack, as both command lines take it. */
export interface Command {
  /** The stack that it changes. */
  readonly changes: StackName
  readonly arguments: readonly string[]
  readonly stdin: string
  /** What it does, value by value, for the differences that are known; of a copy there is nothing to say. */
  readonly edits: readonly Edit[]
}

/** A command on one of the stacks, whose values are given. */
export function anyCommand(
  random: SeededRandom,
  entriesOf: Readonly<Record<StackName, readonly ConfigEntry[]>>,
): Command {
  const stack = random.pick(STACKS)
  const entries = entriesOf[stack]
  const forms = {
    edit: () =>
      single(
        stack,
        plainEnough(() => anyEdit(random, entries)),
      ),
    pairs: () => setPairs(random, stack, entries),
    json: () => setJson(random, stack, entries),
    removal: () => removal(random, stack, entries),
    copy: () => copy(random, stack, entriesOf),
  }
  return forms[random.weighted({ edit: 25, pairs: 25, json: 15, removal: 10, copy: 25 })]()
}

function single(stack: StackName, edit: Edit): Command {
  const words = argumentsOf(edit).map((word, i, all) => (all[i - 1] === '-s' ? stack : word))
  return { changes: stack, arguments: words, stdin: inputOf(edit), edits: [edit] }
}

function setPairs(random: SeededRandom, stack: StackName, entries: readonly ConfigEntry[]): Command {
  const path = random.chance(50)
  const edits = several(random, () => plainEnough(() => aSet(random, entries, path)))
  const words = edits.flatMap((edit) => [`--${edit.as}`, pair(edit)])
  return {
    changes: stack,
    arguments: ['config', 'set-all', '-s', stack, ...(path ? ['--path'] : []), ...words],
    stdin: '',
    edits,
  }
}

type SetEdit = Extract<Edit, { readonly command: 'set' }>

function aSet(random: SeededRandom, entries: readonly ConfigEntry[], path: boolean): SetEdit {
  let place = anyPlace(random, entries)
  // With --path every key is a path, and without it none is.
  while (place.path !== path) place = anyPlace(random, entries)
  let value = anyText(random)
  // An argument has to fit into 128 KiB, with all that stands beside it.
  while (value.length > 10_000) value = anyText(random)
  return { command: 'set', key: place.key, path, value, as: random.chance(55) ? 'plaintext' : 'secret', onStdin: false }
}

/** `key=value`, with the key in quotes where it needs them. */
function pair({ key, value }: SetEdit): string {
  if (!/[='"]/.test(key)) return `${key}=${value}`
  const quote = key.includes('"') ? "'" : '"'
  return `${quote}${key}${quote}=${value}`
}

function setJson(random: SeededRandom, stack: StackName, entries: readonly ConfigEntry[]): Command {
  const edits = several(random, () => plainEnough(() => aSet(random, entries, false)))
  const shown = edits.map((edit): [string, object] => {
    const secret = edit.as === 'secret'
    if (isLostObject(edit.key, secret) || !random.chance(60)) return [edit.key, { value: edit.value, secret }]
    const objectValue = anyData(random, 0)
    return [edit.key, { value: JSON.stringify(objectValue), objectValue, secret: false }]
  })
  return {
    changes: stack,
    arguments: ['config', 'set-all', '-s', stack, '--json', JSON.stringify(Object.fromEntries(shown))],
    stdin: '',
    edits,
  }
}

/** A list or a mapping, as a program keeps it in a configuration. */
function anyData(random: SeededRandom, depth: number): unknown {
  const forms = {
    list: () => Array.from({ length: random.below(4) }, () => anyData(random, depth + 1)),
    map: () =>
      Object.fromEntries(
        Array.from({ length: 1 + random.below(3) }, () => [
          random.pick(['x', 'y', 'k1', 'k10', 'a b', 'é', '9', '']),
          anyData(random, depth + 1),
        ]),
      ),
    word: () => random.pick(['text', '', 'true', '5', '1.5', '<&>', 'grüße', '2020-01-02', '~', 'a\nb']),
    other: () => random.pick([true, false, null, 0, 5, -7, 1.5, 1e21]),
  }
  if (depth === 0) return forms[random.pick(['list', 'map'] as const)]()
  return forms[random.weighted({ list: depth < 3 ? 15 : 0, map: depth < 3 ? 15 : 0, word: 40, other: 30 })]()
}

function removal(random: SeededRandom, stack: StackName, entries: readonly ConfigEntry[]): Command {
  const path = random.chance(50)
  const edits = several(random, (): Edit => {
    let place = anyPlace(random, entries)
    while (place.path !== path) place = anyPlace(random, entries)
    return { command: 'rm', key: place.key, path }
  })
  const words = ['config', 'rm-all', '-s', stack, ...(path ? ['--path'] : []), '--', ...edits.map(({ key }) => key)]
  return { changes: stack, arguments: words, stdin: '', edits }
}

function copy(
  random: SeededRandom,
  dest: StackName,
  entriesOf: Readonly<Record<StackName, readonly ConfigEntry[]>>,
): Command {
  const source = dest === 'dev' ? 'prod' : 'dev'
  const words = ['config', 'cp', '-s', source, '-d', dest]
  if (random.chance(40)) return { changes: dest, arguments: words, stdin: '', edits: [] }
  const place = anyPlace(random, entriesOf[source])
  return {
    changes: dest,
    arguments: [...words, ...(place.path ? ['--path'] : []), '--', place.key],
    stdin: '',
    edits: [],
  }
}

function several<T>(random: SeededRandom, make: () => T): readonly T[] {
  return Array.from({ length: 1 + random.below(4) }, make)
}

/** An edit whose value the reference keeps. */
function plainEnough<T extends Edit>(make: () => T): T {
  for (;;) {
    const edit = make()
    if (!setsLostText(edit)) return edit
  }
}
