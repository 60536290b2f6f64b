import {
  type Decrypted,
  type Envelope,
  isStacksealError,
  parseKeyUrl,
  type ProviderContext,
  type Registry,
  type SealedKey,
  StacksealError,
} from '@stackseal/core'
import { textOfBytes } from './values/byte-text.ts'
import type { ConfigPlace } from './config/config-place.ts'
import type { ConfigValue, SecretText } from './values/config-value.ts'
import { acquireLock, type FileLock } from './files/file-lock.ts'
import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import type { ProcessTable } from './files/process-table.ts'
import type { FinishOptions } from './change/finished-change.ts'
import { type PendingChange, pendingChangeOf } from './change/pending-change.ts'
import { ChangeJournal } from './change/change-journal.ts'
import { isNotedSealedKey } from './noted-keys.ts'
import { isTrustedSealedKey } from './trusted-keys.ts'
import { proveKey } from './key-proof.ts'
import type { OpenedKeys } from './opened-keys.ts'
import { openStackKey } from './stack-key.ts'
import type { Project } from './project.ts'
import { replaceFile } from './files/replace-file.ts'
import { readStackText } from './stack-text.ts'
import { type SaveResult, StackConfig } from './stack-config.ts'
import { applyEdits, needsKey, type PendingEdit } from './stack-edits.ts'
import { StackFile } from './stack-file.ts'
import { findStack, type FindStackOptions, noSuchStack, placeOfFile, type StackPlace } from './stack-place.ts'
import { secretsOf } from './config/value-shape.ts'
import { stackWarnings, type StackWarning } from './stack-warning.ts'

export interface OpenStackOptions extends FindStackOptions {
  readonly registry: Registry
  readonly signal?: AbortSignal | undefined
  readonly ask?: ProviderContext['ask'] | undefined
  readonly tell?: ProviderContext['tell'] | undefined
  /** How long a change waits for another process, in milliseconds; 10,000 if not given. */
  readonly lockTimeout?: number | undefined
  /** What the lock file says about its holder. */
  readonly command?: string | undefined
  /** Starts to open the data key while the file is still being parsed: for a caller that will need every secret. */
  readonly openEarly?: boolean | undefined
  /** Sealed keys that were opened before, for a command that works on many stacks: each distinct one is opened once. */
  readonly openedKeys?: OpenedKeys | undefined
  /** The file layer; Node's if not given. */
  readonly fileSystem?: FileSystem | undefined
  /** Who can tell whether the holder of a lock has ended; this machine's if not given. */
  readonly processes?: ProcessTable | undefined
}

/**
 * Finds and reads a stack. Its data key is not opened before a secret is touched.
 * @throws ERR_NO_PROJECT, ERR_NO_STACK, ERR_STACK_NOT_FOUND, ERR_MALFORMED_FILE
 */
export function openStack(options: OpenStackOptions): Promise<Stack> {
  return Stack.load(options)
}

/** Reads a stack file that is named as such, wherever it lies. */
export function openStackFile(file: string, options: Omit<OpenStackOptions, 'stack' | 'configFile'>): Promise<Stack> {
  return Stack.load(options, file)
}

/** What a text that may hold the line `encryptionsalt: …` in plain style looks like, found without parsing. */
const PLAIN_SALT = /^encryptionsalt: (v1:[A-Za-z0-9+/=]+:v1:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+)$/m

/** A project's stack: its file, its configuration and its data key, opened once and only when a secret is touched. */
export class Stack {
  readonly config: StackConfig
  readonly #options: OpenStackOptions
  readonly #fs: FileSystem
  readonly #place: StackPlace
  /** A change of the key that was begun and has not ended, as of the last look; the next save finishes it. */
  pendingChange: PendingChange | undefined
  #current: StackFile
  #opened: OpenedKey | undefined

  private constructor(options: OpenStackOptions, place: StackPlace, current: StackFile) {
    this.#options = options
    this.#fs = options.fileSystem ?? nodeFileSystem
    this.#place = place
    this.#current = current
    this.config = new StackConfig(current, {
      project: place.project.name,
      projectConfig: place.project.config,
      stack: place.name,
      file: place.target,
      decrypt: async (ciphertexts) => {
        const envelope = await this.open()
        return Promise.all(ciphertexts.map((ciphertext) => envelope.decrypt(ciphertext)))
      },
      encrypt: async (plaintext) => (await this.open()).encrypt(plaintext),
      save: (edits) => this.#save(edits),
    })
  }

