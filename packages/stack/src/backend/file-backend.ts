import { StacksealError } from '@stackseal/core'
import { basename, join } from 'node:path'

import type { FileSystem } from '../files/file-system.ts'
import { errnoOf, ioError } from '../files/io-error.ts'
import { makeFolder } from '../files/make-folder.ts'
import { readBytes } from '../files/read-file.ts'
import { type FilePieces, readPieces } from '../files/read-pieces.ts'
import { replaceFile } from '../files/replace-file.ts'
import { resolveStackFile } from '../stack-link.ts'
import {
  type BackendLayout,
  BOOKKEEPING,
  META_TEXT,
  readLayout,
  type StackPaths,
  stackPaths,
} from './backend-layout.ts'
import { type BackendSettings, backendSettings } from './backend-settings.ts'
import type { BackendFolder } from './backend-url.ts'
import { checkpointFile, checkpointFiles, checkpointName } from './checkpoint-names.ts'
import { type Compression, compressionOf, decompress } from '../files/compression.ts'
import { namesIn } from './names-in.ts'
import { writeSidecar } from './sidecar.ts'
import { type StateArchive, stateArchives } from './state-archives.ts'

/** A state file is held in memory as a whole, packed and unpacked. One that is larger than this is not one. */
export const MAX_STATE_BYTES: number = 4 * 1024 * 1024 * 1024

/** Names one stack of a backend: the project's name and the stack's bare name. */
export interface StackReference {
  readonly project: string
  readonly stack: string
}

/** A state file as it was read. */
export interface StoredCheckpoint {
  /** The file as the backend names it, absolute. */
  readonly file: string
  /** The file behind any link: what is read and replaced. */
  readonly target: string
  /** The file byte for byte: what a writer compares it with. */
  readonly raw: Uint8Array
  readonly compression: Compression
  /** The document, unpacked. */
  readonly bytes: Uint8Array
}

export interface OpenBackendOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The most that is read of a state, in bytes; 4 GiB if not given. */
  readonly maxBytes?: number | undefined
}

/** A folder of stacks, as Pulumi keeps one behind a `file://` URL. Opening and reading write nothing. */
export class FileBackend {
  /** The real path of the backend's folder. */
  readonly folder: string
  readonly layout: BackendLayout
  readonly settings: BackendSettings
  readonly fs: FileSystem
  readonly env: OpenBackendOptions['env']
  readonly #options: BackendFolder
  readonly #maxBytes: number

  private constructor(
    fs: FileSystem,
    options: BackendFolder,
    opened: { readonly folder: string; readonly layout: BackendLayout; readonly settings: BackendSettings },
    { env, maxBytes }: OpenBackendOptions,
  ) {
    this.fs = fs
    this.env = env
    this.folder = opened.folder
    this.layout = opened.layout
    this.settings = opened.settings
    this.#options = options
    this.#maxBytes = maxBytes ?? MAX_STATE_BYTES
  }

  /**
   * Opens a backend that {@link parseFileUrl} found.
   * @throws ERR_FILE_NOT_FOUND where the folder is missing and the URL does not ask to make it
   * @throws ERR_BACKEND_LAYOUT, ERR_MALFORMED_FILE, ERR_USAGE, ERR_IO
   */
  static async open(fs: FileSystem, options: BackendFolder, environment: OpenBackendOptions): Promise<FileBackend> {
    const settings = backendSettings(environment.env)
    const folder = realFolder(fs, options)
    const layout = await readLayout(fs, folder, settings)
    return new FileBackend(fs, options, { folder, layout, settings }, environment)
  }

  /** Whether the reference keeps a `.attrs` file beside each file here. */
  get sidecars(): boolean {
    return this.#options.sidecars
  }

  /**
   * Where the files of a stack lie, absolute, links not followed.
   * @throws ERR_INVALID_NAME
   */
  paths({ project, stack }: StackReference): StackPaths {
    const paths = stackPaths(this.layout.version, project, stack)
    const below = (path: string): string => join(this.folder, BOOKKEEPING, path)
    return {
      qualifiedName: paths.qualifiedName,
      stacks: below(paths.stacks),
      locks: below(paths.locks),
      history: below(paths.history),
      backups: below(paths.backups),
    }
  }

  /** The names of a project's stacks that have a state, sorted; in the old layout, which knows no projects, all names. */
  stacks(project: string): string[] {
    const { stacks } = this.paths({ project, stack: 'any' })
    const names = namesIn(this.fs, this.resolve(stacks)).flatMap(({ name, kind }) => {
      const stack = kind === 'folder' ? undefined : checkpointName(name)
      return stack === undefined ? [] : [stack]
    })
    return [...new Set(names)].toSorted()
  }

