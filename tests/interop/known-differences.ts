import type { ConfigValue } from '@stackseal/stack'
import type { Edit } from './edit.ts'
import type { SharedPlace } from './starting-file.ts'

/**
 * Where the two may differ in an edit sequence: each row is one of vectors/differences.json (docs/differences.md), named
 * by its `id`. Whatever else differs is a failure.
 */
interface KnownDifference {
  readonly id: string
}

/** Plain values that can't be compared, because the reference does not keep them. */
interface LostText extends KnownDifference {
  readonly applies: (text: string) => boolean
}

/** Ways to write a file that can't be compared, because the reference changes their values when it saves the file. */
interface LostLayout extends KnownDifference {
  readonly applies: (file: string) => boolean
}

/** Edits that one side refuses and the other one makes. `place` is the printed key and the steps inside its value. */
interface Refusal extends KnownDifference {
  readonly by: 'stackseal' | 'pulumi'
  /** What the refusal says. */
  readonly error: RegExp
  readonly applies: (edit: Edit, place: readonly string[], shared: readonly SharedPlace[]) => boolean
}

const LOST_TEXTS: readonly LostText[] = [
  { id: 'leading-newline', applies: (text) => /^[\n\u2028\u2029]/.test(text) && text.includes('\n') },
  { id: 'leading-tab', applies: (text) => text.startsWith('\t') && text.includes('\n') },
]

/** A folded text with a line that is indented deeper than its first one. */
const FOLDED_DEEPER = />[-+]?[^\n]*\n( *)[^\s][^\n]*\n(?:(?:\1[^\s][^\n]*|[ \r]*)\n)*\1 +[^\s]/

const LOST_LAYOUTS: readonly LostLayout[] = [
  { id: 'folded-keep', applies: (file) => file.includes('>+') },
  { id: 'folded-deeper', applies: (file) => FOLDED_DEEPER.test(file) },
]

const REFUSALS: readonly Refusal[] = [
  {
    id: 'shared-places',
    by: 'stackseal',
    error: /ERR_CANNOT_EDIT/,
    applies: (_edit, place, shared) => shared.some((it) => touches(it, place)),
  },
  {
    id: 'json-digits',
    by: 'stackseal',
    error: /JSON keeps 53 bits of an integer/,
    applies: (edit) => edit.command === 'set' && edit.as !== 'secret' && !Number.isSafeInteger(Number(edit.value)),
  },
  {
    id: 'space-first',
    by: 'pulumi',
    error: /yaml: line \d+: did not find expected/,
    applies: (edit, place) =>
      edit.command === 'set' &&
      edit.as !== 'secret' &&
      /^ [^]*\n/.test(edit.value) &&
      place.some((step) => /^\d+$/.test(step)),
  },
  {
    id: 'emptied-list',
    by: 'pulumi',
    error: /it wrote a file that it can not read/,
    applies: (edit) => edit.command === 'rm' && edit.path,
  },
]

const TYPE_LOST: KnownDifference = { id: 'typed-over-text' }

/** Lists and mappings that `set-all --json` can't be compared with: the reference puts them elsewhere, or nowhere. */
const OBJECTS: readonly (KnownDifference & { readonly applies: (key: string, secret: boolean) => boolean })[] = [
  { id: 'set-all-literal-keys', applies: (key) => /[.[]/.test(key) },
  { id: 'set-all-secret-object', applies: (_key, secret) => secret },
]

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...LOST_TEXTS,
  ...LOST_LAYOUTS,
  ...REFUSALS,
  TYPE_LOST,
  ...OBJECTS,
]

/** Whether `set-all --json` of a list or a mapping is one that the reference does not make as it is asked to. */
export function isLostObject(key: string, secret: boolean): boolean {
  return OBJECTS.some((known) => known.applies(key, secret))
}

/** Whether an edit puts a number or a boolean where a text stood: the reference keeps the quotes that it may have had. */
export function mayLoseItsType(edit: Edit, old: ConfigValue | undefined): boolean {
  if (edit.command === 'rm' || typeof old !== 'string') return false
  if (edit.as === 'int' || edit.as === 'float' || edit.as === 'bool') return true
  return edit.as !== 'secret' && edit.path && /^(?:true|false|[-+]?\d+)$/.test(edit.value)
}

/** Whether an edit sets a plain text that the reference does not keep. */
export function setsLostText(edit: Edit): boolean {
  if (edit.command === 'rm' || edit.as === 'secret') return false
  return LOST_TEXTS.some((known) => known.applies(edit.value))
}

export function hasLostLayout(file: string): boolean {
  return LOST_LAYOUTS.some((known) => known.applies(file))
}

/** Whether one side may refuse an edit that the other one makes. */
export function mayBeRefused(
  by: Refusal['by'],
  said: string,
  edit: Edit,
  place: readonly string[],
  shared: readonly SharedPlace[],
): boolean {
  return REFUSALS.some((known) => known.by === by && known.error.test(said) && known.applies(edit, place, shared))
}

function touches({ kind, path }: SharedPlace, place: readonly string[]): boolean {
  const inside = path.every((name, i) => place[i] === name)
  const around = place.every((name, i) => path[i] === name)
  // An alias may be replaced or taken out as a whole; what it stands for may not be changed through it.
  if (kind === 'alias') return inside && place.length > path.length
  return kind === 'anchor' ? inside || around : inside
}
