import { type Envelope, isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'
import {
  findStackState,
  firstState,
  importState,
  lockStack,
  openStack,
  readStackState,
  StateFile,
} from '@stackseal/stack'
import type { StackStatePlace } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { Progress } from '../progress.ts'
import { stackOptions } from '../stack-options.ts'
import { type StateInput, stateInput } from '../state-input.ts'
import { keyOpener } from '../state-key.ts'

const COMMAND = 'stack import'
/** A document is held in memory as a whole. */
const LARGEST_BYTES = 1024 * 1024 * 1024

/** Makes a document the state of a stack. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, options, terminal, signal, trace } = invocation
  const force = flags.on('force')
  const given = flags.text('file')
  const place = await findStackState({
    ...stackOptions(invocation, COMMAND),
    pipe: `stackseal state seal ${given ?? '-'} --to-stack-file Pulumi.NAME.yaml | pulumi stack import`,
  })
  const { stack, backend, reference, qualifiedName } = place
  const own = new StackKey(invocation, place)
  // A stack that has a file and no state yet gets its first one.
  if (backend.find(reference) === undefined && !(await own.hasFile())) readStackState(place)
  const input = await stateInput(invocation, given)
  const progress = new Progress(terminal, { what: 'importing', size: input.size })
  const state = StateFile.parse(await allOf(input, progress))
  trace(`read ${input.label}`)
  const openKey = keyOpener(invocation, COMMAND, input)
  const { bytes, findings } = await importState(state, {
    stack: stack.name,
    qualifiedStack: qualifiedName,
    force,
    open: async (sealedKey) => {
      const envelope = await openKey(sealedKey)
      if (!isProvenByItself(state, sealedKey)) await own.prove(sealedKey, envelope, force)
      return envelope
    },
    stackEnvelope: () => own.open(),
    progress: progress.secrets,
  }).catch((error: unknown) => {
    throw listed(error, invocation)
  })
  progress.end()
  for (const { message } of findings) terminal.warn(message)
  signal.throwIfAborted()
  using lock = await lockStack(backend, reference, {
    command: `stackseal ${COMMAND}`,
    timeoutMs: options.lockTimeoutMs,
    signal,
  })
  const current = backend.read(reference)
  const written = current === undefined ? lock.create(bytes, firstState(qualifiedName)) : lock.replace(current, bytes)
  trace(`wrote ${written.file}`)
  terminal.say('Import complete.')
}

/** The document whole, unpacked. */
async function allOf(input: StateInput, progress: Progress): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of input.pieces(progress.bytes)) {
    length += piece.length
    if (length > LARGEST_BYTES) {
      throw new StacksealError('ERR_FILE_TOO_LARGE', `${input.label} is larger than a state can be that is imported`, {
        details: { file: input.label, limit: LARGEST_BYTES },
      })
    }
    pieces.push(piece)
  }
  const [only] = pieces
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
}

/** Every finding on a line of its own, before the error that is made of them. */
function listed(error: unknown, { terminal, options }: Invocation): unknown {
  if (!isStacksealError(error) || error.code !== 'ERR_CHECK_FAILED' || options.json) return error
  const { findings, count } = error.details
  if (typeof findings !== 'string' || count === 1) return error
  for (const finding of findings.split('\n')) terminal.warn(finding)
  return error
}

/** Whether nothing would be encrypted under the key, or something in the document opens with it, which is seen later. */
function isProvenByItself({ slots }: StateFile, { url }: SealedKey): boolean {
  if (url.scheme === 'passphrase') return true // by the salt's own check
  return slots.every(({ member }) => member === 'ciphertext') || slots.some(({ member }) => member === 'ciphertext')
}

/** The key of the stack that a state is imported into. */
class StackKey {
  readonly #invocation: Invocation
  readonly #place: StackStatePlace

  constructor(invocation: Invocation, place: StackStatePlace) {
    this.#invocation = invocation
    this.#place = place
  }

  async hasFile(): Promise<boolean> {
    return (await this.#file()) !== undefined
  }

  /** Of its file; of its state where it has no file. */
  async open(): Promise<Envelope> {
    const stack = await this.#file()
    if (stack === undefined) {
      const state = this.#state()
      if (state === undefined) throw noKey(this.#place.stack.label)
      const { stack: place } = this.#place
      return keyOpener(this.#invocation, COMMAND, { ...place, label: `the state of ${place.name}` })(state.sealedKey)
    }
    const envelope = await stack.open()
    await stack.proveKey(envelope)
    return envelope
  }

  /**
   * Sees that a key that a document names is this stack's, or that somebody insists: what is encrypted under it could be
   * read by whoever put it there.
   */
  async prove(sealedKey: SealedKey, envelope: Envelope, force: boolean): Promise<void> {
    const stack = await this.#file()
    if (stack !== undefined && isSame(stack.sealedKey, sealedKey)) {
      await stack.proveKey(envelope)
      return
    }
    const provider = this.#state()?.provider
    if (provider !== undefined && 'sealedKey' in provider && isSame(provider.sealedKey, sealedKey)) return
    const message = `the document names a key (${sealedKey.url.text}) that is not the one of stack ${this.#place.stack.name}, and no secret in it is encrypted under it`
    if (!force) {
      throw new StacksealError('ERR_KEY_NOT_PROVEN', `${message}, so nothing is encrypted under it`, {
        hint: 'take secrets_providers out of the document, so that it gets the key of the stack; --force takes it as it is',
      })
    }
    this.#invocation.terminal.warn(message)
  }

  async #file(): Promise<Awaited<ReturnType<typeof openStack>> | undefined> {
    try {
      return await openStack(stackOptions(this.#invocation, COMMAND))
    } catch (error) {
      // Only that the stack has no file: its state says which key it has.
      if (isStacksealError(error) && error.code === 'ERR_STACK_NOT_FOUND') return undefined
      throw error
    }
  }

  #state(): StateFile | undefined {
    const { backend, reference } = this.#place
    const stored = backend.read(reference)
    return stored === undefined ? undefined : StateFile.parse(stored.bytes)
  }
}

function isSame(a: SealedKey | undefined, b: SealedKey): boolean {
  return a !== undefined && a.url.text === b.url.text && a.sealed === b.sealed
}

function noKey(label: string): StacksealError {
  return new StacksealError(
    'ERR_NO_SECRETS_PROVIDER',
    `neither ${basename(label)} nor a state names a key for the stack`,
    {
      hint: 'make the stack first, with "stackseal stack init"',
    },
  )
}