  /** See {@link openStack}. */
  static async load(options: OpenStackOptions, file?: string): Promise<Stack> {
    const fs = options.fileSystem ?? nodeFileSystem
    const place = await (file === undefined ? findStack(fs, options) : placeOfFile(fs, file, options))
    const read = await readStackText(fs, place.target)
    if (read === undefined) throw noSuchStack(fs, place)
    const salt =
      options.openEarly === true && read.text.includes('secure:') ? PLAIN_SALT.exec(read.text)?.[1] : undefined
    const early =
      salt === undefined ? undefined : startOpening({ url: parseKeyUrl('passphrase:'), sealed: salt }, options, place)
    const stack = new Stack(options, place, await StackFile.parse(read.text, place.project.name, place.label))
    stack.#opened = early
    stack.pendingChange = pendingChangeOf(fs, options.env, place.target)
    return stack
  }

  get project(): Project {
    return this.#place.project
  }

  /** The bare name: `dev`. */
  get name(): string {
    return this.#place.name
  }

  /** The stack file as it was named, absolute. */
  get file(): string {
    return this.#place.file
  }

  /**
   * What the file stores of its data key; undefined where it says nothing of one.
   * @throws ERR_MISSING_SEALED_KEY, ERR_SERVICE_SECRETS
   */
  get sealedKey(): SealedKey | undefined {
    return this.#current.sealedKey
  }

