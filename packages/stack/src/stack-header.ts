import { decodeBase64, isStacksealError, parseKeyUrl, type SealedKey, StacksealError } from '@stackseal/core'

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

/** Words that mean a passphrase, or the absence of a choice, where a key URL could stand; the reference writes neither. */
const NO_URL = new Set(['passphrase', 'default', ''])

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

/** The fields that store a sealed key, as the reference writes them. */
export function headerPairs({ url, sealed }: SealedKey): [keyof StackHeader, string][] {
  if (url.scheme === 'passphrase') return [['encryptionsalt', sealed]]
  return [
    ['secretsprovider', url.text],
    ['encryptedkey', sealed],
  ]
}

export function sameHeader(a: StackHeader, b: StackHeader): boolean {
  return HEADER_FIELDS.every((field) => a[field] === b[field])
}

/**
 * What a header stores of the data key; undefined where it says nothing of one. `name` is the file's, for messages. As in
 * the reference, what is damaged is told before anybody asks for the provider of the key URL.
 * @throws ERR_MISSING_SEALED_KEY, ERR_MALFORMED_FILE, ERR_MALFORMED_SEALED_KEY
 */
export function storedKey(header: StackHeader, name: string): SealedKey | undefined {
  const { secretsprovider = '', encryptedkey = '', encryptionsalt = '' } = header
  if (NO_URL.has(secretsprovider)) {
    return encryptionsalt === '' ? undefined : { url: parseKeyUrl('passphrase:'), sealed: encryptionsalt }
  }
  if (encryptedkey === '') throw missingKey('encryptedkey', name)
  checkBase64(encryptedkey, name)
  return { url: keyUrlOf(secretsprovider, name), sealed: encryptedkey }
}

function keyUrlOf(text: string, name: string): SealedKey['url'] {
  try {
    return parseKeyUrl(text)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError('ERR_MALFORMED_FILE', `secretsprovider in ${name} is not a key URL`, {
      hint: error.hint,
      details: { file: name, field: 'secretsprovider' },
    })
  }
}

function checkBase64(encryptedkey: string, name: string): void {
  const result = decodeBase64(encryptedkey)
  if (!('invalidAt' in result)) return
  throw new StacksealError(
    'ERR_MALFORMED_SEALED_KEY',
    `encryptedkey of ${name} is not base64 (at byte ${result.invalidAt})`,
    { hint: 'take the line from an earlier version of the file', details: { file: name, at: result.invalidAt } },
  )
}

/** The error of a file whose secrets need a field that it has not. */
export function missingKey(field: keyof StackHeader, name: string): StacksealError {
  return new StacksealError(
    'ERR_MISSING_SEALED_KEY',
    `${name} has no ${field}, without which its secrets can not be opened`,
    {
      hint: `take the line "${field}: …" from an earlier version of the file, or from the stack's state; a new key would make the secrets unreadable`,
      details: { file: name, field },
    },
  )
}
