export { bytesOfText, textOfBytes } from './values/byte-text.ts'
export type { ConfigKey } from './config/config-key.ts'
export {
  compareConfigKeys,
  displayConfigKey,
  parseConfigKey,
  parseConfigKeyArgument,
  printConfigKey,
} from './config/config-key.ts'
export type { ConfigEntry } from './config/config-map.ts'
export { brokenSecrets, configJson, configValueJson, coverSecrets, valueText } from './config/config-output.ts'
export type { BrokenSecret, Reveal } from './config/config-output.ts'
export type { ConfigObject, ConfigValue } from './values/config-value.ts'
export { SecretText } from './values/config-value.ts'
export { displayConfigPlace, parseConfigPlace } from './config/config-place.ts'
export type { ConfigPlace } from './config/config-place.ts'
export type { NewValue } from './config/new-value.ts'
export { nodeFileSystem } from './files/file-system.ts'
export type { FileSystem } from './files/file-system.ts'
export { isNotedSealedKey } from './noted-keys.ts'
export { findProject, listStacks, stackFilePath, stackName } from './project.ts'
export type { Project } from './project.ts'
export { compareNatural } from './values/natural-order.ts'
export { parsePropertyPath, printPropertyPath } from './config/property-path.ts'
export { openStack, openStackFile } from './stack.ts'
export type { OpenStackOptions, Stack } from './stack.ts'
export { inspectStack, verifyStack } from './stack-check.ts'
export type { InspectReport, VerifyReport } from './stack-check.ts'
export type { KeyOptions, SaveResult, StackConfig } from './stack-config.ts'
export { initStack, newProject } from './stack-init.ts'
export type { InitStackOptions, InitStackResult, NewProjectOptions } from './stack-init.ts'
export { selectedStack, selectStack } from './workspace-file.ts'
