import { encodeBase64, parseKeyUrl, type ProviderV1, Registry } from '@stackseal/core'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { initialState } from '../../src/backend/initial-state.ts'
import { initStack, type InitStackOptions, newProject } from '../../src/stack-init.ts'
import { listProjectStacks } from '../../src/stack-listing.ts'
import { selectStack } from '../../src/workspace-file.ts'
import { nodeFileSystem } from '../../src/files/file-system.ts'
import { readVector } from '../pulumi-tables.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { rejectionOf } from '../thrown-by.ts'
import { writeFiles } from './open-backend.ts'

let keys = 0
/** Opens what it made itself; each key is another. */
const plain: ProviderV1 = {
  contract: 1,
  name: 'Plain',
  schemes: ['plain'],
  createKey: async () => {
    const dataKey = new Uint8Array(32).fill(++keys)
    return { dataKey, sealed: encodeBase64(dataKey) }
  },
  openKey: async (_, sealed) => ({ dataKey: Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0)) }),
}
const registry = new Registry([plain])

interface World {
  readonly folder: string
  readonly options: InitStackOptions
}

function world(files: Readonly<Record<string, string>> = {}): World {
  const folder = temporaryFolder()
  writeFiles(folder, { 'project/Pulumi.yaml': 'name: proj\nruntime: yaml\n', 'backend/readme': '', ...files })
  const options = {
    cwd: join(folder, 'project'),
    env: { HOME: folder, PULUMI_BACKEND_URL: `file://${folder}/backend` },
    registry,
    name: 'dev',
    secretsProvider: 'plain://key',
    select: true,
  }
  return { folder, options }
}

const STATE = 'backend/.pulumi/stacks/proj/dev.json'
const FILE = 'project/Pulumi.dev.yaml'
const textOf = ({ folder }: World, name: string): string => readFileSync(join(folder, name), 'utf8')
const keyOf = (text: string): string | undefined => /encryptedkey"?: ?"?([A-Za-z0-9+/=]+)/.exec(text)?.[1]

test('the first state is byte for byte that of Pulumi, but for its time', () => {
  const tables = JSON.parse(readVector('tables.json')) as { readonly stackInitBytes: Readonly<Record<string, string>> }
  const row = tables.stackInitBytes
  const second = row['secondWrite'] ?? ''
  const salt = /^encryptionsalt: (.*)\n$/.exec(row['Pulumi.dev.yaml'] ?? '')?.[1] ?? ''
  const time = '2026-11-24T08:30:43.437Z'
  const sealedKey = { url: parseKeyUrl('passphrase:'), sealed: salt }
  const { document, previous } = initialState('organization/proj/dev', sealedKey, new Date(time))
  expect(new TextDecoder().decode(previous)).toBe(row['firstWrite'])
  expect(new TextDecoder().decode(document)).toBe(second.replace(/(?<="time":")[^"]+/, time))
  expect(second).toContain('"time":"')
})

