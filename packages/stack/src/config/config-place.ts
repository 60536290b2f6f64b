import { type ConfigKey, displayConfigKey, parseConfigKeyArgument } from './config-key.ts'
import { parseConfigPath, type PathSegment, printPropertyPath } from './property-path.ts'

/** Where a value stands in a configuration: a key, and the path inside its value (empty for the value itself). */
export interface ConfigPlace {
  readonly key: ConfigKey
  readonly path: readonly PathSegment[]
}

/**
 * Parses what a person or a program names a value by: `name`, `namespace:name`, and where `path` is set a property path
 * that begins with it (`servers[0].host`).
 * @throws ERR_INVALID_CONFIG_KEY, ERR_INVALID_PROPERTY_PATH
 */
export function parseConfigPlace(text: string, project: string, path: boolean): ConfigPlace {
  const { namespace, name } = parseConfigKeyArgument(text, project, path)
  if (!path) return { key: { namespace, name }, path: [] }
  const [first, ...rest] = parseConfigPath(name)
  return { key: { namespace, name: first }, path: rest }
}

/** A place as a person would name it: `db.password`, `ns:list[0]`; keys of the project stand without their namespace. */
export function displayConfigPlace({ key, path }: ConfigPlace, project: string): string {
  const name = displayConfigKey(key, project)
  const inner = printPropertyPath(path)
  return inner === '' || inner.startsWith('[') ? name + inner : `${name}.${inner}`
}
