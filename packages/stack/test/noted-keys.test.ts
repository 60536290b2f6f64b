import { encodeBase64, parseKeyUrl, type ProviderV1, Registry } from '@stackseal/core'
import { expect, test } from 'vitest'
import type { FileSystem } from '../src/files/file-system.ts'
import { initStack } from '../src/stack-init.ts'
import { openStack, type Stack } from '../src/stack.ts'
import { type ForgettingFileSystem, forgettingFileSystem } from './forgetting-file-system.ts'

const FOLDER = '/home/project'
const FILE = `${FOLDER}/Pulumi.dev.yaml`
const project = { [`${FOLDER}/Pulumi.yaml`]: 'name: project\nruntime: yaml\n' }

/** A key service with a key for each URL; what it seals is the data key itself. */
const service: ProviderV1 = {
  contract: 1,
  name: 'Service',
  schemes: ['service'],
  createKey: async () => {
    const dataKey = crypto.getRandomValues(new Uint8Array(32))
    return { dataKey, sealed: encodeBase64(dataKey) }
  },
  openKey: async (_, sealed) => ({ dataKey: Uint8Array.from(atob(sealed), (byte) => byte.charCodeAt(0)) }),
}

const options = (fileSystem: FileSystem, home = '/home') => ({
  cwd: FOLDER,
  env: { HOME: home },
  registry: new Registry([service]),
  fileSystem,
})
const made = async (): Promise<ForgettingFileSystem> => {
  const fs = forgettingFileSystem(project)
  await initStack({ ...options(fs), name: 'dev', secretsProvider: 'service://key', select: true })
  return fs
}
const textOf = (fs: ForgettingFileSystem): string => new TextDecoder().decode(fs.contentOf(FILE))

async function setSecret(stack: Stack): Promise<void> {
  await stack.config.setSecret('token', 'value')
  await stack.config.save()
}

test('the first secret is encrypted under a key that was made on this machine', async () => {
  const fs = await made()
  await setSecret(await openStack({ ...options(fs), stack: 'dev' }))
  const again = await openStack({ ...options(fs), stack: 'dev' })
  expect((await again.config.requireSecret('token')).reveal()).toBe('value')
})

test('a key that somebody else put into a file without secrets is not used', async () => {
  const fs = await made()
  const checkedOut = forgettingFileSystem({
    ...project,
    [FILE]: textOf(fs).replace('service://key', 'service://theirs'),
  })
  const stack = await openStack({ ...options(checkedOut), stack: 'dev' })
  await expect(setSecret(stack)).rejects.toMatchObject({ code: 'ERR_KEY_NOT_PROVEN', details: { changed: false } })
  // On another machine the same holds for the file as it was made: nothing there tells the one from the other.
  const elsewhere = await openStack({ ...options(fs, '/elsewhere'), stack: 'dev' })
  await expect(setSecret(elsewhere)).rejects.toMatchObject({ code: 'ERR_KEY_NOT_PROVEN' })
})

test('a secret that opens proves the key anywhere', async () => {
  const fs = await made()
  await setSecret(await openStack({ ...options(fs), stack: 'dev' }))
  const elsewhere = await openStack({ ...options(fs, '/elsewhere'), stack: 'dev' })
  await elsewhere.config.setSecret('other', 'value')
  expect((await elsewhere.config.save()).changed).toBe(true)
})

test('a secret that does not open proves nothing', async () => {
  const fs = await made()
  await setSecret(await openStack({ ...options(fs), stack: 'dev' }))
  const swapped = textOf(fs).replace(/encryptedkey: .*/, `encryptedkey: ${encodeBase64(new Uint8Array(32))}`)
  const checkedOut = forgettingFileSystem({ ...project, [FILE]: swapped })
  const stack = await openStack({ ...options(checkedOut), stack: 'dev' })
  await stack.config.setSecret('other', 'value')
  await expect(stack.config.save()).rejects.toMatchObject({ code: 'ERR_KEY_NOT_PROVEN' })
  expect(textOf(checkedOut)).toBe(swapped)
  expect(parseKeyUrl('service://key').text).toBe(stack.sealedKey?.url.text)
})
