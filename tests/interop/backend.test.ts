import { FileBackend, findBackend, lockStack, nodeFileSystem } from '@stackseal/stack'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Playground, PROJECT, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'

const DEV = { project: PROJECT, stack: 'dev' }
const STACKS = join('backend/.pulumi/stacks', PROJECT)

/** The backend as the library finds and opens it in the playground's environment. */
async function openBackend(
  playground: Playground,
  cwd: string,
  env: Record<string, string> = {},
): Promise<FileBackend> {
  const world = { ...playground.env, ...env }
  const found = findBackend(nodeFileSystem, undefined, { cwd, env: world })
  if (found.kind !== 'file') throw new Error(`the backend is ${found.kind}`)
  return FileBackend.open(nodeFileSystem, found.folder, { env: world })
}

/** What is drawn by lot or by the clock, taken out. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/v1:[A-Za-z0-9+/=]+:v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+=*/g, 'SALT')
    .replaceAll(/(?<="time":")[^"]+/g, 'TIME')
    .replaceAll(/(?<="md5":")[^"]+/g, 'MD5')
}

/** Every file below a folder with its text. */
function filesBelow(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => [path.slice(folder.length + 1), withoutChance(readFileSync(path, 'latin1'))]),
  )
}

const PACKINGS = [
  ['none', {}, 'dev.json'],
  ['gzip', { PULUMI_DIY_BACKEND_GZIP: 'true' }, 'dev.json.gz'],
  ['zstd', { PULUMI_DIY_BACKEND_ZSTD: 'true' }, 'dev.json.zst'],
] as const

describe.concurrent('a stack that Stackseal makes in a file:// backend', () => {
  test('is file by file what Pulumi makes, but for chance and the clock', async (context) => {
    skipWithoutPulumi(context)
    using ours = new Playground()
    using theirs = new Playground()
    await out(ours.stackseal(ours.project('shop'), ['stack', 'init', 'dev']))
    await out(theirs.pulumi(theirs.project('shop'), ['stack', 'init', 'dev']))
    const expected = filesBelow(join(theirs.folder, 'backend'))
    expect(Object.keys(expected)).toHaveLength(6)
    expect(filesBelow(join(ours.folder, 'backend'))).toEqual(expected)
    expect(filesBelow(join(ours.folder, 'projects/shop'))).toEqual(filesBelow(join(theirs.folder, 'projects/shop')))
  })

  test.for(PACKINGS)('packed with %s is one that Pulumi works on', async ([packing, env, name], context) => {
    skipWithoutPulumi(context)
    using playground = new Playground(env)
    const folder = playground.project('shop')
    await out(playground.stackseal(folder, ['stack', 'init', 'dev']))
    expect(existsSync(join(playground.folder, STACKS, name))).toBe(true)
    expect(await out(playground.pulumi(folder, ['stack', 'ls']))).toContain('dev*')
    await out(playground.pulumi(folder, ['config', 'set', '--secret', 'key', 'opensesame']))
    expect(await out(playground.stackseal(folder, ['config', 'get', 'key']))).toBe('opensesame\n')
    const exported = await out(playground.pulumi(folder, ['stack', 'export', '--show-secrets']))
    expect(readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8')).toContain(
      (JSON.parse(exported) as { deployment: { secrets_providers: { state: { salt: string } } } }).deployment
        .secrets_providers.state.salt,
    )
    await out(playground.pulumi(folder, ['stack', 'import'], exported))
    const backend = await openBackend(playground, folder)
    expect(backend.read(DEV)).toMatchObject({ compression: packing, file: expect.stringContaining(name) as string })
  })

  test('is not made over one of Pulumi, nor the other way round', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'theirs']))
    await out(playground.stackseal(folder, ['stack', 'init', 'ours']))
    const before = filesBelow(join(playground.folder, 'backend'))
    const refused = await playground.stackseal(folder, ['stack', 'init', 'theirs'])
    expect(refused.exit).toBe(2)
    expect(refused.stderr).toContain('ERR_ALREADY_EXISTS')
    expect((await playground.pulumi(folder, ['stack', 'init', 'ours'])).stderr).toContain('already exists')
    rmSync(join(folder, 'Pulumi.theirs.yaml'))
    expect((await playground.stackseal(folder, ['stack', 'init', 'theirs'])).stderr).toContain('ERR_ALREADY_EXISTS')
    expect(filesBelow(join(playground.folder, 'backend'))).toEqual(before)
  })

  test('from a stack file that is there has its salt', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
    await out(playground.pulumi(folder, ['config', 'set', '--secret', 'key', 'opensesame']))
    const file = readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8')
    rmSync(join(playground.folder, 'backend/.pulumi'), { recursive: true })
    await out(playground.stackseal(folder, ['stack', 'init', 'dev']))
    expect(readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8')).toBe(file)
    expect(await out(playground.pulumi(folder, ['config', 'get', 'key']))).toBe('opensesame\n')
    expect(await out(playground.pulumi(folder, ['stack', 'export']))).toContain(
      /^encryptionsalt: (.*)$/m.exec(file)?.[1] ?? 'no salt',
    )
  })
})

