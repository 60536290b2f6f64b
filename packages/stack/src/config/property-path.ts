import { StacksealError } from '@stackseal/core'
import { parseGoInt } from '../values/go-number.ts'

/** One step into a value: the key of a mapping, or the index of a list (64 signed bits; no list has a negative one). */
export type PathSegment = string | bigint

/** What the reference prints with a dot; every other key stands in brackets and quotes. */
const PLAIN = /^[A-Za-z0-9_]*$/

/**
 * Parses a property path such as `servers[0].name` or `labels["a.b"]`. docs/format.md, "Property paths".
 *
 * A name is any run of characters up to the next `.` or `[`; several dots count as one; `[*]` is the key `*`; in
 * quotes only `\"` is an escape. The grammar's own characters are ASCII, so UTF-16 and UTF-8 cut at the same places.
 * @throws ERR_INVALID_PROPERTY_PATH
 */
export function parsePropertyPath(text: string): readonly PathSegment[] {
  if (!text.isWellFormed()) throw invalidPath(text, 0, 'it holds half of a surrogate pair')
  if (text.startsWith('.')) throw invalidPath(text, 0, 'it begins with a dot instead of a name or an index')
  const segments: PathSegment[] = []
  let at = 0
  while (at < text.length) {
    if (text[at] === '.') {
      at++
      if (at === text.length) throw invalidPath(text, at, 'it ends with a dot instead of a name or an index')
      if (text[at] === '[') throw invalidPath(text, at, 'a dot stands before a bracket; leave the dot out')
    } else if (text[at] !== '[') {
      const end = nameEnd(text, at)
      segments.push(text.slice(at, end))
      at = end
    } else if (text[at + 1] === '"') {
      const [name, end] = quotedName(text, at + 2)
      segments.push(name)
      at = end
    } else {
      const end = text.indexOf(']', at)
      if (end < 0) throw invalidPath(text, at, 'the closing bracket of an index is missing')
      segments.push(index(text, at + 1, end))
      at = end + 1
    }
  }
  return segments
}

/**
 * Parses the name of a configuration key as a path: its first step names the configuration value, the others lead into it.
 * @throws ERR_INVALID_PROPERTY_PATH
 */
export function parseConfigPath(name: string): readonly [string, ...PathSegment[]] {
  const [first, ...rest] = parsePropertyPath(name)
  if (first === undefined) throw invalidPath(name, 0, 'it is empty')
  if (typeof first === 'bigint') throw invalidPath(name, 0, 'it begins with an index instead of the name of a key')
  if (first === '') throw invalidPath(name, 0, 'the name of the key is empty')
  return [first, ...rest]
}

/** Prints a path as the reference does. A key that is empty, or ends with a backslash, has no spelling that parses. */
export function printPropertyPath(path: readonly PathSegment[]): string {
  let text = ''
  for (const [position, segment] of path.entries()) {
    if (typeof segment === 'bigint') text += `[${segment}]`
    else if (!PLAIN.test(segment)) text += `["${segment.replaceAll('"', '\\"')}"]`
    else text += position === 0 ? segment : `.${segment}`
  }
  return text
}

function nameEnd(text: string, start: number): number {
  let end = start
  while (end < text.length && text[end] !== '.' && text[end] !== '[') end++
  return end
}

/** The name between quotes, and the place after the bracket that closes it. */
function quotedName(text: string, start: number): readonly [string, number] {
  let end = text.indexOf('"', start)
  while (end > start && text[end - 1] === '\\') end = text.indexOf('"', end + 1)
  if (end < 0) throw invalidPath(text, start - 1, 'the closing quote of a name is missing')
  if (text[end + 1] !== ']') throw invalidPath(text, end + 1, 'the closing bracket after a quoted name is missing')
  return [text.slice(start, end).replaceAll('\\"', '"'), end + 2]
}

function index(text: string, start: number, end: number): PathSegment {
  const digits = text.slice(start, end)
  if (digits === '*') return digits
  const value = parseGoInt(digits)
  if (value === 'syntax') throw invalidPath(text, start, 'an index is not a whole number in decimal digits')
  if (value === 'range') throw invalidPath(text, start, 'an index does not fit 64 bits')
  return value
}

function invalidPath(text: string, at: number, reason: string): StacksealError {
  return new StacksealError(
    'ERR_INVALID_PROPERTY_PATH',
    `${text === '' ? 'the empty text' : text} is not a property path: ${reason}`,
    {
      details: { path: text, at },
    },
  )
}
