import { readFileSync } from 'node:fs'
import { parseConfigKey, printConfigKey } from '../src/config/config-key.ts'
import type { ConfigEntry, ConfigMap } from '../src/config/config-map.ts'
import { type ConfigValue, SecretText } from '../src/values/config-value.ts'
import { goJson } from '../src/values/go-json.ts'
import { normalizeNumber } from '../src/values/go-number.ts'
import { isSecretShape, SECRET_KEY } from '../src/config/value-shape.ts'

const TABLES = new URL('../../../vectors/pulumi/tables.json', import.meta.url)

/** A row of a table. Integers above 2^53 are bigint, every other number is what JSON.parse makes of it. */
export type Row = Readonly<Record<string, unknown>>

type Reviver = (key: string, value: unknown, context: { readonly source: string }) => unknown
const parseJson = JSON.parse as (text: string, reviver: Reviver) => unknown

const tables = parseJson(readFileSync(TABLES, 'utf8'), (_, value, { source }) =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(source) : value,
) as Record<string, unknown>

/** The rows of one table of vectors/pulumi/tables.json. */
export function rows(table: string): readonly Row[] {
  const found = tables[table]
  if (!Array.isArray(found)) throw new Error(`no table ${table}`)
  return found as readonly Row[]
}

/** What the table `configRepr` holds beside its notes. */
export function reprCases(): readonly Row[] {
  return (tables['configRepr'] as { readonly cases: readonly Row[] }).cases
}

/** A field of a row that has to be text. */
export function text(row: Row, field: string): string {
  const value = row[field]
  if (typeof value !== 'string') throw new Error(`${field} is not text in ${JSON.stringify(row)}`)
  return value
}

/** A JSON text as a configuration value, with numbers by the reference's rule: an integer if it fits, else a float64. */
export function valueFromJson(json: string): ConfigValue {
  return fromParsed(
    parseJson(json, (_, value, { source }) => {
      if (typeof value !== 'number') return value
      return normalizeNumber(/^-?\d+$/.test(source) ? BigInt(source) : value)
    }),
  )
}

/** The JSON form of a configuration, with its keys as they stand and scalars at the top level as text. */
export function configFromJson(json: string): ConfigMap {
  if (json === '') return new Map()
  const config = new Map<string, ConfigEntry>()
  for (const [spelling, value] of valueFromJson(json) as ReadonlyMap<string, ConfigValue>) {
    const key = parseConfigKey(spelling)
    const isScalar = typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint'
    config.set(printConfigKey(key), { key, value: isScalar ? valueAsJson(value) : value, spelling })
  }
  return config
}

/** The JSON form of a value, compact, with secrets as they stand in a file. */
export function valueAsJson(value: ConfigValue): string {
  return goJson(value, { secrets: (secret) => secret })
}

/** The JSON form of a configuration. */
export function configAsJson(config: ConfigMap): string {
  return valueAsJson(new Map(Array.from(config.values(), ({ key, value }) => [printConfigKey(key), value])))
}

function fromParsed(value: unknown): ConfigValue {
  if (Array.isArray(value)) return value.map(fromParsed)
  if (typeof value !== 'object' || value === null) return value as ConfigValue
  const object = new Map(Object.entries(value).map(([key, item]) => [key, fromParsed(item)]))
  return isSecretShape(object) ? new SecretText(object.get(SECRET_KEY) as string) : object
}