test('the list of stacks tells which half is missing, in both tools', async (context) => {
  skipWithoutPulumi(context)
  using playground = new Playground()
  const folder = playground.project('shop')
  for (const name of ['both', 'state']) await out(playground.pulumi(folder, ['stack', 'init', name]))
  rmSync(join(folder, 'Pulumi.state.yaml'))
  writeFileSync(join(folder, 'Pulumi.file.yaml'), 'config: {}\n')
  expect(await out(playground.stackseal(folder, ['stack', 'ls']))).toBe(
    'NAME\nboth\nfile  (no state)\nstate*  (no stack file)\n',
  )
  const theirs = JSON.parse(await out(playground.pulumi(folder, ['stack', 'ls', '--json']))) as { name: string }[]
  expect(theirs.map(({ name }) => name)).toEqual(['both', 'state'])
  await out(playground.stackseal(folder, ['stack', 'select', 'both']))
  await out(playground.stackseal(folder, ['stack', 'select', 'state']))
  expect(await out(playground.pulumi(folder, ['stack', '--show-name']))).toBe('state\n')
})

describe.concurrent('the place of a backend', () => {
  // Each with the folder in which both are run; the project lies one above.
  test.for([
    'file://.',
    'file://./state',
    'file://../state',
    'file://state',
    'file://localhost',
    'file://./st%61te?metadata=skip',
    'file://./my state',
    'file://./made?create_dir=1&no_tmp_dir=false&dir_file_mode=0700',
    'file://./state#note',
  ])('%s is where Pulumi finds it, also from a project file', async (url, context) => {
    skipWithoutPulumi(context)
    for (const inProject of [false, true]) {
      using playground = new Playground({ PULUMI_BACKEND_URL: inProject ? '' : url })
      const project = `name: ${PROJECT}\nruntime: yaml\n${inProject ? `backend:\n  url: ${JSON.stringify(url)}\n` : ''}`
      const folder = playground.project('shop', undefined, project)
      const at = join(folder, 'inner')
      for (const name of ['state', 'inner/state', 'inner/my state', 'inner/localhost'])
        mkdirSync(join(folder, name), { recursive: true })
      await out(playground.pulumi(at, ['stack', 'init', 'theirs']))
      expect(await out(playground.stackseal(at, ['stack', 'ls']))).toBe('NAME\ntheirs*\n')
      await out(playground.stackseal(at, ['stack', 'init', 'ours']))
      expect(await out(playground.pulumi(at, ['stack', 'ls']))).toContain('ours*')
      expect(await out(playground.pulumi(at, ['stack', 'ls']))).toContain('theirs')
    }
  })

  test.for([
    'file:///%zz',
    'file://st%61te',
    'file://a:b/state',
    'file://my state',
    'file://.?colour=red',
    'file://.?metadata=all',
    'file://./missing',
  ])('%s is refused by both', async (url, context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_BACKEND_URL: url })
    const folder = playground.project('shop')
    expect((await playground.pulumi(folder, ['stack', 'ls'])).exit).not.toBe(0)
    expect((await playground.stackseal(folder, ['stack', 'ls'])).stderr).toMatch(
      /ERR_INVALID_BACKEND_URL|ERR_FILE_NOT_FOUND/,
    )
  })

  test('is what Pulumi’s login says, also in the folder of PULUMI_CREDENTIALS_PATH', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_BACKEND_URL: '' })
    const folder = playground.project('shop')
    const env = { PULUMI_CREDENTIALS_PATH: join(playground.folder, 'home/credentials') }
    for (const [name, more] of [
      ['first', {}],
      ['second', env],
    ] as const) {
      const place = join(playground.folder, name)
      mkdirSync(place)
      await out(playground.pulumi(folder, ['login', `file://${place}`], '', more))
      await out(playground.pulumi(folder, ['stack', 'init', name], '', more))
    }
    expect(await out(playground.stackseal(folder, ['stack', 'ls']))).toContain('first*\n')
    expect(await out(playground.stackseal(folder, ['stack', 'ls'], '', env))).toContain('second*\n')
  })
})

