import { isStacksealError, StacksealError } from '@stackseal/core'
import { join } from 'node:path'

import type { FileSystem } from './files/file-system.ts'
import { sha256Hex } from './files/hash.ts'
import { errnoOf, ioError } from './files/io-error.ts'
import { makeFolder } from './files/make-folder.ts'
import { readTextFile } from './files/read-file.ts'
import { type NextContent, replaceFile } from './files/replace-file.ts'
import type { Environment } from './environment.ts'

/** What a note says, for people; what it is about is its name. */
export type NoteFields = Readonly<Record<string, string>>

/** What notes there are: keys that were made here, keys and provider modules that somebody trusts. */
export type NoteKind = 'sealed-keys' | 'trusted-keys' | 'trusted-modules'

const NOTE_MODE = 0o600
const LARGEST_NOTE_BYTES = 1024 * 1024

/**
 * Notes in the user's own state folder, where a checkout can not bring forged ones: one file a note, named by a hash of
 * what it is about. Folders are made 0700 and files 0600.
 */
export class StateNotes {
  readonly #fs: FileSystem
  /** Undefined where there is no home: nothing can be noted, and nothing is. */
  readonly #folder: string | undefined

  constructor(fs: FileSystem, env: Environment, kind: NoteKind) {
    const folder = stateFolder(env)
    this.#fs = fs
    this.#folder = folder === undefined ? undefined : join(folder, kind)
  }

  /** Whether there is a place to keep notes in. */
  get canKeep(): boolean {
    return this.#folder !== undefined
  }

  /** Writes a note, in place of the one about the same. */
  write(about: readonly string[], fields: NoteFields): void {
    try {
      const { path, bytes, before } = this.next(about, fields)
      replaceFile(this.#fs, path, bytes, before, NOTE_MODE)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      throw error.with({ hint: 'name a folder that can be written with STACKSEAL_STATE_DIR' })
    }
  }

  /** What {@link write} writes, for whoever replaces it together with other files. Its folder is made. */
  next(about: readonly string[], fields: NoteFields): NextContent & { readonly newFileMode: number } {
    const folder = this.#folder
    if (folder === undefined) {
      throw new StacksealError(
        'ERR_IO',
        'there is no folder to keep notes in: neither HOME nor XDG_STATE_HOME is set',
        {
          hint: 'name one with STACKSEAL_STATE_DIR',
        },
      )
    }
    makeFolder(this.#fs, folder, 0o700)
    const path = join(folder, nameOf(about))
    return {
      path,
      bytes: new TextEncoder().encode(`${JSON.stringify(fields)}\n`),
      before: readTextFile(this.#fs, path, LARGEST_NOTE_BYTES)?.bytes,
      newFileMode: NOTE_MODE,
    }
  }

  /** What the note about something says; undefined where there is none. */
  read(about: readonly string[]): NoteFields | undefined {
    return this.#folder === undefined ? undefined : this.#readFile(join(this.#folder, nameOf(about)))
  }

  /** Every note, sorted by what it says. */
  all(): readonly NoteFields[] {
    return this.#files()
      .map((file) => this.#readFile(file))
      .filter((fields) => fields !== undefined)
      .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }

  /** Takes out every note that says so; gives how many there were. */
  remove(which: (fields: NoteFields) => boolean): number {
    let removed = 0
    for (const file of this.#files()) {
      const fields = this.#readFile(file)
      if (fields === undefined || !which(fields)) continue
      try {
        this.#fs.unlink(file)
      } catch (error) {
        throw ioError(error, file, 'could not be removed')
      }
      removed++
    }
    return removed
  }

  #files(): readonly string[] {
    const folder = this.#folder
    if (folder === undefined) return []
    try {
      return this.#fs
        .readdir(folder)
        .filter((name) => /^[0-9a-f]{64}$/.test(name))
        .map((name) => join(folder, name))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw ioError(error, folder, 'could not be listed')
    }
  }

  #readFile(file: string): NoteFields | undefined {
    const text = readTextFile(this.#fs, file, LARGEST_NOTE_BYTES)?.text
    if (text === undefined) return undefined
    return Object.fromEntries(
      Object.entries(parsed(text)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
  }
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {} // not JSON: the note is there and says nothing
  }
}

function nameOf(about: readonly string[]): string {
  return sha256Hex(about.join('\0'))
}

/** The folder for what Stackseal keeps about stacks on this machine; undefined where there is no home. */
export function stateFolder(env: Environment): string | undefined {
  const { STACKSEAL_STATE_DIR: own, XDG_STATE_HOME: shared, HOME: home } = env
  if (own !== undefined && own !== '') return own
  if (shared !== undefined && shared !== '') return join(shared, 'stackseal')
  return home === undefined || home === '' ? undefined : join(home, '.local/state/stackseal')
}
