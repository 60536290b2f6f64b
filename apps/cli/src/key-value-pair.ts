import { usageError } from './usage-error.ts'

/**
 * A key and a value from `key=value`. A key that holds an equals sign stands in quotes: `'"a=b"=value'`.
 * @throws ERR_USAGE; the message never holds the pair
 */
export function parseKeyValuePair(pair: string, flag: string): readonly [key: string, value: string] {
  const quote = pair.startsWith('"') || pair.startsWith("'") ? pair.charAt(0) : ''
  const start = quote.length
  const end = pair.indexOf(`${quote}=`, start)
  if (end < 0) throw usageError(`a value of ${flag} is not KEY=VALUE`, `for example ${flag} region=eu-west-1`)
  return [pair.slice(start, end), pair.slice(end + start + 1)]
}
