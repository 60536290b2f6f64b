export type { FileKind, FileStatus, FileSystem } from './file-system.ts'
export { nodeFileSystem } from './file-system.ts'