describe('stack init', () => {
  test('makes the stack file, the state and what belongs to it, with one key, and leaves no lock', async () => {
    const made = world()
    const result = await initStack(made.options)
    expect(result).toMatchObject({ created: true, state: join(made.folder, STATE), backend: { kind: 'file' } })
    expect(keyOf(textOf(made, STATE))).toBe(keyOf(textOf(made, FILE)))
    expect(keyOf(textOf(made, FILE))).toBeDefined()
    expect(readdirSync(join(made.folder, 'backend/.pulumi'))).toEqual([
      'locks',
      'meta.yaml',
      'meta.yaml.attrs',
      'stacks',
    ])
    expect(readdirSync(join(made.folder, 'backend/.pulumi/locks/organization/proj/dev'))).toEqual([])
    expect(readdirSync(join(made.folder, 'backend/.pulumi/stacks/proj'))).toEqual(
      ['', '.attrs', '.bak', '.bak.attrs'].map((ending) => `dev.json${ending}`),
    )
  })

  test('of a stack that is there is refused', async () => {
    const made = world()
    await initStack(made.options)
    const [file, state] = [textOf(made, FILE), textOf(made, STATE)]
    expect((await rejectionOf(initStack(made.options))).code).toBe('ERR_ALREADY_EXISTS')
    expect([textOf(made, FILE), textOf(made, STATE)]).toEqual([file, state])
  })

  test('gives a state to a stack file that has a key, and keeps both file and key', async () => {
    const made = world()
    await initStack({ ...made.options, env: { HOME: made.folder } })
    expect(existsSync(join(made.folder, STATE))).toBe(false)
    const file = textOf(made, FILE)
    const before = keys
    const result = await initStack({ ...made.options, secretsProvider: 'passphrase' })
    expect(result).toMatchObject({ created: false, state: join(made.folder, STATE) })
    expect(textOf(made, FILE)).toBe(file)
    expect(keyOf(textOf(made, STATE))).toBe(keyOf(file))
    expect(keys).toBe(before)
  })

  test('does not take a key that does not open into a state', async () => {
    const file = 'secretsprovider: plain://key\nencryptedkey: AAAA\n'
    const made = world({ [FILE]: file })
    const error = await rejectionOf(initStack(made.options))
    expect(error).toMatchObject({ code: 'ERR_PROVIDER_INVALID', details: { file: 'Pulumi.dev.yaml', changed: false } })
    expect(existsSync(join(made.folder, 'backend/.pulumi'))).toBe(false)
  })

  test('with another provider than the file has is refused', async () => {
    const made = world()
    await initStack({ ...made.options, env: { HOME: made.folder } })
    const error = await rejectionOf(initStack({ ...made.options, secretsProvider: 'plain://another' }))
    expect(error).toMatchObject({ code: 'ERR_ALREADY_EXISTS' })
    expect(error.message).toContain('plain://another')
  })

  test.each([
    ['no file', {}],
    ['a file without a key', { [FILE]: 'config:\n  proj:a: 1\n' }],
  ])('is refused where the state is there and %s', async (_, files) => {
    const made = world({ ...files, [STATE]: '{"version":3}', 'backend/.pulumi/meta.yaml': 'version: 1\n' })
    const error = await rejectionOf(initStack(made.options))
    expect(error).toMatchObject({ code: 'ERR_ALREADY_EXISTS', details: { state: join(made.folder, STATE) } })
    expect(existsSync(join(made.folder, FILE))).toBe(Object.keys(files).length > 0)
  })

  test('writes nothing where Pulumi holds the stack', async () => {
    const lock = { pid: 1, username: 'u', hostname: 'elsewhere', timestamp: '2026-11-24T08:30:43Z' }
    const made = world({
      'backend/.pulumi/meta.yaml': 'version: 1\n',
      'backend/.pulumi/locks/organization/proj/dev/x.json': JSON.stringify(lock),
    })
    const error = await rejectionOf(initStack(made.options))
    expect(error).toMatchObject({ code: 'ERR_LOCKED', details: { changed: false } })
    expect(existsSync(join(made.folder, FILE))).toBe(false)
    expect(existsSync(join(made.folder, STATE))).toBe(false)
  })

  test.each([
    [{ PULUMI_BACKEND_URL: 's3://bucket' }, { kind: 'unreached', url: 's3://bucket', source: 'environment' }],
    [{}, { kind: 'none', login: 'none' }],
  ])('with %o writes the stack file alone', async (env, backend) => {
    const made = world()
    const result = await initStack({ ...made.options, env: { HOME: made.folder, ...env } })
    expect(result).toMatchObject({ created: true, state: undefined, backend })
    expect(readdirSync(join(made.folder, 'backend'))).toEqual(['readme'])
  })

  test('in a backend whose folder is missing writes nothing', async () => {
    const made = world()
    const env = { HOME: made.folder, PULUMI_BACKEND_URL: `file://${made.folder}/missing` }
    expect((await rejectionOf(initStack({ ...made.options, env }))).code).toBe('ERR_FILE_NOT_FOUND')
    expect(existsSync(join(made.folder, FILE))).toBe(false)
  })

  test('finds the backend of the project file from the working folder', async () => {
    const made = world({ 'project/Pulumi.yaml': 'name: proj\nruntime: yaml\nbackend:\n  url: file://../backend\n' })
    const result = await initStack({ ...made.options, env: { HOME: made.folder } })
    expect(result.state).toBe(join(made.folder, STATE))
  })
})

test('new makes the first state too, and nothing where one is there', async () => {
  const made = world()
  const options = {
    ...made.options,
    folder: join(made.folder, 'fresh'),
    projectName: 'proj',
    config: [],
  }
  expect((await newProject(options)).state).toBe(join(made.folder, STATE))
  expect(keyOf(textOf(made, STATE))).toBe(keyOf(textOf(made, 'fresh/Pulumi.dev.yaml')))
  const again = { ...options, folder: join(made.folder, 'another') }
  expect((await rejectionOf(newProject(again))).code).toBe('ERR_ALREADY_EXISTS')
  expect(existsSync(again.folder)).toBe(false)
})

describe('the list of stacks', () => {
  const files = {
    'project/Pulumi.both.yaml': '',
    'project/Pulumi.file.yaml': '',
    'backend/.pulumi/meta.yaml': 'version: 1\n',
    'backend/.pulumi/stacks/proj/both.json': '{}',
    'backend/.pulumi/stacks/proj/state.json.gz': '{}',
    'backend/.pulumi/stacks/other/third.json': '{}',
  }

  test('says which half of each is there', async () => {
    const { folder, options } = world(files)
    const { project } = await listProjectStacks(options)
    selectStack(nodeFileSystem, project, options.env, 'state')
    const listing = await listProjectStacks(options)
    expect(listing.backend.kind).toBe('file')
    expect(listing.stacks).toEqual([
      { name: 'both', hasFile: true, hasState: true, current: false },
      { name: 'file', hasFile: true, hasState: false, current: false },
      { name: 'state', hasFile: false, hasState: true, current: true },
    ])
    expect(readdirSync(join(folder, 'backend/.pulumi'))).toEqual(['meta.yaml', 'stacks'])
  })

  test('knows the files alone where the backend is not reached', async () => {
    const { folder, options } = world(files)
    const env = { HOME: folder, PULUMI_BACKEND_URL: 'https://api.pulumi.com' }
    expect((await listProjectStacks({ ...options, env })).stacks).toEqual([
      { name: 'both', hasFile: true, hasState: undefined, current: false },
      { name: 'file', hasFile: true, hasState: undefined, current: false },
    ])
  })
})
