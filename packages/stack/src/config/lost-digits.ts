import { StacksealError } from '@stackseal/core'

import type { ConfigValue } from '../values/config-value.ts'
import { normalizeNumber } from '../values/go-number.ts'
import { isList, isObject } from './value-shape.ts'

/**
 * Refuses an integer that a JSON file can not hold: the reference would write it, and read another one.
 * @throws ERR_INVALID_VALUE naming the file
 */
export function refuseLostDigits(value: ConfigValue, name: string): void {
  if (isList(value)) for (const item of value) refuseLostDigits(item, name)
  else if (isObject(value)) for (const item of value.values()) refuseLostDigits(item, name)
  else if (typeof value === 'bigint' && normalizeNumber(Number(value)) !== value) {
    throw new StacksealError('ERR_INVALID_VALUE', `${name} can not hold the number: JSON keeps 53 bits of an integer`, {
      hint: 'store it as text with --type string',
      details: { file: name },
    })
  }
}
