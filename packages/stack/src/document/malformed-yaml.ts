import { StacksealError } from '@stackseal/core'

/**
 * The error for a file that is not YAML as the reference reads it. It says where and what, and never shows the text of
 * the file: a secret may stand there.
 */
export function malformedYaml(text: string, at: number, what: string): StacksealError {
  const lineEnd = /\r\n|[\n\r\u0085\u2028\u2029]/g
  let line = 1
  let lineStart = 0
  for (let found = lineEnd.exec(text); found !== null && lineEnd.lastIndex <= at; found = lineEnd.exec(text)) {
    line++
    lineStart = lineEnd.lastIndex
  }
  return new StacksealError('ERR_MALFORMED_FILE', `line ${line} is not valid YAML: ${what}`, {
    details: { line, column: at - lineStart + 1 },
  })
}
