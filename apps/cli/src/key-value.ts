import { usageError } from './usage-error.ts'

/**
 * A key and a value from `key=value`. A key that holds an equals sign stands in quotes: `'"a=b"=value'`.
 * @throws ERR_USAGE; the message never holds the pair
 */
export function parseKeyValue(pair: string): readonly [key: string, value: string] {
  const quote = pair.startsWith('"') || pair.startsWith("'") ? pair.charAt(0) : ''
  const start = quote.length
  const end = pair.indexOf(`${quote}=`, start)
  if (end < 0) throw usageError('config value must be in the form [key]=[value]', 'for example region=eu-west-1')
  return [pair.slice(start, end), pair.slice(end + start + 1)]
}
