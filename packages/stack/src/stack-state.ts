import { StacksealError } from '@stackseal/core'
import { FileBackend, type StackReference, type StoredCheckpoint } from './backend/file-backend.ts'
import { backendNotReached, findBackend } from './backend/find-backend.ts'
import type { FilePieces } from './files/read-pieces.ts'
import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import { findStack, type FindStackOptions, type StackPlace } from './stack-place.ts'

export interface StackStateOptions extends FindStackOptions {
  /** What to say to whoever has a backend that is not reached: the command line by which Pulumi carries the state. */
  readonly pipe: string
  readonly fileSystem?: FileSystem | undefined
}

/** Where the state of a stack lies, whether it is there or not. */
export interface StackStatePlace {
  /** The stack; whether it has a file is another question. */
  readonly stack: StackPlace
  readonly backend: FileBackend
  readonly reference: StackReference
  /** The name in the state: `organization/<project>/<stack>`. */
  readonly qualifiedName: string
}

/**
 * Finds out which stack is meant, and where its state lies. No key is opened and no lock taken.
 * @throws ERR_BACKEND_NOT_REACHED where the backend is no folder; ERR_NO_PROJECT, ERR_NO_STACK, ERR_INVALID_NAME,
 * ERR_FILE_NOT_FOUND where the backend's folder is missing, ERR_BACKEND_LAYOUT, ERR_INVALID_BACKEND_URL
 */
export async function findStackState(options: StackStateOptions): Promise<StackStatePlace> {
  const fs = options.fileSystem ?? nodeFileSystem
  const stack = await findStack(fs, options)
  const found = findBackend(fs, stack.project, options)
  if (found.kind !== 'file') throw backendNotReached(found, options.pipe)
  const backend = await FileBackend.open(fs, found.folder, options)
  const reference = { project: stack.project.name, stack: stack.name }
  return { stack, backend, reference, qualifiedName: backend.paths(reference).qualifiedName }
}

/**
 * Reads the state of a stack.
 * @throws ERR_STACK_NOT_FOUND where it has none; ERR_FILE_TOO_LARGE, ERR_MALFORMED_FILE, ERR_LINK_NOT_FOLLOWED, ERR_IO
 */
export function readStackState(place: StackStatePlace): StoredCheckpoint {
  const { backend, reference } = place
  return backend.read(reference) ?? noState(place)
}

/**
 * The same, packed as it lies there and piece by piece, in memory that does not grow with it.
 * @throws as {@link readStackState}
 */
export function readStackStatePieces(place: StackStatePlace): FilePieces {
  return place.backend.readPieces(place.reference) ?? noState(place)
}

function noState({ stack, backend }: StackStatePlace): never {
  const { name, project } = stack
  const others = backend.stacks(project.name)
  throw new StacksealError('ERR_STACK_NOT_FOUND', `stack ${name} of project ${project.name} has no state`, {
    hint:
      others.length === 0
        ? `the backend in ${backend.folder} has no stack of this project; "stackseal stack init ${name}" makes one`
        : `the backend in ${backend.folder} has: ${others.join(', ')}`,
    details: { stack: name, backend: backend.folder },
  })
}
