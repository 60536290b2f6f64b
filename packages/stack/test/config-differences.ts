import type { ErrorCode } from '@stackseal/core'
import { parseGoBool, parseGoFloat } from '../src/values/go-number.ts'
import type { Row } from './config-vectors.ts'

/** A way in which the configuration model differs from the reference on purpose. */
export interface Difference {
  readonly what: string
  readonly reference: string
  readonly instead: string
  readonly reason: string
}

/** The same, where a table has rows of it: which rows, and with which code they fail here. */
export interface RowDifference extends Difference {
  readonly table: 'configSet'
  readonly applies: (row: Row) => boolean
  readonly code: ErrorCode
}

const hasType = (row: Row, type: string): boolean => row['kind'] === type
const value = (row: Row): string => row['value'] as string

export const ROW_DIFFERENCES: readonly RowDifference[] = [
  {
    table: 'configSet',
    applies: (row) => hasType(row, 'bool') && parseGoBool(value(row)) === undefined,
    code: 'ERR_INVALID_VALUE',
    what: '--type bool with text that is no boolean, such as yes or nothing',
    reference: 'stores false and exits 0',
    instead: 'ERR_INVALID_VALUE, nothing changed',
    reason: 'a setting is silently turned into its opposite',
  },
  {
    table: 'configSet',
    applies: (row) =>
      hasType(row, 'float') &&
      !Number.isFinite(parseGoFloat(value(row))) &&
      typeof parseGoFloat(value(row)) === 'number',
    code: 'ERR_INVALID_VALUE',
    what: '--type float with Inf or NaN at the top level',
    reference: 'writes .inf or .nan, and can not load the file any more',
    instead: 'ERR_INVALID_VALUE, nothing changed',
    reason: 'the file would be lost to every command',
  },
]

export const DIFFERENCES: readonly Difference[] = [
  ...ROW_DIFFERENCES,
  {
    what: 'the place in the refusal to remove what would leave {secure: text}',
    reference: 'names a wrong path (bar.bar for foo.bar)',
    instead: 'names foo.bar; the same for the refusal to set it, which has no path in the reference',
    reason: 'a wrong path sends people to the wrong place',
  },
  {
    what: 'setting text at secure in a mapping that is {secure: 5}',
    reference: 'writes {secure: text}, which is then a ciphertext that does not open',
    instead: 'ERR_INVALID_VALUE, as for an empty mapping',
    reason: 'the value could never be read again',
  },
  {
    what: 'setting a key << inside a value',
    reference: 'writes it, and can not load the file any more (or merges what stands in it)',
    instead: 'ERR_INVALID_PROPERTY_PATH, in a finished value ERR_INVALID_VALUE',
    reason: 'the file would be lost to the reference',
  },
  {
    what: 'a path whose first step holds a colon, such as ns:["a:b"]',
    reference: 'writes ns:a:b, and can not load the file any more (or, for ns:["config:b"], finds it as ns:b)',
    instead: 'ERR_INVALID_CONFIG_KEY',
    reason: 'the file would be lost to every command',
  },
  {
    what: 'an index far behind the end of a list that is not there yet',
    reference: 'fills the places before it with nulls until memory ends; an index below -1 crashes it',
    instead: 'ERR_INVALID_PROPERTY_PATH above 10,000 empty places and below 0',
    reason: 'a slip of the finger must not end the process',
  },
  {
    what: 'lists and mappings in each other',
    reference: 'up to 10,000 levels',
    instead:
      'up to 500 levels inside a value; then ERR_MALFORMED_FILE when read, ERR_INVALID_VALUE or ERR_INVALID_PROPERTY_PATH when set',
    reason: 'whatever walks a value may recurse',
  },
  {
    what: 'two spellings of one key (a and proj:a, proj:config:a and proj:a)',
    reference: 'takes one of them at random',
    instead: 'ERR_DUPLICATE_KEY naming both lines',
    reason: 'nobody knows which value counts',
  },
  {
    what: 'keys of one mapping that are the same only once they are read (0x1 and 1, an alias and its text)',
    reference: 'takes the last, or one at random',
    instead: 'ERR_DUPLICATE_KEY naming both lines',
    reason: 'nobody knows which value counts',
  },
  {
    what: 'a configuration key that is null',
    reference: 'drops the value without a word, and stops adding the project to the other keys',
    instead: 'ERR_MALFORMED_FILE naming the line',
    reason: 'a value is lost silently',
  },
  {
    what: 'a key with a tag of its own (!x key) in config',
    reference: 'stops adding the project to the keys beside it',
    instead: 'the tag means nothing',
    reason: 'the file can be read',
  },
  {
    what: 'a date in one of the three header fields',
    reference: 'takes it as 2020-01-02T00:00:00Z',
    instead: 'takes it as everywhere else: 2020-01-02 00:00:00 +0000 UTC',
    reason: 'no date is a key URL, a sealed key or a salt; both fail alike',
  },
  {
    what: 'a value that begins with a newline',
    reference: 'loses that newline when it loads the file',
    instead: 'keeps it',
    reason: 'a value must survive being read',
  },
  {
    what: 'half of a surrogate pair in a key, a path or a value that is set',
    reference: 'bytes that are not UTF-8 become U+FFFD',
    instead: 'ERR_INVALID_CONFIG_KEY, ERR_INVALID_PROPERTY_PATH or ERR_INVALID_VALUE',
    reason: 'the value would silently be another',
  },
  {
    what: 'a finished value (the kind object of the tables) of the form {secure: text}',
    reference: 'holds it as a plain mapping until the file is loaded again, and as a secret from then on',
    instead: 'a SecretText from the first; a plain mapping of that form is refused',
    reason: 'one value must not be two things',
  },
  {
    what: 'a listing in which a secret does not open',
    reference: 'prints nothing but the error',
    instead: 'prints the rest; the entry has no value, and "error": CODE in JSON',
    reason: 'one damaged value must not hide the others',
  },
]
