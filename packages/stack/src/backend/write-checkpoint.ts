import { isStacksealError, StacksealError } from '@stackseal/core'
import { basename } from 'node:path'

import { outcome } from '../files/io-error.ts'
import { readBytes } from '../files/read-file.ts'
import { type NextContent, replaceFile } from '../files/replace-file.ts'
import { compress } from '../files/compression.ts'
import { type FileBackend, MAX_STATE_BYTES, type StackReference, type StoredCheckpoint } from './file-backend.ts'
import { nextSidecar, writeSidecar } from './sidecar.ts'

/** See {@link StackLock.replace}. The steps are the reference's; each file is whole at every moment. */
export function replaceCheckpoint(
  backend: FileBackend,
  expected: StoredCheckpoint,
  document: Uint8Array,
): StoredCheckpoint {
  const { file, target, compression } = expected
  const raw = compress(document, compression)
  before(target, () => keepPrevious(backend, file, expected.raw))
  write(backend, target, raw, expected.raw)
  retain(backend, file, raw)
  return { file, target, raw, compression, bytes: document }
}

/**
 * The files that {@link replaceCheckpoint} writes, in its order, for whoever replaces them together with others: the state
 * itself is the last.
 *
 * @param keepsPrevious whether the state that was becomes the `.bak`; false for whoever sees to that file himself
 */
export function nextCheckpoint(
  backend: FileBackend,
  { file, target, raw: previous, compression }: StoredCheckpoint,
  document: Uint8Array,
  keepsPrevious: boolean = true,
): readonly NextContent[] {
  const raw = compress(document, compression)
  const kept = backend.resolve(`${file}.bak`)
  return [
    ...(keepsPrevious ? nextWithSidecar(backend, kept, previous, readBytes(backend.fs, kept, MAX_STATE_BYTES)) : []),
    ...(backend.settings.retainCheckpoints
      ? nextWithSidecar(backend, backend.resolve(retainedName(file)), raw, undefined)
      : []),
    ...nextWithSidecar(backend, target, raw, previous),
  ]
}

/** The next content of a file of a backend, behind that of the note beside it. `path` is the real one. */
export function nextWithSidecar(
  { fs, sidecars }: FileBackend,
  path: string,
  bytes: Uint8Array,
  old: Uint8Array | undefined,
): readonly NextContent[] {
  const note = nextSidecar(fs, path, bytes, sidecars)
  return [...(note === undefined ? [] : [note]), { path, bytes, before: old }]
}

/** See {@link StackLock.create}. */
export function createCheckpoint(
  backend: FileBackend,
  reference: StackReference,
  document: Uint8Array,
  previous: Uint8Array,
): StoredCheckpoint {
  const found = backend.find(reference)
  if (found !== undefined) {
    throw new StacksealError('ERR_ALREADY_EXISTS', `stack ${reference.stack} has a state already`, {
      hint: `it lies in ${found}`,
      details: { stack: reference.stack, file: found, changed: false },
    })
  }
  const { compression } = backend.settings
  const file = backend.newFile(reference)
  const target = backend.resolve(file)
  const raw = compress(document, compression)
  // The reference ignores a .bak without a state, so it comes first: with the state all is there.
  before(target, () => keepPrevious(backend, file, compress(previous, compression)))
  write(backend, target, raw, undefined)
  retain(backend, file, raw)
  return { file, target, raw, compression, bytes: document }
}

function keepPrevious(backend: FileBackend, file: string, previous: Uint8Array): void {
  const target = backend.resolve(`${file}.bak`)
  writeSidecar(backend.fs, target, previous, backend.sidecars)
  replaceFile(backend.fs, target, previous, readBytes(backend.fs, target, MAX_STATE_BYTES))
}

function write(backend: FileBackend, target: string, raw: Uint8Array, expected: Uint8Array | undefined): void {
  before(target, () => writeSidecar(backend.fs, target, raw, backend.sidecars))
  replaceFile(backend.fs, target, raw, expected)
}

/** As the reference does where `PULUMI_DIY_BACKEND_RETAIN_CHECKPOINTS` is on: one more copy of what was written. */
function retain(backend: FileBackend, file: string, raw: Uint8Array): void {
  if (!backend.settings.retainCheckpoints) return
  const target = backend.resolve(retainedName(file))
  writeSidecar(backend.fs, target, raw, backend.sidecars)
  replaceFile(backend.fs, target, raw, undefined)
}

function retainedName(file: string): string {
  const nanoseconds = BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1e3)) * 1000n
  return `${file}.${nanoseconds}`
}

/** Runs a step before the state itself is touched; whatever it says, the state was not changed. */
function before(target: string, step: () => void): void {
  try {
    step()
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(error.code, `${error.message}${outcome(target, false)}`, {
      hint: error.hint,
      details: { ...error.details, step: basename(String(error.details['file'])), file: target, changed: false },
      cause: error.cause,
    })
  }
}
