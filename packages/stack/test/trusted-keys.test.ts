import { encodeBase64, type ProviderV1, Registry } from '@stackseal/core'
import { beforeEach, expect, test } from 'vitest'
import { initStack } from '../src/stack-init.ts'
import { rewrapStack } from '../src/stack-rewrap.ts'
import { openStack } from '../src/stack.ts'
import { trustStack } from '../src/trusted-keys.ts'
import { type ForgettingFileSystem, forgettingFileSystem } from './forgetting-file-system.ts'

const FOLDER = '/home/project'
const FILE = `${FOLDER}/Pulumi.dev.yaml`

const seen: { url: string; anyKey: string | undefined }[] = []
beforeEach(() => void seen.splice(0))

/** What it seals is the data key itself; it notes in which world it is opened. */
const service: ProviderV1 = {
  contract: 1,
  name: 'Service',
  schemes: ['service'],
  createKey: async () => {
    const dataKey = crypto.getRandomValues(new Uint8Array(32))
    return { dataKey, sealed: encodeBase64(dataKey) }
  },
  openKey: async (url, sealed, { env }) => {
    seen.push({ url: url.text, anyKey: env['STACKSEAL_ANY_KEY'] })
    return { dataKey: Uint8Array.from(atob(sealed), (byte) => byte.charCodeAt(0)) }
  },
  sealKey: async (_, dataKey) => encodeBase64(dataKey),
}

const options = (fileSystem: ForgettingFileSystem, home = '/home') => ({
  cwd: FOLDER,
  env: { HOME: home },
  registry: new Registry([service]),
  fileSystem,
  stack: 'dev',
})

async function made(): Promise<ForgettingFileSystem> {
  const fs = forgettingFileSystem({ [`${FOLDER}/Pulumi.yaml`]: 'name: project\nruntime: yaml\n' })
  const { stack: _, ...rest } = options(fs)
  await initStack({ ...rest, name: 'dev', secretsProvider: 'service://key', select: false })
  seen.splice(0)
  return fs
}

test('a trusted sealed key may be opened by any key, an untrusted one only by its own', async () => {
  const fs = await made()
  await (await openStack(options(fs))).open()
  await trustStack(options(fs))
  await (await openStack(options(fs))).open()
  // A re-wrap gives another sealed key: that one nobody has trusted.
  await rewrapStack({ ...options(fs), to: 'service://other' })
  await (await openStack(options(fs))).open()
  expect(seen).toEqual([
    { url: 'service://key', anyKey: undefined },
    { url: 'service://key', anyKey: '1' },
    { url: 'service://key', anyKey: '1' },
    { url: 'service://other', anyKey: undefined },
    { url: 'service://other', anyKey: undefined },
  ])
})

test('a re-wrap writes nothing where the key was changed meanwhile', async () => {
  const fs = await made()
  const text = new TextDecoder().decode(fs.contentOf(FILE))
  const theirs = text.replace('service://key', 'service://theirs')
  const sealing: ProviderV1 = {
    ...service,
    sealKey: async (_, dataKey) => {
      // Somebody else writes while the key service is being asked.
      fs.unlink(FILE)
      const fd = fs.openExclusive(FILE, 0o644)
      fs.write(fd, new TextEncoder().encode(theirs))
      fs.close(fd)
      return encodeBase64(dataKey)
    },
  }
  const registry = new Registry([sealing])
  await expect(rewrapStack({ ...options(fs), registry, to: 'service://other' })).rejects.toMatchObject({
    code: 'ERR_CHANGED_MEANWHILE',
    details: { changed: false },
  })
  expect(new TextDecoder().decode(fs.contentOf(FILE))).toBe(theirs)
})

test('a re-wrap keeps what somebody else wrote beside the key meanwhile', async () => {
  const fs = await made()
  const sealing: ProviderV1 = {
    ...service,
    sealKey: async (_, dataKey) => {
      const other = await openStack(options(fs))
      other.config.set('region', 'eu-west-1')
      await other.config.save()
      return encodeBase64(dataKey)
    },
  }
  await rewrapStack({ ...options(fs), registry: new Registry([sealing]), to: 'service://other' })
  const text = new TextDecoder().decode(fs.contentOf(FILE))
  expect(text).toMatch(/^secretsprovider: service:\/\/other\n/)
  expect(text).toContain('region: eu-west-1')
})
