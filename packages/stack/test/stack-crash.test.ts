import { Envelope, encodeBase64, parseKeyUrl, type ProviderV1, Registry } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../src/files/file-system.ts'
import { initStack, newProject } from '../src/stack-init.ts'
import { openStack } from '../src/stack.ts'
import { causeOf } from './cause-of.ts'
import { faultyFileSystem, SimulatedExit } from './faulty-file-system.ts'
import { type ForgettingFileSystem, forgettingFileSystem } from './forgetting-file-system.ts'

const FOLDER = '/home/project'
const FILE = `${FOLDER}/Pulumi.dev.yaml`
const KEY = new Uint8Array(32).fill(7)

/** A provider without a network and without a derivation: its sealed text is the key itself. */
const plain: ProviderV1 = {
  contract: 1,
  name: 'Plain',
  schemes: ['plain'],
  createKey: async () => ({ dataKey: KEY.slice(), sealed: encodeBase64(KEY) }),
  openKey: async () => ({ dataKey: KEY.slice() }),
}
const registry = new Registry([plain])
const url = parseKeyUrl('plain://key')
const envelope = Envelope.fromDataKey(KEY.slice(), { url, sealed: encodeBase64(KEY) })
const ciphertext = await envelope.encrypt('old secret')
const before = `secretsprovider: ${url.text}
encryptedkey: ${encodeBase64(KEY)}
config:
  project:plain: value # note
  project:secret:
    secure: ${ciphertext}
`

const options = (fileSystem: FileSystem) => ({
  cwd: FOLDER,
  env: { HOME: '/home' },
  registry,
  fileSystem,
  stack: 'dev',
})

interface Change {
  readonly files: Readonly<Record<string, string>>
  readonly make: (fs: FileSystem) => Promise<unknown>
}

const project = { [`${FOLDER}/Pulumi.yaml`]: 'name: project\nruntime: yaml\n' }
const inStack = (change: (stack: Awaited<ReturnType<typeof openStack>>) => Promise<unknown>): Change => ({
  files: { ...project, [FILE]: before },
  make: async (fs) => change(await openStack(options(fs))),
})

const changes: Readonly<Record<string, Change>> = {
  'config set': inStack(async ({ config }) => {
    config.set('plain', 'changed')
    return config.save()
  }),
  'config set --secret': inStack(async ({ config }) => {
    await config.setSecret('secret', 'new secret')
    return config.save()
  }),
  'several edits at once': inStack(async ({ config }) => {
    config.set('other', '1')
    await config.setSecret('list[0].deep', 'in a list', { path: true })
    config.remove('plain')
    return config.save()
  }),
  'stack init': {
    files: project,
    make: (fs) => initStack({ ...options(fs), name: 'dev', secretsProvider: url.text, select: true }),
  },
  new: {
    files: { '/home/readme': '' },
    make: (fs) =>
      newProject({
        ...options(fs),
        folder: FOLDER,
        projectName: 'project',
        name: 'dev',
        secretsProvider: url.text,
        select: true,
        config: [['region', 'eu']],
      }),
  },
}

/** Whether everything that a stack file holds opens: the whole point of cutting the power. */
async function isWhole(fs: FileSystem): Promise<boolean> {
  const stack = await openStack(options(fs))
  const reveal = await stack.reveal(stack.config.entries().map(({ value }) => value))
  return stack.secrets().every(({ secret }) => 'plaintext' in reveal(secret))
}

/** Runs a change on a world of its own up to a step. */
async function cutAt(change: Change, step: number): Promise<{ world: ForgettingFileSystem; done: boolean }> {
  const world = forgettingFileSystem(change.files)
  try {
    await change.make(faultyFileSystem(world, { exitAtStep: step }).fs)
    return { world, done: true }
  } catch (error) {
    // Giving the lock back fails as well, once the process is gone.
    if (!(causeOf(error) instanceof SimulatedExit)) throw error
    return { world, done: false }
  }
}

async function stepsOf(change: Change): Promise<number> {
  const counted = faultyFileSystem(forgettingFileSystem(change.files), { failAtStep: Infinity, error: 'EIO' })
  await change.make(counted.fs)
  return counted.steps()
}

function textOf(world: ForgettingFileSystem): string | undefined {
  const bytes = world.contentOf(FILE)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

describe.each(Object.entries(changes))('%s', (_, change) => {
  test('cut at every step leaves the old file or the new one, whole', async () => {
    const steps = await stepsOf(change)
    expect(steps).toBeGreaterThan(8)
    let [old, whole] = [0, 0]
    for (let step = 1; step <= steps + 1; step++) {
      const { world, done } = await cutAt(change, step)
      expect(done).toBe(step > steps)
      for (const survivor of world.survivors()) {
        const isOld = textOf(survivor) === change.files[FILE]
        // A stack file without its project can only be what `new` leaves: it is as new and as whole.
        const hasProject = survivor.contentOf(`${FOLDER}/Pulumi.yaml`) !== undefined
        const isGood = isOld ? !done : textOf(survivor) !== undefined && (!hasProject || (await isWhole(survivor)))
        expect({ step, isGood }).toEqual({ step, isGood: true })
        if (isOld) old++
        else whole++
      }
    }
    expect(old).toBeGreaterThan(0)
    expect(whole).toBeGreaterThan(0)
  })

  test('with a fault at every step says truthfully whether the file changed', async () => {
    const steps = await stepsOf(change)
    let faults = 0
    for (let step = 1; step <= steps; step++) {
      const world = forgettingFileSystem(change.files)
      const error: unknown = await change
        .make(faultyFileSystem(world, { failAtStep: step, error: 'EIO' }).fs)
        .then(() => undefined)
        .catch((thrown: unknown) => thrown)
      // Some steps may fail without a word: tidying up.
      if (error === undefined) continue
      faults++
      expect(error).toMatchObject({
        name: 'StacksealError',
        code: 'ERR_IO',
        details: { changed: textOf(world) !== change.files[FILE] },
      })
    }
    expect(faults).toBeGreaterThan(4)
  })
})
