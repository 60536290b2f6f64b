import type { Decrypted, StacksealError } from '@stackseal/core'
import type { ConfigEntry } from './config-map.ts'
import { printConfigKey } from './config-key.ts'
import { type ConfigValue, SecretText } from '../values/config-value.ts'
import { compareUtf8, goJson, goJsonString } from '../values/go-json.ts'
import type { PathSegment } from './property-path.ts'
import { hasSecret, isList, isObject, secretsOf } from './value-shape.ts'

/** Gives a secret's plaintext, or the error with which it did not open; undefined keeps it covered. */
export type Reveal = (secret: SecretText) => Decrypted | undefined

/** A secret that did not open, and where it stands. */
export interface BrokenSecret {
  /** The printed key. */
  readonly key: string
  readonly path: readonly PathSegment[]
  readonly error: StacksealError
}

const COVERED = '[secret]'

/** Covers every secret. */
export const coverSecrets: Reveal = () => undefined

/**
 * The text of a value as `config` and `config get` print it: text as it is, everything else as compact JSON, with
 * plaintexts in place of secrets. A secret that did not open shows as `[unreadable: CODE]`; whoever prints this asks
 * {@link brokenSecrets} first, since a plaintext may look the same.
 */
export function valueText(value: ConfigValue, reveal: Reveal): string {
  if (typeof value === 'string') return value
  const shown = (secret: SecretText): string => shownText(secret, reveal)
  return value instanceof SecretText ? shown(value) : goJson(value, { secrets: shown })
}

/** Every secret that does not open, in the order of the entries. */
export function brokenSecrets(entries: Iterable<ConfigEntry>, reveal: Reveal): readonly BrokenSecret[] {
  const broken: BrokenSecret[] = []
  for (const { key, value } of entries) {
    for (const { secret, path } of secretsOf(value)) {
      const revealed = reveal(secret)
      if (revealed !== undefined && 'error' in revealed)
        broken.push({ key: printConfigKey(key), path, error: revealed.error })
    }
  }
  return broken
}

/**
 * What `config --json` prints, byte for byte as the reference prints it: by key, two spaces of indentation, a final
 * newline. An entry with a secret that stays covered has neither `value` nor `objectValue`; so has one with a secret that
 * did not open, and it has the code in `error` (the reference would print nothing at all). docs/format.md, "Listings".
 */
export function configJson(entries: Iterable<ConfigEntry>, reveal: Reveal): string {
  const printed = Array.from(entries, ({ key, value }) => [printConfigKey(key), value] as const)
  if (printed.length === 0) return '{}\n'
  const members = printed
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([key, value]) => `  ${goJsonString(key, false)}: ${indented(entryJson(value, reveal, false), '  ')}`)
  return `{\n${members.join(',\n')}\n}\n`
}

/** What `config get --json` prints. Unlike in the listing, `<`, `>` and `&` are escaped everywhere. */
export function configValueJson(value: ConfigValue, reveal: Reveal): string {
  return `${entryJson(value, reveal, true)}\n`
}

function entryJson(value: ConfigValue, reveal: Reveal, escapeHtml: boolean): string {
  const secret = hasSecret(value)
  const members: string[] = []
  const hidden = secret ? whyHidden(value, reveal) : undefined
  if (hidden === undefined) {
    members.push(`"value": ${goJsonString(valueText(value, reveal), escapeHtml)}`)
    // A number right under its key is one that the project gives: those of a stack file are text.
    if (isList(value) || isObject(value) || typeof value === 'number' || typeof value === 'bigint') {
      const json = goJson(floated(value, reveal), { escapeHtml, indent: '  ', secrets: (it) => shownText(it, reveal) })
      members.push(`"objectValue": ${indented(json, '  ')}`)
    }
  }
  members.push(`"secret": ${secret}`)
  if (hidden !== undefined && hidden !== COVERED) members.push(`"error": ${goJsonString(hidden, escapeHtml)}`)
  return `{\n  ${members.join(',\n  ')}\n}`
}

/** The code with which a secret did not open, or that one is covered; undefined where all of them opened. */
function whyHidden(value: ConfigValue, reveal: Reveal): string | undefined {
  let covered = false
  for (const { secret } of secretsOf(value)) {
    const revealed = reveal(secret)
    if (revealed === undefined) covered = true
    else if ('error' in revealed) return revealed.error.code
  }
  return covered ? COVERED : undefined
}

/** The value as it is after one more turn through JSON: the reference loses integers to float64 in `objectValue`. */
function floated(value: ConfigValue, reveal: Reveal): ConfigValue {
  if (typeof value === 'bigint') return Number(value)
  if (isList(value)) return value.map((item) => floated(item, reveal))
  return isObject(value) ? new Map(Array.from(value, ([key, item]) => [key, floated(item, reveal)])) : value
}

function shownText(secret: SecretText, reveal: Reveal): string {
  const revealed = reveal(secret)
  if (revealed === undefined) return COVERED
  return 'error' in revealed ? `[unreadable: ${revealed.error.code}]` : revealed.plaintext
}

/** JSON text holds no newline but those between its members. */
function indented(json: string, by: string): string {
  return json.replaceAll('\n', `\n${by}`)
}