describe.concurrent('a lock', () => {
  test('of Stackseal stops every command of Pulumi that writes a state, and "pulumi cancel" removes it', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
    const exported = await out(playground.pulumi(folder, ['stack', 'export']))
    const backend = await openBackend(playground, folder)
    {
      using _lock = await lockStack(backend, DEV, { command: 'test' })
      for (const command of [
        ['stack', 'import'],
        ['stack', 'rename', 'other'],
        ['destroy', '--yes'],
        ['refresh', '--yes'],
      ]) {
        const refused = await playground.pulumi(folder, command, exported)
        expect(refused.exit).not.toBe(0)
        const text = refused.stderr + refused.stdout
        expect(text).toContain('the stack is currently locked by 1 lock(s)')
        expect(text).toContain(`@${hostname()} (pid ${process.pid})`)
      }
      expect(await out(playground.pulumi(folder, ['stack', 'export']))).toBe(exported)
    }
    await out(playground.pulumi(folder, ['stack', 'import'], exported))

    using _left = await lockStack(backend, DEV, { command: 'test' })
    await out(playground.pulumi(folder, ['cancel', '--yes']))
    await out(playground.pulumi(folder, ['stack', 'import'], exported))
  })

  test('of Pulumi stops Stackseal', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'prod']))
    // What Pulumi leaves where it is killed, with the fields it writes.
    const locks = join(playground.folder, 'backend/.pulumi/locks/organization', PROJECT, 'dev')
    mkdirSync(locks, { recursive: true })
    const left = { pid: 4194305, username: 'somebody', hostname: 'elsewhere', timestamp: '2026-11-24T08:30:43.4+01:00' }
    writeFileSync(join(locks, '6f2c6a3e-0000-4000-8000-000000000000.json'), JSON.stringify(left))
    const refused = await playground.stackseal(folder, ['stack', 'init', 'dev'])
    expect(refused.exit).toBe(5)
    for (const part of ['ERR_LOCKED', 'somebody', 'elsewhere', '4194305', 'pulumi cancel'])
      expect(refused.stderr).toContain(part)
    expect(existsSync(join(folder, 'Pulumi.dev.yaml'))).toBe(false)
    expect((await playground.pulumi(folder, ['stack', 'init', 'dev'])).stderr).toContain('locked by 1 lock(s)')
    await out(playground.pulumi(folder, ['cancel', '--yes', '-s', 'prod']))
    rmSync(locks, { recursive: true })
    await out(playground.stackseal(folder, ['stack', 'init', 'dev']))
  })
})

describe.concurrent('a state of Pulumi that Stackseal rewrites', () => {
  test.for(PACKINGS)('packed with %s is read by Pulumi, and written again', async ([packing, env, name], context) => {
    skipWithoutPulumi(context)
    using playground = new Playground(env)
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
    const backend = await openBackend(playground, folder)
    const note = join(playground.folder, STACKS, `${name}.attrs`)
    const keys = Object.keys(JSON.parse(readFileSync(note, 'utf8')) as object)
    const type = /"user.content_type":"([^"]*)"/.exec(readFileSync(note, 'utf8'))?.[1]
    {
      using lock = await lockStack(backend, DEV, { command: 'test' })
      const read = backend.read(DEV)
      if (read === undefined) throw new Error('no state')
      expect(read.compression).toBe(packing)
      const text = new TextDecoder().decode(read.bytes)
      const later = text.replace(/(?<="time":")[^"]+/, '2031-02-03T04:05:06Z')
      lock.replace(read, new TextEncoder().encode(later))
    }
    const ours = readFileSync(note, 'utf8')
    expect(Object.keys(JSON.parse(ours) as object)).toEqual(keys)
    expect(ours).toContain(`"user.content_type":"${type}"`)
    const exported = await out(playground.pulumi(folder, ['stack', 'export']))
    expect(exported).toContain('"time": "2031-02-03T04:05:06Z"')
    await out(playground.pulumi(folder, ['stack', 'import'], exported))
    expect(backend.read(DEV)?.compression).toBe(packing)
    expect(backend.archives(DEV).map(({ kind }) => kind)).toEqual(['previous'])
  })

  test('of several files is the one that Pulumi takes', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
    const exported = await out(playground.pulumi(folder, ['stack', 'export']))
    const plain = readFileSync(join(playground.folder, STACKS, 'dev.json'))
    await out(playground.pulumi(folder, ['stack', 'import'], exported, { PULUMI_DIY_BACKEND_GZIP: '1' }))
    const backend = await openBackend(playground, folder)
    expect(backend.find(DEV)).toMatch(/dev\.json\.gz$/)
    writeFileSync(join(playground.folder, STACKS, 'dev.json'), plain.toString().replace('v3.259.0', 'v3.259.9'))
    expect(backend.find(DEV)).toMatch(/dev\.json$/)
    expect(await out(playground.pulumi(folder, ['stack', 'export']))).toContain('v3.259.9')
  })
})

test('the old layout is refused by both, and worked on by both where that is allowed', async (context) => {
  skipWithoutPulumi(context)
  const env = { PULUMI_DIY_BACKEND_LEGACY_LAYOUT: '1', PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR: '1' }
  using playground = new Playground(env)
  const folder = playground.project('shop')
  await out(playground.stackseal(folder, ['stack', 'init', 'ours']))
  await out(playground.pulumi(folder, ['stack', 'init', 'theirs']))
  expect(await out(playground.stackseal(folder, ['stack', 'ls', '--json']))).toContain('"name": "theirs"')
  expect(await out(playground.pulumi(folder, ['stack', 'export', '-s', 'ours']))).toContain('"salt"')
  const off = { PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR: '' }
  expect((await playground.pulumi(folder, ['stack', 'ls'], '', off)).stderr).toContain('Legacy DIY state is deprecated')
  expect((await playground.stackseal(folder, ['stack', 'ls'], '', off)).stderr).toContain('ERR_BACKEND_LAYOUT')
})
