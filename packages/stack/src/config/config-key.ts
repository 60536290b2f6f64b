import { StacksealError } from '@stackseal/core'
import { compareUtf8 } from '../values/go-json.ts'

/** The name of one configuration value. The namespace is a project or a provider; either side may be empty. */
export interface ConfigKey {
  readonly namespace: string
  readonly name: string
}

/** The middle word of `<namespace>:config:<name>`, a spelling of old files. */
const LEGACY_MODULE = 'config'

/**
 * Parses a key as a stack file spells it: `<namespace>:<name>`, or the legacy `<namespace>:config:<name>`.
 * docs/format.md, "Configuration keys".
 * @throws ERR_INVALID_CONFIG_KEY
 */
export function parseConfigKey(text: string): ConfigKey {
  return parseStored(text, text)
}

/**
 * Parses a key as a person types it. Without a namespace it belongs to the project. With `path` the part before the
 * first `.` or `[` is the key and the rest is appended to its name as it is, so that colons may follow; where the text
 * begins with `[` there is no such part, and the plain rule holds.
 * @throws ERR_INVALID_CONFIG_KEY
 */
export function parseConfigKeyArgument(text: string, project: string, path: boolean): ConfigKey {
  const end = path ? text.search(/[.[]/) : -1
  const head = end > 0 ? text.slice(0, end) : text
  const { namespace, name } = parseStored(head.includes(':') ? head : `${project}:${head}`, text)
  return { namespace, name: name + text.slice(head.length) }
}

/** `<namespace>:<name>`, the spelling of every key that is written. */
export function printConfigKey(key: ConfigKey): string {
  return `${key.namespace}:${key.name}`
}

/** A key for people: keys of the project itself stand without their namespace. */
export function displayConfigKey(key: ConfigKey, project: string): string {
  return key.namespace === project ? key.name : printConfigKey(key)
}

/** The order of listings: by namespace, then by name, each by its UTF-8 bytes. */
export function compareConfigKeys(a: ConfigKey, b: ConfigKey): number {
  return compareUtf8(a.namespace, b.namespace) || compareUtf8(a.name, b.name)
}

function parseStored(text: string, given: string): ConfigKey {
  const first = text.indexOf(':')
  const second = text.indexOf(':', first + 1)
  // A file is UTF-8, which half of a surrogate pair can not be written in.
  if (first >= 0 && given.isWellFormed()) {
    const namespace = text.slice(0, first)
    if (second < 0) return { namespace, name: text.slice(first + 1) }
    const name = text.slice(second + 1)
    if (text.slice(first + 1, second) === LEGACY_MODULE && !name.includes(':')) return { namespace, name }
  }
  throw new StacksealError(
    'ERR_INVALID_CONFIG_KEY',
    `${given} is not a configuration key: its form is <namespace>:<name>`,
    {
      details: { key: given },
    },
  )
}
