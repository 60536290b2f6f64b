import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseFileUrl } from '../../src/backend/backend-url.ts'
import { FileBackend } from '../../src/backend/file-backend.ts'
import { type FileSystem, nodeFileSystem } from '../../src/files/file-system.ts'

export const DEV = { project: 'proj', stack: 'dev' } as const

/** Writes files into a folder, with the folders between. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

export interface OpenOptions {
  readonly fs?: FileSystem
  readonly query?: string
  readonly env?: Readonly<Record<string, string>>
  readonly maxBytes?: number
}

export function openBackend(
  folder: string,
  { fs = nodeFileSystem, query = '', env = {}, maxBytes }: OpenOptions = {},
): Promise<FileBackend> {
  return FileBackend.open(fs, parseFileUrl(`file://${folder}${query}`, { cwd: '/' }), { env, maxBytes })
}