  /**
   * The state file of a stack, whatever it is packed with: of several the one that was written last, as in the reference.
   * Undefined where there is none.
   */
  find(reference: StackReference): string | undefined {
    const { stacks } = this.paths(reference)
    let found: { readonly path: string; readonly modified: bigint } | undefined
    for (const name of checkpointFiles(reference.stack)) {
      const path = join(stacks, name)
      const modified = this.#modified(path)
      if (modified !== undefined && (found === undefined || modified >= found.modified)) found = { path, modified }
    }
    return found?.path
  }

  #modified(path: string): bigint | undefined {
    try {
      return this.fs.lstat(path).kind === 'folder' ? undefined : this.fs.modifiedNs(path)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw ioError(error, path, 'could not be found')
    }
  }

  /**
   * Reads a stack's state; undefined where it has none.
   * @throws ERR_FILE_TOO_LARGE, ERR_MALFORMED_FILE, ERR_LINK_NOT_FOLLOWED, ERR_IO
   */
  read(reference: StackReference): StoredCheckpoint | undefined {
    const file = this.find(reference)
    return file === undefined ? undefined : this.readFile(file)
  }

  /** Reads and unpacks any file of the backend, a state or an archive; undefined where it is gone. */
  readFile(file: string): StoredCheckpoint | undefined {
    const target = this.resolve(file)
    const raw = readBytes(this.fs, target, this.#maxBytes)
    if (raw === undefined) return undefined
    const bytes = decompress(raw, basename(file), this.#maxBytes)
    return { file, target, raw, compression: compressionOf(raw), bytes }
  }

  /**
   * The state of a stack as it lies there, packed as it is, piece by piece, for a reader that does not hold it whole;
   * undefined where it has none.
   * @throws ERR_LINK_NOT_FOLLOWED, ERR_IO; ERR_CHANGED_MEANWHILE if the file is written to while it is read
   */
  readPieces(reference: StackReference): FilePieces | undefined {
    const file = this.find(reference)
    return file === undefined ? undefined : readPieces(this.fs, this.resolve(file))
  }

  /** Every file that keeps an earlier state or configuration of a stack, and with it earlier ciphertexts. */
  archives(reference: StackReference): readonly StateArchive[] {
    return stateArchives(this.fs, this.paths(reference), reference.stack, (path) => this.resolve(path))
  }

  /** The name that a new state file of a stack gets. */
  newFile(reference: StackReference): string {
    return join(this.paths(reference).stacks, checkpointFile(reference.stack, this.settings.compression))
  }

  /** Makes a folder of the backend, and notes the layout where nobody has yet. */
  prepareFolder(folder: string): void {
    const { layout } = this
    const bookkeeping = join(this.folder, BOOKKEEPING)
    makeFolder(this.fs, bookkeeping, this.#options.folderMode)
    if (layout.version === 1 && !layout.noted) this.#noteLayout(join(bookkeeping, 'meta.yaml'))
    makeFolder(this.fs, this.resolve(folder), this.#options.folderMode)
  }

  #noteLayout(file: string): void {
    const text = new TextEncoder().encode(META_TEXT)
    if (readBytes(this.fs, file, text.length * 1024) !== undefined) return
    writeSidecar(this.fs, file, text, this.sidecars)
    replaceFile(this.fs, file, text, undefined)
  }

  /**
   * The real path of what lies in the backend; links are followed inside it.
   * @throws ERR_LINK_NOT_FOLLOWED
   */
  resolve(path: string): string {
    return resolveStackFile(this.fs, path, { projectFolder: this.folder, owner: 'backend' })
  }
}

function realFolder(fs: FileSystem, { folder, create, folderMode }: BackendFolder): string {
  try {
    const real = fs.realpath(folder)
    if (fs.stat(real).kind === 'folder') return real
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw ioError(error, folder, 'could not be opened')
    if (!create) {
      throw new StacksealError('ERR_FILE_NOT_FOUND', `the folder of the backend, ${folder}, is not there`, {
        hint: 'make it, or check PULUMI_BACKEND_URL, backend.url in Pulumi.yaml, and "pulumi whoami -v"',
        details: { file: folder },
      })
    }
    makeFolder(fs, folder, folderMode)
    return fs.realpath(folder)
  }
  throw new StacksealError('ERR_FILE_NOT_FOUND', `${folder} can not be a backend: it is not a folder`, {
    details: { file: folder },
  })
}
