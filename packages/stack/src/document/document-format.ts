import { extname } from 'node:path'

import type { ConfigValue } from '../values/config-value.ts'
import { removeAt, setAt } from './document-edit.ts'
import type { ParsedDocument } from './document-node.ts'
import type { DocumentPath } from './document-path.ts'
import type { EditStyle } from './document-splice.ts'
import { findDocument } from './find-document.ts'
import { removeJsonAt, renderJsonDocument, setJsonAt } from './json-edit.ts'
import { findJson } from './json-finder.ts'
import { renderDocument } from './yaml-emit.ts'

/** How a stack or project file is written: what readers and the splicer need to know of it. */
export interface DocumentFormat {
  readonly name: 'YAML' | 'JSON'
  /**
   * Finds the tree of the file's first document.
   * @throws ERR_MALFORMED_FILE with details `line` and `column`, both from 1
   */
  find(text: string): Promise<ParsedDocument>
  /** Puts a value at a place and gives the new text; every byte outside that place stays. */
  setAt(text: string, document: ParsedDocument, path: DocumentPath, value: ConfigValue, style: EditStyle): string
  /** Takes out the value at a place. */
  removeAt(text: string, document: ParsedDocument, path: DocumentPath, style: EditStyle): string
  /** The text of a new file with these fields. */
  render(pairs: readonly (readonly [string, ConfigValue])[]): string
  /** The name that a key of the top level counts as. */
  fieldName(key: string): string
  /** Whether the key `<<` merges a mapping into another. */
  readonly merges: boolean
  /** What a configuration key whose value is null holds. */
  readonly nullValue: '' | null
  /** Whether every number is a float64, so that integers beyond 2^53 lose digits. */
  readonly floatsOnly: boolean
}

export const yamlFormat: DocumentFormat = {
  name: 'YAML',
  find: findDocument,
  setAt,
  removeAt,
  render: renderDocument,
  fieldName: (key) => key,
  merges: true,
  nullValue: '',
  floatsOnly: false,
}

export const jsonFormat: DocumentFormat = {
  name: 'JSON',
  find: async (text) => findJson(text),
  setAt: setJsonAt,
  removeAt: removeJsonAt,
  render: renderJsonDocument,
  fieldName: foldedField,
  merges: false,
  nullValue: null,
  floatsOnly: true,
}

/** The format of a file by its ending: JSON for `.json`, else YAML. */
export function formatOf(file: string): DocumentFormat {
  return extname(file) === '.json' ? jsonFormat : yamlFormat
}

const JSON_FIELDS = new Set(['secretsprovider', 'encryptedkey', 'encryptionsalt', 'config', 'environment'])

/** Go's `encoding/json` finds a field whatever the case of its name; for it U+017F is an s, and U+212A a k. */
function foldedField(key: string): string {
  const folded = key.replaceAll('\u017f', 's').toLowerCase()
  return JSON_FIELDS.has(folded) ? folded : key
}
