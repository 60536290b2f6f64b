import { type Envelope, isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'
import { basename } from 'node:path'

import type { StoredCheckpoint } from '../backend/file-backend.ts'
import type { StateArchive } from '../backend/state-archives.ts'
import { nextWithSidecar } from '../backend/write-checkpoint.ts'
import { compress } from '../files/compression.ts'
import { type KeyWorld, openStackKey } from '../stack-key.ts'
import type { StackPlace } from '../stack-place.ts'
import { StateFile } from '../state/state-file.ts'
import type { StateFolder } from './find-carrier.ts'
import { type HistorySecret, historySecrets, withHistorySecrets } from './history-config.ts'
import { type BrokenChangeSecret, sameBytes } from './rekey-config.ts'
import { brokenStateSecrets, rekeyWholeState } from './rekey-state.ts'
import type { NextArchive } from './run-change.ts'

/** Keys that are open already, those of the stack file and of its state. */
export type ArchiveRekeyingKeys = readonly (Envelope | undefined)[]

/**
 * The archives of a stack on their way to another key. Each keeps the key that was the stack's when it was written: one
 * that names a key is opened with that, and the record of an update, which names none, with whichever of them opens it.
 * Only one archive is held in memory at a time: a history can be larger than any state.
 */
export class ArchiveRekeying {
  readonly #home: StateFolder
  readonly #world: KeyWorld
  readonly #place: StackPlace
  /** By URL and sealed text; what a key failed with counts for every archive that names it. */
  readonly #keys = new Map<string, Envelope | StacksealError>()

  constructor(home: StateFolder, world: KeyWorld, place: StackPlace, known: ArchiveRekeyingKeys) {
    this.#home = home
    this.#world = world
    this.#place = place
    for (const key of known) if (key !== undefined) this.#keys.set(idOf(key.sealedKey), key)
  }

  /**
   * Sees that every secret of every archive opens; a file that does not is to be named, and nothing changed.
   * @throws the first one's error, with the names of all files in its message and, one a line, in `details.secrets`; ERR_IO
   */
  async refuseBroken(): Promise<void> {
    const broken: BrokenChangeSecret[] = []
    for (const { file } of inOrder(this.#archives())) {
      const error = await this.#faultOf(file)
      if (error !== undefined) broken.push({ name: basename(file), error })
    }
    const [first] = broken
    if (first === undefined) return
    const names = broken.map(({ name, error }) => `${name} (${error.message})`)
    const [shown, more] = [broken.slice(0, SHOWN).map(({ name }) => name), broken.length - SHOWN]
    throw new StacksealError(
      first.error.code,
      `${broken.length === 1 ? 'a file of the history does' : `${broken.length} files of the history do`} not open: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
      {
        hint: 'move those files away, or leave --include-history out: then every file of the history keeps the key that it has',
        details: { count: broken.length, secrets: names.join('\n'), changed: false },
      },
    )
  }

  /** What every archive is to hold under the new key, made when it is asked for. */
  next(to: Envelope): readonly NextArchive[] {
    return inOrder(this.#archives()).map(({ file }) => {
      const { backend } = this.#home
      const target = backend.resolve(file)
      return {
        path: target,
        load: async () => {
          const stored = backend.readFile(file)
          const document = stored === undefined ? undefined : await this.#rekeyed(stored, to)
          if (stored === undefined || document === undefined) return []
          return nextWithSidecar(backend, target, compress(document, stored.compression), stored.raw)
        },
      }
    })
  }

  /** The real path of an archive. */
  targetOf({ file }: StateArchive): string {
    return this.#home.backend.resolve(file)
  }

  #archives(): readonly StateArchive[] {
    return this.#home.backend.archives(this.#home.reference)
  }

  async #faultOf(file: string): Promise<StacksealError | undefined> {
    try {
      const stored = this.#home.backend.readFile(file)
      if (stored === undefined) return undefined // gone since the folder was listed
      const state = StateFile.parse(stored.bytes)
      const key = await this.#keyOf(state, file)
      const [secret] = key === undefined ? [] : await brokenStateSecrets(state, key)
      if (secret !== undefined) return secret.error
      await this.#openConfig(stored)
      return undefined
    } catch (error) {
      if (isStacksealError(error) && !NOT_OF_THE_FILE.has(error.code)) return error
      throw error
    }
  }

  /** The document under the new key; undefined where it has neither a secret nor a key, and stays as it is. */
  async #rekeyed(stored: StoredCheckpoint, to: Envelope): Promise<Uint8Array | undefined> {
    const state = StateFile.parse(stored.bytes)
    const key = await this.#keyOf(state, stored.file)
    const hasKey = state.slots.length > 0 || hasSealedKey(state)
    const { bytes } = hasKey ? await rekeyWholeState(state, key, to) : state
    const old = await this.#openConfig({ ...stored, bytes })
    const next = new Map<HistorySecret, string>()
    for (const [secret, plaintext] of old) next.set(secret, await to.encrypt(plaintext))
    const document = withHistorySecrets(bytes, next)
    const plaintexts = [...old.values()]
    const again = historySecrets(document)
    for (const [i, { ciphertext }] of again.entries()) {
      if (!sameBytes(await to.decryptBytes(ciphertext), plaintexts[i])) throw notSame(stored.file)
    }
    if (again.length !== plaintexts.length) throw notSame(stored.file)
    return document === stored.bytes ? undefined : document
  }

  /** The key that opens a document's own secrets; undefined where it has none. */
  async #keyOf(state: StateFile, file: string): Promise<Envelope | undefined> {
    if (!state.slots.some(({ member }) => member === 'ciphertext')) {
      // It may be the one that a record of the history needs, so it is opened where that is possible.
      if (hasSealedKey(state)) await this.#open(state.sealedKey, file)
      return undefined
    }
    const key = await this.#open(state.sealedKey, file)
    if (isStacksealError(key)) throw key
    return key
  }

  async #open(sealedKey: SealedKey, file: string): Promise<Envelope | StacksealError> {
    const id = idOf(sealedKey)
    const known = this.#keys.get(id)
    if (known !== undefined) return known
    let key: Envelope | StacksealError
    try {
      key = await openStackKey(sealedKey, this.#world, { ...this.#place, label: basename(file) })
    } catch (error) {
      if (!isStacksealError(error) || NOT_OF_THE_FILE.has(error.code)) throw error
      key = error
    }
    this.#keys.set(id, key)
    return key
  }

  /** The secrets of the configuration that an archive keeps, as bytes; each with the key that opens it. */
  async #openConfig({ bytes }: StoredCheckpoint): Promise<ReadonlyMap<HistorySecret, Uint8Array>> {
    const opened = new Map<HistorySecret, Uint8Array>()
    for (const secret of historySecrets(bytes)) opened.set(secret, await this.#openOne(secret.ciphertext))
    return opened
  }

  async #openOne(ciphertext: string): Promise<Uint8Array> {
    let first: StacksealError | undefined
    for (const key of this.#keys.values()) {
      try {
        if (!isStacksealError(key)) return await key.decryptBytes(ciphertext)
      } catch (error) {
        if (!isStacksealError(error)) throw error
        first ??= error
      }
    }
    throw first ?? new StacksealError('ERR_MISSING_SEALED_KEY', 'no key is left that could open its secrets')
  }
}

const SHOWN = 10
/** What says nothing of the file: the disk, or a person who had enough. */
const NOT_OF_THE_FILE: ReadonlySet<string> = new Set(['ERR_IO', 'ERR_INTERRUPTED', 'ERR_INTERNAL'])

/** Those that name a key come first: the others may need it. */
function inOrder(archives: readonly StateArchive[]): readonly StateArchive[] {
  const records = archives.filter(({ kind }) => kind === 'history')
  return [...archives.filter(({ kind }) => kind !== 'history'), ...records]
}

function hasSealedKey({ provider }: StateFile): boolean {
  return provider !== undefined && 'sealedKey' in provider
}

function idOf({ url, sealed }: SealedKey): string {
  return `${url.text}\n${sealed}`
}

function notSame(file: string): StacksealError {
  return new StacksealError('ERR_INTERNAL', `a secret of ${basename(file)} does not open to its value again`)
}
