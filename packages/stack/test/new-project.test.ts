import { encodeBase64, type ProviderV1, Registry } from '@stackseal/core'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { newProject } from '../src/stack-init.ts'
import { openStack } from '../src/stack.ts'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './temporary-folder.ts'

/** A provider that does something at the moment when a key is made: what others do meanwhile. */
function registryThat(meanwhile: () => void): Registry {
  const key = new Uint8Array(32).fill(7)
  const provider: ProviderV1 = {
    contract: 1,
    name: 'Plain',
    schemes: ['plain'],
    createKey: async () => {
      meanwhile()
      return { dataKey: key.slice(), sealed: encodeBase64(key) }
    },
    openKey: async () => ({ dataKey: key.slice() }),
  }
  return new Registry([provider])
}

const options = (folder: string, meanwhile: () => void) => ({
  cwd: folder,
  env: { HOME: folder },
  registry: registryThat(meanwhile),
  fileSystem: nodeFileSystem,
  folder,
  projectName: 'project',
  name: 'dev',
  secretsProvider: 'plain://key',
  select: false,
  config: [],
  lockTimeout: 0,
})

test('a project that somebody else makes meanwhile stays', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'Pulumi.yaml')
  const theirs = 'name: theirs\nruntime: yaml\n'
  await expect(newProject(options(folder, () => writeFileSync(file, theirs)))).rejects.toMatchObject({
    code: 'ERR_CHANGED_MEANWHILE',
    details: { changed: false },
  })
  expect(readFileSync(file, 'utf8')).toBe(theirs)
  expect(existsSync(join(folder, 'Pulumi.dev.yaml'))).toBe(false)
})

test('a stack file that somebody else makes meanwhile stays, and the project is taken back', async () => {
  const folder = temporaryFolder()
  const stackFile = join(folder, 'Pulumi.dev.yaml')
  await expect(newProject(options(folder, () => writeFileSync(stackFile, '# theirs\n')))).rejects.toMatchObject({
    code: 'ERR_CHANGED_MEANWHILE',
    details: { changed: false },
  })
  expect(readFileSync(stackFile, 'utf8')).toBe('# theirs\n')
  expect(existsSync(join(folder, 'Pulumi.yaml'))).toBe(false)
})

test('a secret that does not open names its key for a program', async () => {
  const folder = join(temporaryFolder(), 'shop')
  mkdirSync(folder)
  const made = await newProject(options(folder, () => undefined))
  const text = readFileSync(made.file, 'utf8')
  writeFileSync(made.file, `${text}config:\n  project:db:\n    password:\n      secure: v1:oKGio6Slpqeoqaqr:AAAA\n`)
  const { config } = await openStack({ ...options(folder, () => undefined), stack: 'dev' })
  const error: unknown = await config.getSecret('db').catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'ERR_DECRYPT_FAILED', details: { key: 'db', stack: 'dev' } })
  expect((error as Error).message).toContain('db of stack dev')
})
