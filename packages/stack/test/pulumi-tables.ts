import { readFileSync } from 'node:fs'
import type { ConfigValue } from '../src/values/config-value.ts'
import { SecretText } from '../src/values/config-value.ts'
import { normalizeNumber, parseGoBool, parseGoFloat, parseGoInt } from '../src/values/go-number.ts'

const vectors = new URL('../../../vectors/pulumi/', import.meta.url)

export function readVector(path: string): string {
  return readFileSync(new URL(path, vectors), 'utf8')
}

export interface YamlScalarRow {
  readonly value: string
  readonly yaml: string
  readonly nestedYaml: string
  readonly asKeyYaml: string
  readonly nestedJson: string
}

export interface SetCall {
  readonly key: string
  readonly value: string
  readonly kind: 'plain' | 'secure' | 'object' | 'string' | 'int' | 'bool' | 'float'
  readonly path: boolean
}

export interface StackFileRow {
  readonly name: string
  readonly ext: string
  readonly raw: string | null
  readonly sets: readonly SetCall[]
  readonly setSecretsprovider?: string
  readonly setEncryptedkey?: string
  readonly setEncryptionsalt?: string
  readonly expect_saved?: string
  readonly expect_loadedConfigJson?: string
}

export interface ConfigCallRow extends SetCall {
  readonly config: string
  readonly error?: string
  readonly expect_json?: string
  readonly expect_yaml?: string
  readonly expect_jsonError?: string
  readonly expect_values?: Readonly<Record<string, ConfigText>>
}

export interface ConfigText {
  readonly object: boolean
  readonly raw: string
  readonly redacted: string
}

export interface ConfigGetRow extends ConfigText {
  readonly config: string
  readonly key: string
  readonly path: boolean
  readonly found: boolean
}

export interface ConfigReprCase {
  readonly id: number
  readonly json: string
  readonly decryptWithNop: Readonly<Record<string, string>>
}

interface Tables {
  readonly yamlScalars: readonly YamlScalarRow[]
  readonly stackFiles: readonly StackFileRow[]
  readonly configSet: readonly ConfigCallRow[]
  readonly configRemove: readonly ConfigCallRow[]
  readonly configGet: readonly ConfigGetRow[]
  readonly configRepr: { readonly cases: readonly ConfigReprCase[] }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the tables' shape is fixed by vectors/README.md
export const tables = JSON.parse(readVector('tables.json')) as Tables

/** The value that JSON text stands for in a configuration: big integers kept, `{"secure": "…"}` a secret. */
export function configValue(json: string): ConfigValue {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript's library lacks the third argument; `revive` makes nothing else
  return JSON.parse(json, revive as (key: string, value: unknown) => unknown) as ConfigValue
}

function revive(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value === 'number') {
    const source = context.source ?? ''
    return normalizeNumber(/^-?\d+$/.test(source) ? BigInt(source) : value)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof SecretText) return value
  const members = Object.entries(value)
  const [only] = members
  if (members.length === 1 && only?.[0] === 'secure' && typeof only[1] === 'string') return new SecretText(only[1])
  return new Map(members)
}

/** The pairs of a JSON object that is a whole configuration. */
export function configPairs(json: string): [string, ConfigValue][] {
  const value = configValue(json)
  return value instanceof Map ? [...value] : []
}

/** What `config set` stores for a value that is not reached by a path. */
export function setValue({ kind, value }: SetCall): ConfigValue {
  switch (kind) {
    case 'secure':
      return new SecretText(value)
    case 'object':
      return configValue(value)
    case 'int':
      return numberOf(parseGoInt(value))
    case 'float':
      return numberOf(parseGoFloat(value))
    case 'bool':
      return parseGoBool(value) ?? false
    default:
      return value
  }
}

function numberOf(parsed: bigint | number | 'syntax' | 'range'): bigint | number {
  if (typeof parsed === 'string') throw new Error(`the row's value is no number: ${parsed}`)
  return normalizeNumber(parsed)
}
