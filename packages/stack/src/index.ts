export { bytesOfText, textOfBytes } from './byte-text.ts'
export type { ConfigKey } from './config-key.ts'
export {
  compareConfigKeys,
  displayConfigKey,
  parseConfigKey,
  parseConfigKeyArgument,
  printConfigKey,
} from './config-key.ts'
export type { ConfigEntry } from './config-map.ts'
export { brokenSecrets, configJson, configValueJson, coverSecrets, valueText } from './config-output.ts'
export type { BrokenSecret, Reveal } from './config-output.ts'
export type { ConfigObject, ConfigValue } from './config-value.ts'
export { SecretText } from './config-value.ts'
export { displayConfigPlace, parseConfigPlace } from './config-place.ts'
export type { ConfigPlace } from './config-place.ts'
export type { NewValue } from './new-value.ts'
export { nodeFileSystem } from './file-system.ts'
export type { FileSystem } from './file-system.ts'
export { findProject, listStacks, stackFilePath, stackName } from './project.ts'
export type { Project } from './project.ts'
export { parsePropertyPath, printPropertyPath } from './property-path.ts'
export { openStack, openStackFile } from './stack.ts'
export type { OpenStackOptions, Stack } from './stack.ts'
export { inspectStack, verifyStack } from './stack-check.ts'
export type { InspectReport, VerifyReport } from './stack-check.ts'
export type { KeyOptions, SaveResult, StackConfig } from './stack-config.ts'
export { initStack, newProject } from './stack-init.ts'
export type { InitStackOptions, InitStackResult, NewProjectOptions } from './stack-init.ts'
export { selectedStack, selectStack } from './workspace-file.ts'
