import { type DocumentFormat, yamlFormat } from './document/document-format.ts'
import type { DocumentNode } from './document/document-node.ts'
import { formatGoFloatYaml } from './values/go-number.ts'
import { readTopLevel } from './config/config-reader.ts'
import { TreeReader } from './config/tree-reader.ts'

/** The three fields of a stack file that say how its secrets are opened. A field that is absent, null or empty is undefined. */
export interface StackHeader {
  readonly secretsprovider?: string
  readonly encryptedkey?: string
  readonly encryptionsalt?: string
}

export const HEADER_FIELDS = ['secretsprovider', 'encryptedkey', 'encryptionsalt'] as const

/**
 * Reads the header out of a stack file's tree. In YAML numbers and booleans count as the text that Pulumi would write
 * for them; in JSON they are refused.
 * @throws ERR_MALFORMED_FILE for what is no text in one of the three, ERR_DUPLICATE_KEY
 */
export function readHeader(
  root: DocumentNode | undefined,
  text: string,
  format: DocumentFormat = yamlFormat,
): StackHeader {
  const reader = new TreeReader(text, format)
  const header: { -readonly [field in keyof StackHeader]: StackHeader[field] } = {}
  for (const { key, value } of readTopLevel(root, reader, format)) {
    const field = HEADER_FIELDS.find((name) => name === key)
    if (field === undefined) continue
    const scalar = reader.follow(value, (content) => {
      if (content.kind === 'scalar') return reader.resolve(content)
      throw reader.malformed(
        value,
        `${field} has to be text, and is a ${content.kind === 'mapping' ? 'mapping' : 'list'}`,
      )
    })
    if (format.name === 'JSON' && scalar !== null && typeof scalar !== 'string')
      throw reader.malformed(value, `${field} has to be text`)
    if (scalar !== null && scalar !== '')
      header[field] = typeof scalar === 'number' ? formatGoFloatYaml(scalar) : String(scalar)
  }
  return header
}
