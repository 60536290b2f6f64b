import type { Edit } from './edit.ts'
import type { SharedPlace } from './starting-file.ts'

/** A way in which the two differ on purpose (docs/differences.md); everything else that is found is a failure. */
export interface KnownDifference {
  readonly what: string
  readonly reference: string
  readonly instead: string
}

/** Values that can't be compared, because the reference does not keep them. */
export interface LostValue extends KnownDifference {
  readonly applies: (edit: Edit) => boolean
}

/** Edits that one side refuses and the other one makes. `place` is the printed key and the steps inside its value. */
export interface Refusal extends KnownDifference {
  readonly by: 'stackseal' | 'pulumi'
  /** What the refusal says. */
  readonly error: RegExp
  readonly applies: (edit: Edit, place: readonly string[], shared: readonly SharedPlace[]) => boolean
}

export const LOST_VALUES: readonly LostValue[] = [
  {
    what: 'a plain value of several lines that begins with a line break or a tab',
    reference: 'loses the line break whenever it loads the file, or can not load it any more',
    instead: 'keeps the value',
    applies: (edit) =>
      edit.command === 'set' && edit.as !== 'secret' && /^[\n\u2028\u2029\t]/.test(edit.value) && edit.value.includes('\n'),
  },
]

/** Ways to write a file that can't be compared, because the reference changes their values when it saves the file. */
export interface LostLayout extends KnownDifference {
  readonly applies: (text: string) => boolean
}

export const LOST_LAYOUTS: readonly LostLayout[] = [
  {
    what: 'folded text that keeps its last line ends (>+)',
    reference: 'adds a line end to it whenever it saves the file',
    instead: 'keeps the value',
    applies: (text) => />\+/.test(text),
  },
]

export const REFUSALS: readonly Refusal[] = [
  {
    by: 'stackseal',
    what: 'a value that others share through an anchor, or that stands elsewhere (an alias, a merge key)',
    reference: 'writes every use of it out',
    instead: 'ERR_CANNOT_EDIT: the other values must not change, nor their form',
    error: /ERR_CANNOT_EDIT/,
    applies: (_edit, place, shared) => shared.some((it) => touches(it, place)),
  },
  {
    by: 'pulumi',
    what: 'plain text of several lines that begins with a space, in a list',
    reference: 'can not read what it is about to write, and refuses',
    instead: 'sets it; Pulumi reads it',
    error: /yaml: line \d+: did not find expected/,
    applies: (edit, place) =>
      edit.command === 'set' && edit.as !== 'secret' && /^ .*\n/.test(edit.value) && place.some((step) => /^\d+$/.test(step)),
  },
]

function touches({ kind, path }: SharedPlace, place: readonly string[]): boolean {
  const inside = path.every((name, i) => place[i] === name)
  const around = place.every((name, i) => path[i] === name)
  // An alias may be replaced or taken out as a whole; what it stands for may not be changed through it.
  if (kind === 'alias') return inside && place.length > path.length
  return kind === 'anchor' ? inside || around : inside
}
