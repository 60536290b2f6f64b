import {
  Envelope,
  encodeBase64,
  isStacksealError,
  parseKeyUrl,
  type ProviderV1,
  Registry,
  type StacksealError,
} from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { lockStack } from '../../src/backend/stack-lock.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import { initStack } from '../../src/stack-init.ts'
import { StackFile } from '../../src/stack-file.ts'
import { causeOf } from '../cause-of.ts'
import { faultyFileSystem, SimulatedExit } from '../faulty-file-system.ts'
import { type ForgettingFileSystem, forgettingFileSystem, textsIn } from '../forgetting-file-system.ts'
import { bytesOf } from '../temporary-folder.ts'
import { DEV, openBackend } from './open-backend.ts'

const STACKS = '/backend/.pulumi/stacks/proj'
const LOCKS = '/backend/.pulumi/locks/organization/proj/dev'
const OLD = '{"version":3,"checkpoint":{"old":true}}'
const NEW = '{"version":3,"checkpoint":{"new":true}}'
const OLDER = '{"version":0}'

/** Runs a change up to a step; whether it came to its end. */
async function cutAt(
  world: ForgettingFileSystem,
  step: number,
  change: (fs: FileSystem) => Promise<unknown>,
): Promise<boolean> {
  try {
    await change(faultyFileSystem(world, { exitAtStep: step }).fs)
    return true
  } catch (error) {
    // Giving locks back fails as well, once the process is gone.
    if (!(causeOf(error) instanceof SimulatedExit)) throw error
    return false
  }
}

async function stepsOf(world: ForgettingFileSystem, change: (fs: FileSystem) => Promise<unknown>): Promise<number> {
  const counted = faultyFileSystem(world, { failAtStep: Infinity, error: 'EIO' })
  await change(counted.fs)
  return counted.steps()
}

/** The texts of the files in a folder; none where it is missing. */
function filesIn(world: ForgettingFileSystem, folder: string): Record<string, string> {
  try {
    const files = textsIn(world, folder)
    return Object.fromEntries(Object.entries(files).filter(([name]) => world.contentOf(`${folder}/${name}`)))
  } catch {
    return {} // the model's only error here: no such folder
  }
}

const isJsonWith = (text: string, field: string): boolean => Object.hasOwn(JSON.parse(text) as object, field)

/** The reference insists that a note is JSON, and takes whatever ends so for a stack. */
function isGoodFile([name, text]: readonly [string, string]): boolean {
  if (name.endsWith('.attrs')) return isJsonWith(text, 'md5')
  return !/\.(?:json|gz|zst|yaml|yml)$/.test(name) || name === 'dev.json' || name === 'meta.yaml'
}

function isGoodLock([name, text]: readonly [string, string]): boolean {
  return /^[0-9a-f-]{36}\.json$/.test(name) && isJsonWith(text, 'hostname')
}

/** The files of the backend that somebody else would stumble over. */
function broken(world: ForgettingFileSystem): string[] {
  const kept = [STACKS, '/backend/.pulumi'].flatMap((folder) => Object.entries(filesIn(world, folder)))
  const locks = Object.entries(filesIn(world, LOCKS))
  return [...kept.filter((file) => !isGoodFile(file)), ...locks.filter((file) => !isGoodLock(file))].map(
    ([name]) => name,
  )
}

