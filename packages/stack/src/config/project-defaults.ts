import { type Decrypted, isStacksealError, StacksealError } from '@stackseal/core'

import { type ConfigMap, getValue, setValue } from './config-map.ts'
import { valueText } from './config-output.ts'
import type { ProjectConfig, ProjectConfigEntry } from './project-config.ts'
import { fitsType, fullTypeName } from './project-types.ts'
import { hasSecret, isList, isObject, mapSecrets } from './value-shape.ts'
import type { ConfigValue, SecretText } from '../values/config-value.ts'

/**
 * A stack's configuration with what its project gives for places where the stack has nothing. It is for reading: none
 * of it belongs into the stack file. docs/format.md, "Project configuration".
 * @throws ERR_INVALID_PROPERTY_PATH where a place of the project does not fit the stack's values
 */
export function withProjectConfig(config: ConfigMap, project: ProjectConfig): ConfigMap {
  let merged = config
  for (const { key, place, value } of project) {
    if (value === undefined || getValue(merged, place.key, place.path) !== undefined) continue
    try {
      merged = setValue(merged, place.key, place.path, typeof value === 'string' ? { text: value } : value)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      throw new StacksealError(
        error.code,
        `what the project gives for ${key} does not fit the stack: ${error.message}`,
        {
          hint: 'change it in the project file, or what stands in its way in the stack file',
          details: { ...error.details, key },
        },
      )
    }
  }
  return merged
}

/** What a check of a configuration needs to know of its stack. */
export interface CheckedStack {
  readonly name: string
  readonly projectName: string
}

/**
 * Checks a merged configuration against what its project declares, as the reference does before an update: keys of the
 * project that have no value at all, then for each key with a type whether it is encrypted where it has to be, and of
 * that type.
 * @throws ERR_CONFIG_KEY_NOT_FOUND or ERR_CHECK_FAILED, with the reference's words
 */
export function checkProjectConfig(
  merged: ConfigMap,
  project: ProjectConfig,
  stack: CheckedStack,
  reveal: (secret: SecretText) => Decrypted,
): void {
  const missing = project.filter(
    ({ place, value }) =>
      value === undefined &&
      place.key.namespace === stack.projectName &&
      getValue(merged, place.key, place.path) === undefined,
  )
  if (missing.length > 0) throw missingValues(missing, stack)
  for (const entry of project) checkEntry(merged, entry, stack, reveal)
}

function checkEntry(
  merged: ConfigMap,
  { key, place, type, items, secret }: ProjectConfigEntry,
  stack: CheckedStack,
  reveal: (secret: SecretText) => Decrypted,
): void {
  const value = getValue(merged, place.key, place.path)
  if (type === undefined || value === undefined) return
  const failed = (words: string): StacksealError =>
    new StacksealError('ERR_CHECK_FAILED', `Stack '${stack.name}' with configuration key '${key}' ${words}`, {
      details: { stack: stack.name, key },
    })
  if (secret && !hasSecret(value)) throw failed("must be encrypted as it's secret")
  const revealed = mapSecrets(value, (it) => {
    const opened = reveal(it)
    if ('error' in opened) throw opened.error
    return opened.plaintext
  })
  const content = place.path.length > 0 ? asRead(revealed) : revealed
  if (!fitsType(content, type, items)) throw failed(`must be of type '${fullTypeName(type, items)}'`)
}

/** What lies inside a value is read as text, unless it is a list, a mapping or nothing. */
function asRead(value: ConfigValue): ConfigValue {
  return value === null || isList(value) || isObject(value) ? value : valueText(value, () => undefined)
}

function missingValues(missing: ProjectConfig, stack: CheckedStack): StacksealError {
  const names = missing.map(({ key }) => `'${key}'`)
  const [last] = names.slice(-1)
  const list = names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
  const values = names.length === 1 ? 'value' : 'values'
  return new StacksealError(
    'ERR_CONFIG_KEY_NOT_FOUND',
    `Stack '${stack.name}' is missing configuration ${values} ${list}`,
    {
      hint: `set ${names.length === 1 ? 'it' : 'each'} with "stackseal config set"`,
      details: { stack: stack.name, key: missing[0]?.key ?? '' },
    },
  )
}
