import { Envelope, isStacksealError, type SealedKey, StacksealError } from '@stackseal/core'
import { basename, dirname, join } from 'node:path'

import { type ConfigMap, setValue } from './config/config-map.ts'
import { parseConfigPlace } from './config/config-place.ts'
import type { FoundBackend } from './backend/find-backend.ts'
import { type NewStackState, openNewStackState } from './backend/new-stack-state.ts'
import { finishChange } from './change/finish-change.ts'
import { acquireLock, type LockOptions } from './files/file-lock.ts'
import { type FileSystem, nodeFileSystem } from './files/file-system.ts'
import { errnoOf } from './files/io-error.ts'
import { makeFolder } from './files/make-folder.ts'
import { noteSealedKey } from './noted-keys.ts'
import { formatOf } from './document/document-format.ts'
import { findProject, type Project, projectName, stackFilePath, stackName } from './project.ts'
import { readTextFile } from './files/read-file.ts'
import { replaceFile } from './files/replace-file.ts'
import type { OpenStackOptions } from './stack.ts'
import { newKeyUrl, providerContext } from './stack-key.ts'
import { StackFile } from './stack-file.ts'
import { readStackText } from './stack-text.ts'
import { resolveStackFile } from './stack-link.ts'
import { selectStack } from './workspace-file.ts'
import { renderDocument } from './document/yaml-emit.ts'

export interface InitStackOptions extends Omit<OpenStackOptions, 'stack' | 'configFile' | 'openEarly'> {
  readonly name: string
  /** A key URL; the words `passphrase` and `default` mean a passphrase. */
  readonly secretsProvider: string
  /** Whether later commands take this stack where none is named. */
  readonly select: boolean
}

/** What was made. */
export interface InitStackResult {
  readonly project: Project
  readonly name: string
  /** Absolute path of the stack file. */
  readonly file: string
  /** False where the file was there: it was given a sealed key, or had one that was kept. */
  readonly created: boolean
  /** Where the states of the project's stacks lie. */
  readonly backend: FoundBackend
  /** The state file that was made, absolute; undefined where the backend is not reached. */
  readonly state: string | undefined
}

/**
 * Makes a stack: a new data key under the provider, opened again to see that it opens; the stack file that stores it;
 * and, in a `file://` backend, its first state, as Pulumi makes it. A file that is there keeps all it holds: without a
 * key it is given one, and a key that it has, once it was seen to open, becomes that of a state that is missing.
 *
 * The file comes before the state: dying in between leaves a stack file alone, from which both Stackseal and Pulumi
 * finish the stack with `stack init`. A state alone would have Pulumi mint another key.
 * @throws ERR_ALREADY_EXISTS where the stack is there; ERR_MISSING_SEALED_KEY where its file holds secrets and no key
 * @throws ERR_LOCKED where somebody is at the stack; ERR_FILE_NOT_FOUND where the backend's folder is missing
 */
export async function initStack(options: InitStackOptions): Promise<InitStackResult> {
  const fs = options.fileSystem ?? nodeFileSystem
  const project = await findProject(fs, options.cwd)
  const name = stackName(options.name)
  const file = stackFilePath(project, name)
  const target = resolveStackFile(fs, file, { projectFolder: dirname(project.file), followLinks: options.followLinks })
  const label = basename(file)

  await finishChange(fs, target, {
    ...lockOptions(options),
    env: options.env,
    tell: options.tell,
    ask: options.ask,
    cwd: options.cwd,
  })
  const state = await openNewStackState(fs, project, name, options)
  const before = await readStackFile(fs, target, project, label)
  const kept = before?.sealedKey
  if (kept !== undefined) refuseKept(options, state, name, kept, label)
  state.refuseExisting(label)
  const sealedKey = kept === undefined ? await makeKey(options, file) : await provenKey(options, file, kept)
  let stateFile: string | undefined
  let written = false
  try {
    using stateLock = await state.lock(lockOptions(options))
    makeFolder(fs, dirname(target), 0o755)
    using _lock = await acquireLock(fs, target, lockOptions(options))
    const read = await readStackText(fs, target)
    const current = read === undefined ? undefined : await StackFile.parse(read.text, project.name, label)
    if (!isSame(current?.sealedKey, kept)) {
      throw new StacksealError('ERR_CHANGED_MEANWHILE', `somebody else gave ${label} a key`, {
        hint: 'look at the file, then run the command again if it is still needed',
        details: { file: label },
      })
    }
    if (kept === undefined) {
      const text =
        current === undefined
          ? StackFile.newText(sealedKey, new Map(), formatOf(label))
          : (await current.withSealedKey(sealedKey)).text
      if (sealedKey.url.scheme !== 'passphrase') noteSealedKey(fs, options.env, target, sealedKey)
      replaceFile(fs, target, new TextEncoder().encode(text), read?.bytes)
      written = true
    }
    stateFile = stateLock?.create(sealedKey)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw written ? withoutState(error, name, label) : error.with({ details: { file: label, changed: false } })
  }
  if (options.select) selectMade(fs, project, options, name, label)
  return { project, name, file, created: before === undefined, backend: state.found, state: stateFile }
}

