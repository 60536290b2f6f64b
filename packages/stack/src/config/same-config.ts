import type { DocumentFormat } from '../document/document-format.ts'
import { topLevelText } from '../document/yaml-scalar.ts'
import { type ConfigValue, SecretText } from '../values/config-value.ts'
import type { ConfigMap } from './config-map.ts'
import { isList, isObject } from './value-shape.ts'

/** Whether two configurations mean the same: a typed scalar right under its key is its text, as after loading. */
export function sameConfig(a: ConfigMap, b: ConfigMap, format: DocumentFormat): boolean {
  if (a.size !== b.size) return false
  for (const [key, entry] of a) {
    const other = b.get(key)
    if (
      other === undefined ||
      (other.value !== entry.value && !sameValue(loaded(entry.value, format), loaded(other.value, format)))
    )
      return false
  }
  return true
}

function loaded(value: ConfigValue, { nullValue }: DocumentFormat): ConfigValue {
  if (value === null) return nullValue
  return typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'number'
    ? topLevelText(value)
    : value
}

/** Whether two values are the same, whatever the order of their names. */
export function sameValue(a: ConfigValue | undefined, b: ConfigValue | undefined): boolean {
  if (a === b) return true
  if (a instanceof SecretText || b instanceof SecretText) {
    return a instanceof SecretText && b instanceof SecretText && a.ciphertext === b.ciphertext
  }
  if (a === undefined || b === undefined) return false
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, i) => sameValue(item, b[i]))
  if (isObject(a) && isObject(b)) {
    return a.size === b.size && [...a].every(([name, item]) => b.has(name) && sameValue(item, b.get(name)))
  }
  return false
}