/** The StacksealError of a change that fails; undefined if it came to its end. */
async function failureOf(change: Promise<unknown>): Promise<StacksealError | undefined> {
  try {
    await change
    return undefined
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
}

async function replace(fs: FileSystem): Promise<void> {
  const backend = await openBackend('/backend', { fs })
  using lock = await lockStack(backend, DEV, { command: 'stack import', timeoutMs: 0 })
  const read = backend.read(DEV)
  if (read === undefined) throw new Error('no state')
  lock.replace(read, bytesOf(NEW))
}

const withState = (): ForgettingFileSystem =>
  forgettingFileSystem({
    '/backend/.pulumi/meta.yaml': 'version: 1\n',
    [`${STACKS}/dev.json`]: OLD,
    [`${STACKS}/dev.json.attrs`]: '{"md5":"AAAA"}\n',
    [`${STACKS}/dev.json.bak`]: OLDER,
  })

describe('replacing a state', () => {
  test('cut at every step leaves the old one or the new one, and what it was as .bak', async () => {
    const steps = await stepsOf(withState(), replace)
    expect(steps).toBeGreaterThan(20)
    const seen = new Set<string>()
    for (let step = 1; step <= steps + 1; step++) {
      const world = withState()
      const done = await cutAt(world, step, replace)
      expect(done).toBe(step > steps)
      for (const survivor of world.survivors()) {
        const found = filesIn(survivor, STACKS)
        const state = found['dev.json'] ?? 'none'
        expect(done ? [NEW] : [OLD, NEW]).toContain(state)
        expect(state === NEW ? [OLD] : [OLDER, OLD]).toContain(found['dev.json.bak'])
        expect(broken(survivor)).toEqual([])
        seen.add(state)
      }
    }
    expect(seen).toEqual(new Set([OLD, NEW]))
  })

  test('with a fault at every step says truthfully whether the state changed', async () => {
    const steps = await stepsOf(withState(), replace)
    let faults = 0
    for (let step = 1; step <= steps; step++) {
      const world = withState()
      const error = await failureOf(replace(faultyFileSystem(world, { failAtStep: step, error: 'ENOSPC' }).fs))
      const state = filesIn(world, STACKS)['dev.json']
      expect([OLD, NEW]).toContain(state)
      expect(broken(world)).toEqual([])
      // Some steps may fail without a word: tidying up.
      const expected = error === undefined ? [undefined, undefined, NEW] : ['ERR_IO', state === NEW, state]
      expect([error?.code, error?.details['changed'], state]).toEqual(expected)
      if (error !== undefined) faults++
    }
    expect(faults).toBeGreaterThan(15)
  })
})

const KEY = new Uint8Array(32).fill(7)
const plain: ProviderV1 = {
  contract: 1,
  name: 'Plain',
  schemes: ['plain'],
  createKey: async () => ({ dataKey: KEY.slice(), sealed: encodeBase64(KEY) }),
  openKey: async () => ({ dataKey: KEY.slice() }),
}
const url = parseKeyUrl('plain://key?a=1&b=2')
const envelope = Envelope.fromDataKey(KEY.slice(), { url, sealed: encodeBase64(KEY) })
const registry = new Registry([plain])
const FILE = '/home/project/Pulumi.dev.yaml'
const newText = StackFile.newText(envelope.sealedKey)

const init = (fs: FileSystem): Promise<unknown> =>
  initStack({
    cwd: '/home/project',
    env: { HOME: '/home', PULUMI_BACKEND_URL: 'file:///backend' },
    registry,
    fileSystem: fs,
    name: 'dev',
    secretsProvider: url.text,
    select: true,
  })
const empty = (): ForgettingFileSystem =>
  forgettingFileSystem({ '/home/project/Pulumi.yaml': 'name: proj\nruntime: yaml\n', '/backend/readme': '' })

/** Nothing is there, the stack file, or file and state; anything else is what nobody may find. */
function stageOf(world: ForgettingFileSystem): 'nothing' | 'file' | 'both' | 'broken' {
  const textOf = (path: string): string | undefined => {
    const bytes = world.contentOf(path)
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  }
  const file = textOf(FILE)
  const state = textOf(`${STACKS}/dev.json`)
  if (file === undefined && state === undefined) return 'nothing'
  // A state alone would have Pulumi mint another key.
  if (file !== newText) return 'broken'
  if (state === undefined) return 'file'
  const isWhole =
    state.endsWith(
      String.raw`"secrets_providers":{"type":"cloud","state":{"url":"plain://key?a=1\u0026b=2","encryptedkey":"${encodeBase64(KEY)}"}},"metadata":{}}}}`,
    ) &&
    textOf(`${STACKS}/dev.json.bak`) === '{"version":0,"checkpoint":{"stack":"organization/proj/dev"}}' &&
    textOf('/backend/.pulumi/meta.yaml') === 'version: 1\n'
  return isWhole ? 'both' : 'broken'
}

/** What `pulumi cancel` does; the process of the lock is the test's own, which is not gone. */
function removeLocks(world: ForgettingFileSystem): void {
  for (const folder of [LOCKS, STACKS, '/home/project', '/home/.pulumi/workspaces']) {
    for (const name of Object.keys(filesIn(world, folder))) {
      if (folder === LOCKS || name.includes('stackseal-lock')) world.unlink(`${folder}/${name}`)
    }
  }
}

/**
 * What a power cut may leave: everything where little is unsaved, else each change of a name alone and each one missing.
 * The names of three locks are never flushed, so that all selections of them would be thousands.
 */
function* survivorsOf(world: ForgettingFileSystem): Generator<ForgettingFileSystem> {
  const all = [...world.pendingNames.keys()]
  if (all.length <= 5) {
    yield* world.survivors()
    return
  }
  const selections = all.flatMap((index) => [[index], all.filter((other) => other !== index)])
  for (const selection of [[], all, ...selections]) {
    for (const data of ['saved', 'torn', 'kept'] as const) yield world.crash(new Set(selection), data)
  }
}

describe('stack init with a state', () => {
  test('cut at every step leaves nothing, the stack file, or both; and is completed by the same command', async () => {
    const steps = await stepsOf(empty(), init)
    expect(steps).toBeGreaterThan(40)
    const stages = new Set<string>()
    const carriedOn = new Set<string>()
    for (let step = 1; step <= steps + 1; step++) {
      const world = empty()
      const done = await cutAt(world, step, init)
      expect(done).toBe(step > steps)
      for (const survivor of survivorsOf(world)) {
        const stage = stageOf(survivor)
        expect(done ? ['both'] : ['nothing', 'file', 'both']).toContain(stage)
        expect(broken(survivor)).toEqual([])
        stages.add(stage)
        // Many cuts leave the same: one of each is carried on with.
        removeLocks(survivor)
        const left = JSON.stringify(
          ['/home/project', '/home/.pulumi/workspaces', '/backend/.pulumi', STACKS].map((at) => filesIn(survivor, at)),
        ).replaceAll(/"time[^,]*,|-new|[0-9TZ:.-]{20,}/g, '')
        if (carriedOn.has(left)) continue
        carriedOn.add(left)
        const again = await failureOf(init(survivor))
        expect(again?.code).toBe(stage === 'both' ? 'ERR_ALREADY_EXISTS' : undefined)
        expect(stageOf(survivor)).toBe('both')
      }
    }
    expect(stages).toEqual(new Set(['nothing', 'file', 'both']))
  })

  test('with a fault at every step says truthfully whether the stack file changed', async () => {
    const steps = await stepsOf(empty(), init)
    let half = 0
    for (let step = 1; step <= steps; step++) {
      const world = empty()
      const error = await failureOf(init(faultyFileSystem(world, { failAtStep: step, error: 'EIO' }).fs))
      const stage = stageOf(world)
      const expected = error === undefined ? [undefined, undefined, 'both'] : ['ERR_IO', stage !== 'nothing', stage]
      expect([error?.code, error?.details['changed'], stage]).toEqual(expected)
      expect(stage).not.toBe('broken')
      if (stage === 'file') half++
    }
    expect(half).toBeGreaterThan(5)
  })
})