  /** Every secret of the file, in its order. */
  secrets(): { readonly place: ConfigPlace; readonly secret: SecretText }[] {
    return [...this.#current.secrets()]
  }

  /** Values that are marked `!secret` and wait, in plain text, to be encrypted: their printed keys, and the paths inside. */
  get marks(): readonly { readonly key: string; readonly path: ConfigPlace['path'] }[] {
    return this.#current.marks
  }

  /** What the reference warns of, as the file stood when it was read or saved last. */
  get warnings(): readonly StackWarning[] {
    return stackWarnings(this.#current)
  }

  /** Lines (from 1) of values that are marked `!secret` and wait, in plain text, to be encrypted. */
  get markedLines(): readonly number[] {
    return this.#current.marks.map(({ offset }) => this.#current.lineAt(offset))
  }

  /**
   * Opens the data key: one call to its provider, whatever the number of calls of this method.
   * @throws ERR_NO_SECRETS_PROVIDER where the file names none and holds no secret; what its provider throws
   */
  open(): Promise<Envelope> {
    return this.#openFor(this.#current)
  }

  /**
   * Decrypts every secret inside the values in one batch; one that does not open does not hide the others. Bytes that
   * are no text stand in it as `textOfBytes` writes them, for whoever prints: the reference keeps any bytes.
   */
  async reveal(values: readonly ConfigValue[]): Promise<(secret: SecretText) => Decrypted> {
    const secrets = values.flatMap((value) => [...secretsOf(value)].map(({ secret }) => secret))
    const opened = secrets.length === 0 ? [] : await decryptAll(await this.open(), secrets)
    const results = new Map(secrets.map((secret, i) => [secret, opened[i] as Decrypted]))
    return (secret) => results.get(secret) as Decrypted
  }

  /**
   * Sees that an opened data key is the one of this stack, before anything is encrypted under it: somebody could have
   * put another sealed key into the file, and could read what is under it. A secret of the file opens with it; where the
   * file holds none, a passphrase is proven by the salt's own check, and any other key was made or is trusted on this
   * machine, or opens a secret of the stack's state.
   * @throws ERR_KEY_NOT_PROVEN
   */
  async proveKey(envelope: Envelope): Promise<void> {
    try {
      await proveKey(this.#current, envelope, (sealedKey, opened) => this.#isKnown(sealedKey, opened))
    } catch (error) {
      throw isStacksealError(error) ? error.with({ details: { file: this.#place.label } }) : error
    }
  }

  async #openFor(file: StackFile): Promise<Envelope> {
    const sealedKey = file.sealedKey
    if (sealedKey === undefined) {
      throw new StacksealError('ERR_NO_SECRETS_PROVIDER', `stack ${this.name} has no secrets provider yet`, {
        hint: `give it one with "stackseal stack init ${this.name}"`,
        details: { file: this.#place.label },
      })
    }
    const opened = isSameKey(this.#opened?.sealedKey, sealedKey) ? this.#opened : undefined
    this.#opened = opened ?? startOpening(sealedKey, this.#options, this.#place)
    return this.#opened.envelope
  }

  async #save(edits: readonly PendingEdit[]): Promise<SaveResult & { readonly file: StackFile }> {
    const { label, target, project } = this.#place
    try {
      await this.#finishChange()
      // The key is opened before the lock is taken: it may take a second, or a person.
      if (edits.some(needsKey)) await this.open()
      using _lock = await this.#lock()
      const read = await readStackText(this.#fs, target)
      if (read === undefined)
        throw new StacksealError('ERR_CHANGED_MEANWHILE', `${label} is gone`, { details: { file: label } })
      const current =
        read.text === this.#current.text ? this.#current : await StackFile.parse(read.text, project.name, label)
      const applied = await applyEdits(
        current,
        edits,
        (file) => this.#openFor(file),
        (sealedKey, envelope) => this.#isKnown(sealedKey, envelope),
      )
      const file = applied.file === current ? current : await this.#withBetterSealedText(applied.file)
      this.#options.signal?.throwIfAborted()
      if (file.text !== read.text) replaceFile(this.#fs, target, new TextEncoder().encode(file.text), read.bytes)
      this.#current = file
      return { changed: file.text !== read.text, replacedDamaged: applied.replacedDamaged, file }
    } catch (error) {
      throw isStacksealError(error) ? error.with({ details: { file: label, changed: false } }) : error
    }
  }

  /** A change that somebody began and did not end comes first: it may have given the file another key. */
  async #finishChange(): Promise<void> {
    const { label, target, project } = this.#place
    if (new ChangeJournal(this.#fs, this.#options.env, target).read() === undefined) return
    // Loaded here: it needs what reads states.
    const { finishChange } = await import('./change/finish-change.ts')
    const finished = await finishChange(this.#fs, target, this.#finishOptions())
    if (finished === undefined) return
    this.pendingChange = undefined
    const read = await readStackText(this.#fs, target)
    if (read !== undefined) this.#current = await StackFile.parse(read.text, project.name, label)
  }

  /** Takes the file's lock, under which no change of the key is under way. */
  async #lock(): Promise<FileLock> {
    const { target } = this.#place
    const journal = new ChangeJournal(this.#fs, this.#options.env, target)
    for (;;) {
      const lock = await acquireLock(this.#fs, target, this.#finishOptions())
      try {
        if (journal.read() === undefined) {
          journal.tidy()
          return lock
        }
      } catch (error) {
        lock.release()
        throw error
      }
      // Somebody began one while the lock was waited for, and is gone.
      lock.release()
      await this.#finishChange()
    }
  }

  #finishOptions(): FinishOptions {
    const { command = 'stackseal', lockTimeout: timeoutMs, signal, processes, env, tell, ask, cwd } = this.#options
    return { command, timeoutMs, signal, processes, env, tell, ask, cwd }
  }

  async #isKnown(sealedKey: SealedKey, envelope: Envelope): Promise<boolean> {
    const { env } = this.#options
    const { target } = this.#place
    if (isNotedSealedKey(this.#fs, env, target, sealedKey)) return true
    if (isTrustedSealedKey(this.#fs, env, target, sealedKey)) return true
    // Loaded here: it needs what reads states.
    const { opensSecretOfState } = await import('./stack-proof.ts')
    return opensSecretOfState(this.#fs, this.#place, { sealedKey, envelope }, this.#options)
  }

  /** A provider may have given a better text for the same key (a repaired encoding): it goes in with the next change. */
  async #withBetterSealedText(file: StackFile): Promise<StackFile> {
    if (this.#opened === undefined || !isSameKey(this.#opened.sealedKey, file.sealedKey)) return file
    const { sealedKey } = await this.#opened.envelope
    const { url, sealed } = this.#opened.sealedKey
    // What was opened through another URL than the file's says nothing of the file.
    if (sealedKey.url.text !== url.text || sealedKey.sealed === sealed) return file
    return file.withSealedKey(sealedKey)
  }
}

async function decryptAll(envelope: Envelope, secrets: readonly SecretText[]): Promise<Decrypted[]> {
  const opened = await envelope.decryptAll(secrets.map(({ ciphertext }) => ciphertext))
  return Promise.all(
    opened.map(async (result, i) => {
      if (!('error' in result) || result.error.code !== 'ERR_SECRET_NOT_TEXT') return result
      return { plaintext: textOfBytes(await envelope.decryptBytes((secrets[i] as SecretText).ciphertext)) }
    }),
  )
}

/** A sealed key, and the envelope that it opens to. */
interface OpenedKey {
  readonly sealedKey: SealedKey
  readonly envelope: Promise<Envelope>
}

function startOpening(sealedKey: SealedKey, options: OpenStackOptions, place: StackPlace): OpenedKey {
  const envelope = openStackKey(sealedKey, options, place)
  envelope.catch(() => undefined) // whoever awaits it gets the error
  return { sealedKey, envelope }
}

function isSameKey(a: SealedKey | undefined, b: SealedKey | undefined): boolean {
  return a !== undefined && b !== undefined && a.url.text === b.url.text && a.sealed === b.sealed
}
