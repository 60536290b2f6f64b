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
export { findProject, listStacks, stackFilePath, stackName } from './project.ts'
export type { Project } from './project.ts'
export { parsePropertyPath, printPropertyPath } from './config/property-path.ts'
export { openStack, openStackFile } from './stack.ts'
export type { OpenStackOptions, Stack } from './stack.ts'
export { inspectStack, verifyStack } from './stack-check.ts'
export type { InspectReport, VerifyReport } from './stack-check.ts'
export type { KeyOptions, SaveResult, StackConfig } from './stack-config.ts'
export { initStack, newProject } from './stack-init.ts'
export type { InitStackOptions, InitStackResult, NewProjectOptions } from './stack-init.ts'
export { checkImport } from './state/import-check.ts'
export type { ImportFinding } from './state/import-check.ts'
export type { StateProvider } from './state/provider-block.ts'
export { openState, sealState } from './state/sealed-state.ts'
export type { SealOptions } from './state/sealed-state.ts'
export { SealedValue, stackOutputs } from './state/stack-outputs.ts'
export { inspectState, verifyStateStream } from './state/state-work.ts'
export type { StateSummary, VerifiedState } from './state/state-work.ts'
export {
  compressionOf,
  compressStateBytes,
  decompressState,
  MAX_STATE_BYTES,
  readStateBytes,
} from './state/state-compression.ts'
export type { StateCompression } from './state/state-compression.ts'
export type { StateFacts, StateKind } from './state/state-container.ts'
export { checkpointBytes, exportState, exportStateBytes } from './state/state-export.ts'
export { StateFile } from './state/state-file.ts'
export type { SlotChange } from './state/state-file.ts'
export { importState } from './state/state-import.ts'
export type { ImportedState, ImportOptions } from './state/state-import.ts'
export { rekeyStateFile, revealState, sealStateSecrets, verifyState } from './state/state-secrets.ts'
export type { BrokenStateSecret } from './state/state-secrets.ts'
export { StateSlot } from './state/state-slot.ts'
export type { SlotMember, SlotResource, SlotTokens } from './state/state-slot.ts'
export { fileSpool } from './state/state-spool.ts'
export type { StateSpool } from './state/state-spool.ts'
export type { StreamOptions } from './state/state-stream.ts'
export { rekeyState, revealStateStream, sealStateStream } from './state/state-work.ts'
export type { RekeyStreamOptions, SealStreamOptions, StateStreamOptions } from './state/state-work.ts'
export { selectedStack, selectStack } from './workspace-file.ts'
