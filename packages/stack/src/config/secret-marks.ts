import { printConfigKey } from './config-key.ts'
import { valueText } from './config-output.ts'
import type { ConfigPlace } from './config-place.ts'
import type { SecretMark } from './config-reader.ts'
import type { PathSegment } from './property-path.ts'
import { isList, isObject } from './value-shape.ts'
import { type ConfigValue, SecretText } from '../values/config-value.ts'

type Path = readonly PathSegment[]

/** Where a value stands that is marked `!secret`. */
export type MarkedPlace = Pick<SecretMark, 'key' | 'path'>

/** A value in which some secrets are known without a key: those that stand in the file in plain text. */
export interface CoveredValue {
  readonly value: ConfigValue
  readonly plaintexts: ReadonlyMap<SecretText, string>
}

/** A value with a secret wherever a mark says so. */
export function coverMarked(value: ConfigValue, place: ConfigPlace, marks: readonly MarkedPlace[]): CoveredValue {
  const key = printConfigKey(place.key)
  const plaintexts = new Map<SecretText, string>()
  const paths = marks.filter((mark) => mark.key === key).map(({ path }) => path)
  return { value: paths.length === 0 ? value : covered(value, place.path, paths, plaintexts), plaintexts }
}

/** The marks that stay where a value is set: what stood at the place, below it or in its way is gone. */
export function marksAfterSet(marks: readonly MarkedPlace[], place: ConfigPlace): readonly MarkedPlace[] {
  const key = printConfigKey(place.key)
  return marks.filter(
    (mark) => mark.key !== key || !(startsWith(mark.path, place.path) || startsWith(place.path, mark.path)),
  )
}

/** The marks that stay where a value is taken out; those of later items of a list move up with them. */
export function marksAfterRemove(marks: readonly MarkedPlace[], { key, path }: ConfigPlace): readonly MarkedPlace[] {
  const printed = printConfigKey(key)
  const last = path.at(-1)
  const parent = path.slice(0, -1)
  return marks
    .filter((mark) => mark.key !== printed || !startsWith(mark.path, path))
    .map((mark) => {
      const step = mark.path[parent.length]
      if (mark.key !== printed || typeof last !== 'bigint' || typeof step !== 'bigint') return mark
      if (step < last || !startsWith(mark.path, parent)) return mark
      return { key: mark.key, path: mark.path.with(parent.length, step - 1n) }
    })
}

function covered(
  value: ConfigValue,
  path: Path,
  marks: readonly Path[],
  plaintexts: Map<SecretText, string>,
): ConfigValue {
  if (value instanceof SecretText) return value
  if (marks.some((mark) => startsWith(path, mark))) {
    const secret = new SecretText('')
    plaintexts.set(
      secret,
      valueText(value, () => undefined),
    )
    return secret
  }
  const inside = marks.filter((mark) => startsWith(mark, path))
  if (inside.length === 0) return value
  if (isList(value)) return value.map((item, i) => covered(item, [...path, BigInt(i)], inside, plaintexts))
  if (!isObject(value)) return value
  return new Map(Array.from(value, ([name, item]) => [name, covered(item, [...path, name], inside, plaintexts)]))
}

function startsWith(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((step, i) => path[i] === step)
}