/** A stack that has a key is there, unless what is missing is its state. */
function refuseKept(
  options: InitStackOptions,
  state: NewStackState,
  name: string,
  { url }: SealedKey,
  label: string,
): void {
  const details = { stack: name, file: label, changed: false }
  if (!state.isMissing) {
    throw new StacksealError('ERR_ALREADY_EXISTS', `stack ${name} is there already, with ${url.text}`, {
      hint: `select it with "stackseal stack select ${name}"`,
      details,
    })
  }
  const asked = options.secretsProvider
  // No word about a provider and the word "passphrase" are the same here: what the file says counts.
  if (asked === 'passphrase' || asked === 'default' || asked === url.text) return
  throw new StacksealError('ERR_ALREADY_EXISTS', `${label} has a key already, with ${url.text}, and not ${asked}`, {
    hint: 'leave --secrets-provider out: the key of the file is kept',
    details,
  })
}

/** The key of a file that was there, once it was seen that it opens. */
async function provenKey(options: InitStackOptions, file: string, kept: SealedKey): Promise<SealedKey> {
  try {
    return (await Envelope.open(kept, options.registry, providerContext(options, file))).sealedKey
  } catch (error) {
    if (!isStacksealError(error)) throw error
    const label = basename(file)
    throw new StacksealError(error.code, `the key that ${label} holds does not open: ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, file: label, changed: false },
      cause: error.cause,
    })
  }
}

function isSame(a: SealedKey | undefined, b: SealedKey | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.url.text === b.url.text && a.sealed === b.sealed
}

/** The file is written and its state is not: half a stack, which the same command completes. */
function withoutState(error: StacksealError, name: string, label: string): StacksealError {
  if (error.details['file'] === label || error.details['changed'] === true) return error
  return new StacksealError(error.code, `${label} was written, but not the state of stack ${name}: ${error.message}`, {
    hint: `then run "stackseal stack init ${name}" again: it goes on from here`,
    details: { ...error.details, file: label, changed: true },
    cause: error.cause,
  })
}

export interface NewProjectOptions extends InitStackOptions {
  /** The folder of the project; it is made if it is not there. */
  readonly folder: string
  readonly projectName: string
  readonly description?: string | undefined
  /** Plain configuration to begin with: key and value as on the command line. */
  readonly config: readonly (readonly [key: string, value: string])[]
}

/**
 * Makes a project with its first stack: `Pulumi.yaml` and the stack file, both or neither; and, in a `file://` backend,
 * the stack's first state.
 * @throws ERR_ALREADY_EXISTS where the folder holds a project or the stack's file
 */
export async function newProject(options: NewProjectOptions): Promise<InitStackResult> {
  const fs = options.fileSystem ?? nodeFileSystem
  const name = stackName(options.name)
  const file = join(options.folder, 'Pulumi.yaml')
  const project: Project = {
    name: projectName(options.projectName),
    file,
    stackFolder: options.folder,
    extension: '.yaml',
    backendUrl: undefined,
    config: [],
  }
  const stackFile = stackFilePath(project, name)
  for (const path of ['Pulumi.json', 'Pulumi.yaml', 'Pulumi.yml']
    .map((base) => join(options.folder, base))
    .concat(stackFile)) {
    if (readTextFile(fs, path) === undefined) continue
    throw new StacksealError('ERR_ALREADY_EXISTS', `${path} is there already`, {
      hint: 'a stack for a project that is there is made by "stackseal stack init NAME"',
      details: { file: basename(path), changed: false },
    })
  }

  const state = await openNewStackState(fs, project, name, options)
  state.refuseExisting(basename(stackFile))
  // Everything that can fail for reasons of its own comes before the first byte is written.
  const sealedKey = await makeKey(options, stackFile)
  const config = options.config.reduce<ConfigMap>((map, [key, value]) => {
    const place = parseConfigPlace(key, project.name, false)
    return setValue(map, place.key, place.path, { text: value })
  }, new Map())
  const stackText = StackFile.newText(sealedKey, config)
  const described = options.description === undefined ? [] : [['description', options.description] as const]
  const projectText = renderDocument([['name', project.name], ['runtime', 'yaml'], ...described])

  const label = basename(stackFile)
  let projectIsOurs = false
  let stackIsOurs = false
  let made: string | undefined
  try {
    using stateLock = await state.lock(lockOptions(options))
    makeFolder(fs, options.folder, 0o755)
    using _lock = await acquireLock(fs, file, lockOptions(options))
    replaceFile(fs, file, new TextEncoder().encode(projectText), undefined)
    projectIsOurs = true
    if (sealedKey.url.scheme !== 'passphrase') noteSealedKey(fs, options.env, stackFile, sealedKey)
    replaceFile(fs, stackFile, new TextEncoder().encode(stackText), undefined)
    stackIsOurs = true
    made = stateLock?.create(sealedKey)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    if (stackIsOurs) throw withoutState(error, name, label)
    // Both or neither: a project without its stack is taken back, but only what was written here, and never what
    // somebody else made meanwhile.
    const wrote = (path: string): boolean => error.details['file'] === path && error.details['changed'] === true
    const changed = wrote(stackFile)
    if (!changed && (projectIsOurs || wrote(file))) removeIfThere(fs, file)
    throw new StacksealError(error.code, `project ${project.name} could not be made: ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, file: label, changed },
      cause: error.cause,
    })
  }
  if (options.select) selectMade(fs, project, options, name, label)
  return { project, name, file: stackFile, created: true, backend: state.found, state: made }
}

function removeIfThere(fs: FileSystem, path: string): void {
  try {
    fs.unlink(path)
  } catch (error) {
    // It was never made, or the same fault that is being reported keeps it.
    if (errnoOf(error) === undefined) throw error
  }
}

/** Selects a stack that was just made. If that fails the stack is there all the same. */
function selectMade(fs: FileSystem, project: Project, options: InitStackOptions, name: string, label: string): void {
  try {
    selectStack(fs, project, options.env, name)
  } catch (error) {
    if (!isStacksealError(error)) throw error
    throw new StacksealError(error.code, `stack ${name} was made, but could not be selected: ${error.message}`, {
      hint: `select it with "stackseal stack select ${name}", or name it with -s`,
      details: { ...error.details, file: label, changed: true },
      cause: error.cause,
    })
  }
}

async function makeKey(options: InitStackOptions, file: string): Promise<SealedKey> {
  const url = newKeyUrl(options.secretsProvider)
  return (await Envelope.create(url, options.registry, providerContext(options, file))).sealedKey
}

async function readStackFile(
  fs: FileSystem,
  target: string,
  project: Project,
  label: string,
): Promise<StackFile | undefined> {
  const read = await readStackText(fs, target)
  return read === undefined ? undefined : StackFile.parse(read.text, project.name, label)
}

function lockOptions(options: InitStackOptions): LockOptions {
  const { command = 'stackseal stack init', lockTimeout: timeoutMs, signal, processes } = options
  return { command, timeoutMs, signal, processes }
}
