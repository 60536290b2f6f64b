import { Envelope, encodeBase64, parseKeyUrl, type ProviderV1, Registry } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { lockStack } from '../../src/backend/stack-lock.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import { initStack } from '../../src/stack-init.ts'
import { StackFile } from '../../src/stack-file.ts'
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
    let cause: unknown = error
    while (cause instanceof SuppressedError) cause = cause.error as unknown
    if (!(cause instanceof SimulatedExit)) throw error
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

/** What nobody may find broken, whatever was cut: notes and locks are JSON, which the reference insists on. */
function expectReadable(world: ForgettingFileSystem): void {
  for (const folder of [STACKS, '/backend/.pulumi']) {
    for (const [name, text] of Object.entries(filesIn(world, folder))) {
      if (name.endsWith('.attrs')) expect(JSON.parse(text)).toHaveProperty('md5')
      // Pulumi takes whatever ends so for a stack.
      if (/\.(json|gz|zst|yaml|yml)$/.test(name)) expect(['dev.json', 'meta.yaml']).toContain(name)
    }
  }
  for (const [name, text] of Object.entries(filesIn(world, LOCKS))) {
    expect(name).toMatch(/^[0-9a-f-]{36}\.json$/)
    expect(JSON.parse(text)).toHaveProperty('hostname')
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
        expectReadable(survivor)
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
      const error: unknown = await replace(faultyFileSystem(world, { failAtStep: step, error: 'ENOSPC' }).fs)
        .then(() => undefined)
        .catch((thrown: unknown) => thrown)
      const state = filesIn(world, STACKS)['dev.json']
      expect([OLD, NEW]).toContain(state)
      expectReadable(world)
      // Some steps may fail without a word: tidying up.
      if (error === undefined) {
        expect(state).toBe(NEW)
        continue
      }
      faults++
      expect(error).toMatchObject({ name: 'StacksealError', code: 'ERR_IO', details: { changed: state === NEW } })
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

/** 0: nothing is there; 1: the stack file; 2: file and state. Anything else fails. */
function stageOf(world: ForgettingFileSystem): number {
  const file = world.contentOf(FILE)
  const state = world.contentOf(`${STACKS}/dev.json`)
  if (file !== undefined) expect(new TextDecoder().decode(file)).toBe(newText)
  if (state === undefined) return file === undefined ? 0 : 1
  // A state alone would have Pulumi mint another key.
  expect(file).toBeDefined()
  const text = new TextDecoder().decode(state)
  expect(text).toContain(
    String.raw`"secrets_providers":{"type":"cloud","state":{"url":"plain://key?a=1\u0026b=2","encryptedkey":"${encodeBase64(KEY)}"}},"metadata":{}}}}`,
  )
  expect(new TextDecoder().decode(world.contentOf(`${STACKS}/dev.json.bak`))).toBe(
    '{"version":0,"checkpoint":{"stack":"organization/proj/dev"}}',
  )
  expect(new TextDecoder().decode(world.contentOf('/backend/.pulumi/meta.yaml'))).toBe('version: 1\n')
  return 2
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
    const stages = new Set<number>()
    const carriedOn = new Set<string>()
    for (let step = 1; step <= steps + 1; step++) {
      const world = empty()
      const done = await cutAt(world, step, init)
      expect(done).toBe(step > steps)
      for (const survivor of survivorsOf(world)) {
        const stage = stageOf(survivor)
        if (done) expect(stage).toBe(2)
        expectReadable(survivor)
        stages.add(stage)
        // Many cuts leave the same: one of each is carried on with.
        removeLocks(survivor)
        const left = JSON.stringify(
          ['/home/project', '/home/.pulumi/workspaces', '/backend/.pulumi', STACKS].map((at) => filesIn(survivor, at)),
        ).replaceAll(/"time[^,]*,|-new|[0-9TZ:.-]{20,}/g, '')
        if (carriedOn.has(left)) continue
        carriedOn.add(left)
        const again: unknown = await init(survivor)
          .then(() => undefined)
          .catch((error: unknown) => error)
        if (stage === 2) expect(again).toMatchObject({ code: 'ERR_ALREADY_EXISTS' })
        else expect(again).toBeUndefined()
        expect(stageOf(survivor)).toBe(2)
      }
    }
    expect(stages).toEqual(new Set([0, 1, 2]))
  })

  test('with a fault at every step says truthfully whether the stack file changed', async () => {
    const steps = await stepsOf(empty(), init)
    let half = 0
    for (let step = 1; step <= steps; step++) {
      const world = empty()
      const error: unknown = await init(faultyFileSystem(world, { failAtStep: step, error: 'EIO' }).fs)
        .then(() => undefined)
        .catch((thrown: unknown) => thrown)
      const stage = stageOf(world)
      if (error === undefined) {
        expect(stage).toBe(2)
        continue
      }
      if (stage === 1) half++
      expect({ step, error }).toMatchObject({
        step,
        error: { name: 'StacksealError', code: 'ERR_IO', details: { changed: stage > 0 } },
      })
    }
    expect(half).toBeGreaterThan(5)
  })
})
