import { isStacksealError } from '@stackseal/core'
import type { Envelope, SealedKey, StacksealError } from '@stackseal/core'
import { decompressState, findStackState, inspectState, verifyStateStream } from '@stackseal/stack'
import type { FilePieces, Stack } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import { Progress } from './progress.ts'
import { stackOptions } from './stack-options.ts'
import { counted, interruptible } from './state-input.ts'
import { keyOpener } from './state-key.ts'

/** What is said of the state of a stack beside its file. */
export interface StateOfStack {
  readonly secrets: number
  /** The key URL that the state names; undefined where it names none that could be opened here. */
  readonly url: string | undefined
  /** Whether that is the sealed key of the stack file. */
  readonly sameKey: boolean
}

export interface VerifiedStateOfStack extends StateOfStack {
  readonly broken: readonly {
    readonly urn: string | undefined
    readonly path: string
    readonly error: StacksealError
  }[]
}

/** Looks at the state of a stack, without a key; undefined where the backend is not reached or has none. */
export async function inspectStateOf(
  stack: Stack,
  invocation: Invocation,
  command: string,
): Promise<StateOfStack | undefined> {
  const found = await stateOf(stack, invocation, command)
  if (found === undefined) return undefined
  const { provider, encrypted, clear } = await inspectState(decompressState(found.pieces))
  const sealedKey = provider !== undefined && 'sealedKey' in provider ? provider.sealedKey : undefined
  return {
    secrets: encrypted + clear,
    url: sealedKey?.url.text,
    sameKey: sealedKey !== undefined && isSame(keyOf(stack), sealedKey),
  }
}

/** Tries every secret of the state of a stack; undefined where the backend is not reached or has none. */
export async function verifyStateOf(
  stack: Stack,
  invocation: Invocation,
  command: string,
): Promise<VerifiedStateOfStack | undefined> {
  const found = await stateOf(stack, invocation, command)
  if (found === undefined) return undefined
  const label = `the state of ${stack.name}`
  const openOther = keyOpener(invocation, command, { file: stack.file, target: stack.file, label })
  let sealedKey: SealedKey | undefined
  const open = (key: SealedKey): Promise<Envelope> => {
    sealedKey = key
    // One call to the key service for both.
    return isSame(keyOf(stack), key) ? stack.open() : openOther(key)
  }
  const progress = new Progress(invocation.terminal, { what: 'verifying the state', size: found.size })
  const pieces = counted(interruptible(found.pieces, invocation.signal), progress.bytes)
  const { secrets, broken } = await verifyStateStream(decompressState(pieces), { open, progress: progress.secrets })
  progress.end()
  return {
    secrets,
    url: sealedKey?.url.text,
    sameKey: sealedKey !== undefined && isSame(keyOf(stack), sealedKey),
    broken: broken.map(({ slot, error }) => ({ urn: slot.urn, path: slot.path, error })),
  }
}

async function stateOf(stack: Stack, invocation: Invocation, command: string): Promise<FilePieces | undefined> {
  try {
    const options = { ...stackOptions(invocation, command), stack: stack.name, pipe: '' }
    const { backend, reference } = await findStackState(options)
    return backend.readPieces(reference)
  } catch (error) {
    // The stack file was asked for in the first place: that there is no backend here is no fault of it.
    const isAbsent = isStacksealError(error) && ['ERR_BACKEND_NOT_REACHED', 'ERR_FILE_NOT_FOUND'].includes(error.code)
    if (!isAbsent) throw error
    invocation.trace(`no state is looked at: ${error.message}`)
    return undefined
  }
}

/** The sealed key of the stack file; undefined where it has none that can be used. */
function keyOf(stack: Stack): SealedKey | undefined {
  try {
    return stack.sealedKey
  } catch (error) {
    if (isStacksealError(error)) return undefined
    throw error
  }
}

function isSame(a: SealedKey | undefined, b: SealedKey): boolean {
  return a !== undefined && a.url.text === b.url.text && a.sealed === b.sealed
}
