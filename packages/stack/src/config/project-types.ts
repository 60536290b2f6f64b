import { parseGoAtoi } from '../values/go-number.ts'
import { isList, isObject } from './value-shape.ts'
import type { ConfigValue } from '../values/config-value.ts'

/** A type that a project can ask a configuration value to have. */
export type ValueTypeName = 'string' | 'integer' | 'boolean' | 'array' | 'object'

export const VALUE_TYPES: readonly ValueTypeName[] = ['string', 'integer', 'boolean', 'array', 'object']

/** The type of what is in a list. */
export interface ItemsType {
  readonly type: ValueTypeName
  readonly items?: ItemsType
}

/** A type as people read it: `array<array<string>>`. */
export function fullTypeName(type: ValueTypeName, items: ItemsType | undefined): string {
  return items === undefined ? type : `array<${fullTypeName(items.type, items.items)}>`
}

/** Whether a value is of a type. Text passes for an integer or a boolean that it spells; every whole number is an integer. */
export function fitsType(value: ConfigValue, type: ValueTypeName, items: ItemsType | undefined): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'integer':
      if (typeof value === 'string') return typeof parseGoAtoi(value) === 'bigint'
      return typeof value === 'bigint' || Number.isInteger(value)
    case 'boolean':
      return typeof value === 'boolean' || value === 'true' || value === 'false'
    case 'object':
      return isObject(value)
    default:
      return isList(value) && items !== undefined && value.every((item) => fitsType(item, items.type, items.items))
  }
}
