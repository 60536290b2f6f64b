import { mkdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compress, compressionOf, decompress } from '../../src/files/compression.ts'
import { bytesOf, temporaryFolder } from '../temporary-folder.ts'
import { rejectionOf, thrownBy } from '../thrown-by.ts'
import { DEV, openBackend, writeFiles } from './open-backend.ts'

const STATE = '{"version":3,"checkpoint":{"stack":"organization/proj/dev"}}'
const META = { '.pulumi/meta.yaml': 'version: 1\n' }
const stackFile = (name: string): string => `.pulumi/stacks/proj/${name}`
const textOf = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes)

describe('a backend', () => {
  test('without anything in it is new, and reading leaves it empty', async () => {
    const folder = temporaryFolder()
    const backend = await openBackend(folder)
    expect(backend.layout).toEqual({ version: 1, noted: false })
    expect(backend.stacks('proj')).toEqual([])
    expect(backend.read(DEV)).toBeUndefined()
    expect(backend.archives(DEV)).toEqual([])
    expect(backend.fs.readdir(folder)).toEqual([])
  })

  test.each([
    ['version: 1\n', 1],
    ['# a note\nversion: 0x1\nmore: 2\n', 1],
    ['{"version": 1}', 1],
  ])('with meta.yaml %j has the layout %i', async (text, version) => {
    const folder = temporaryFolder()
    writeFiles(folder, { '.pulumi/meta.yaml': text })
    expect((await openBackend(folder)).layout).toEqual({ version, noted: true })
  })

  test.each([
    ['version: 2\n', 'ERR_BACKEND_LAYOUT'],
    ['version: 0\n', 'ERR_BACKEND_LAYOUT'],
    ['version: -1\n', 'ERR_BACKEND_LAYOUT'],
    ['version: "1"\n', 'ERR_MALFORMED_FILE'],
    ['version: one\n', 'ERR_MALFORMED_FILE'],
    ['layout: 1\n', 'ERR_MALFORMED_FILE'],
    ['', 'ERR_MALFORMED_FILE'],
    ['[1]\n', 'ERR_MALFORMED_FILE'],
  ])('with meta.yaml %j is refused with %s', async (text, code) => {
    const folder = temporaryFolder()
    writeFiles(folder, { '.pulumi/meta.yaml': text })
    expect((await rejectionOf(openBackend(folder))).code).toBe(code)
  })

  test('of the old layout is refused, unless that was accepted', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { '.pulumi/stacks/dev.json': STATE, '.pulumi/stacks/old.json.gz': gzipSync('{}') })
    const refused = await rejectionOf(openBackend(folder))
    expect(refused).toMatchObject({ code: 'ERR_BACKEND_LAYOUT' })
    expect(refused.hint).toContain('pulumi state upgrade')
    const backend = await openBackend(folder, { env: { PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR: '1' } })
    expect(backend.stacks('proj')).toEqual(['dev', 'old'])
    expect(textOf(backend.read(DEV)?.bytes)).toBe(STATE)
    expect(backend.paths(DEV)).toMatchObject({
      qualifiedName: 'dev',
      locks: join(folder, '.pulumi/locks/dev'),
      history: join(folder, '.pulumi/history/dev'),
    })
  })

  test('that is new keeps the old layout where the environment asks for it', async () => {
    const env = { PULUMI_DIY_BACKEND_LEGACY_LAYOUT: 'true', PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR: 'TRUE' }
    expect((await openBackend(temporaryFolder(), { env })).layout.version).toBe(0)
  })

  test('whose folder is missing is refused, and made where the URL says so', async () => {
    const folder = join(temporaryFolder(), 'a/b')
    expect((await rejectionOf(openBackend(folder))).code).toBe('ERR_FILE_NOT_FOUND')
    expect((await openBackend(folder, { query: '?create_dir=1' })).folder).toBe(folder)
    writeFiles(folder, { file: '' })
    expect((await rejectionOf(openBackend(join(folder, 'file')))).code).toBe('ERR_FILE_NOT_FOUND')
  })

  test('refuses to be packed in two ways', async () => {
    const env = { PULUMI_DIY_BACKEND_GZIP: '1', PULUMI_DIY_BACKEND_ZSTD: 'true' }
    expect((await rejectionOf(openBackend(temporaryFolder(), { env }))).code).toBe('ERR_USAGE')
  })
})

describe('the stacks of a project', () => {
  test('are the states in its folder, each once, and nothing else that lies there', async () => {
    const folder = temporaryFolder()
    const names = [
      'b.json',
      'a.json.gz',
      'a.json',
      'a.json.bak',
      'a.json.attrs',
      'a.json.1790000000000000000',
      'c.json.zst',
    ]
    const others = ['.d.json.stackseal-lock', '.d.json.stackseal-new', 'e.txt', 'x y.json', 'folder.json/f.json']
    writeFiles(folder, {
      ...META,
      ...Object.fromEntries([...names, ...others].map((name) => [stackFile(name), STATE])),
    })
    writeFiles(folder, { '.pulumi/stacks/other/z.json': STATE })
    expect((await openBackend(folder)).stacks('proj')).toEqual(['a', 'b', 'c'])
  })

  test.each(['..', '.', '../other', 'a/b', '', 'x'.repeat(101), 'ü'])('have no name like %j', async (name) => {
    const backend = await openBackend(temporaryFolder())
    expect(thrownBy(() => backend.find({ project: 'proj', stack: name })).code).toBe('ERR_INVALID_NAME')
    expect(thrownBy(() => backend.stacks(name)).code).toBe('ERR_INVALID_NAME')
  })
})

describe('a state', () => {
  test.each([
    ['dev.json', bytesOf(STATE), 'none'],
    ['dev.json.gz', gzipSync(STATE), 'gzip'],
    ['dev.json.zst', zstdCompressSync(STATE), 'zstd'],
    // Names do not count.
    ['dev.json', gzipSync(STATE), 'gzip'],
    ['dev.json.gz', bytesOf(STATE), 'none'],
  ])('in %s is read by its first bytes', async (name, raw, compression) => {
    const folder = temporaryFolder()
    writeFiles(folder, { ...META, [stackFile(name)]: raw })
    const read = (await openBackend(folder)).read(DEV)
    expect(read).toMatchObject({ file: join(folder, stackFile(name)), compression })
    expect(textOf(read?.bytes)).toBe(STATE)
    expect(read?.raw).toEqual(new Uint8Array(raw))
  })

  test.each([
    [['dev.json', 'dev.json.gz', 'dev.json.zst'], 'dev.json.zst'],
    [['dev.json.zst', 'dev.json.gz', 'dev.json'], 'dev.json'],
    [['dev.json', 'dev.json.zst', 'dev.json.gz'], 'dev.json.gz'],
  ])('of %j, oldest first, is the last', async (names, last) => {
    const folder = temporaryFolder()
    writeFiles(folder, { ...META, ...Object.fromEntries(names.map((name) => [stackFile(name), STATE])) })
    for (const [i, name] of names.entries()) utimesSync(join(folder, stackFile(name)), 1000, 1000 + i)
    expect((await openBackend(folder)).find(DEV)).toBe(join(folder, stackFile(last)))
  })

  test('that is cut off, or unpacks to too much, is refused', async () => {
    const folder = temporaryFolder()
    const packed = gzipSync(STATE.repeat(100))
    writeFiles(folder, { ...META, [stackFile('dev.json.gz')]: packed.subarray(0, -10) })
    expect(thrownBy(() => decompress(packed.subarray(0, -10), 'dev.json.gz', 1e6)).code).toBe('ERR_MALFORMED_FILE')
    const backend = await openBackend(folder)
    expect(thrownBy(() => backend.read(DEV))).toMatchObject({
      code: 'ERR_MALFORMED_FILE',
      details: { file: 'dev.json.gz' },
    })
    for (const bomb of [gzipSync(new Uint8Array(1e6)), zstdCompressSync(new Uint8Array(1e6))]) {
      writeFiles(folder, { [stackFile('dev.json.gz')]: bomb })
      const bounded = await openBackend(folder, { maxBytes: 10_000 })
      expect(thrownBy(() => bounded.read(DEV)).code).toBe('ERR_FILE_TOO_LARGE')
      expect((await openBackend(folder)).read(DEV)?.bytes.length).toBe(1e6)
    }
  })

  test('that is larger than allowed is refused before it is read', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { ...META, [stackFile('dev.json')]: 'x'.repeat(2000) })
    const backend = await openBackend(folder, { maxBytes: 1999 })
    expect(thrownBy(() => backend.read(DEV)).code).toBe('ERR_FILE_TOO_LARGE')
  })

  test.each(['none', 'gzip', 'zstd'] as const)('packed with %s opens to itself', (compression) => {
    for (const text of ['', STATE, STATE.repeat(10_000)]) {
      const packed = compress(bytesOf(text), compression)
      expect(compressionOf(packed)).toBe(compression)
      expect(textOf(decompress(packed, 'x', 1e9))).toBe(text)
    }
  })
})

describe('a link in a backend', () => {
  test('is followed inside it', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { ...META, 'elsewhere/state': STATE })
    mkdirSync(join(folder, '.pulumi/stacks/proj'), { recursive: true })
    symlinkSync('../../../elsewhere/state', join(folder, stackFile('dev.json')))
    const read = (await openBackend(folder)).read(DEV)
    expect(read).toMatchObject({ target: join(folder, 'elsewhere/state'), file: join(folder, stackFile('dev.json')) })
  })

  test.each(['file', 'folder'])('that leads out of it with a %s is refused', async (kind) => {
    const folder = temporaryFolder()
    const outside = temporaryFolder()
    writeFiles(folder, META)
    writeFiles(outside, { 'dev.json': STATE })
    mkdirSync(join(folder, '.pulumi/stacks'), { recursive: true })
    if (kind === 'folder') symlinkSync(outside, join(folder, '.pulumi/stacks/proj'))
    else {
      mkdirSync(join(folder, '.pulumi/stacks/proj'))
      symlinkSync(join(outside, 'dev.json'), join(folder, stackFile('dev.json')))
    }
    const backend = await openBackend(folder)
    expect(thrownBy(() => backend.read(DEV))).toMatchObject({
      code: 'ERR_LINK_NOT_FOLLOWED',
      message: expect.stringContaining('leaves the backend') as string,
    })
  })

  test('may be the backend itself', async () => {
    const folder = temporaryFolder()
    const link = join(temporaryFolder(), 'link')
    writeFiles(folder, { ...META, [stackFile('dev.json')]: STATE })
    symlinkSync(folder, link)
    const backend = await openBackend(link)
    expect(backend.folder).toBe(folder)
    expect(textOf(backend.read(DEV)?.bytes)).toBe(STATE)
  })
})

test('archives are all files that keep an earlier state or configuration of the stack', async () => {
  const folder = temporaryFolder()
  const kept: Record<string, string> = {
    '.pulumi/stacks/proj/dev.json.1790000000000000000': 'retained',
    '.pulumi/stacks/proj/dev.json.bak': 'previous',
    '.pulumi/stacks/proj/dev.json.gz.bak': 'previous',
    '.pulumi/backups/proj/dev/dev.1790000000000000000.json': 'backup',
    '.pulumi/backups/proj/dev/dev.1790000000000000001.json.zst': 'backup',
    '.pulumi/history/proj/dev/dev-1790000000000000000.checkpoint.json': 'checkpoint',
    '.pulumi/history/proj/dev/dev-1790000000000000000.history.json': 'history',
    '.pulumi/history/proj/dev/dev-1790000000000000001.checkpoint.json.gz': 'checkpoint',
    '.pulumi/history/proj/dev/dev-1790000000000000001.history.json.gz': 'history',
  }
  const others = [
    'stacks/proj/dev.json',
    'stacks/proj/dev.json.bak.attrs',
    'stacks/proj/dev2.json.bak',
    'backups/proj/dev/dev.1.json.attrs',
    'backups/proj/dev2/dev2.1.json',
    'history/proj/dev/readme',
  ].map((name) => `.pulumi/${name}`)
  writeFiles(folder, { ...META, ...Object.fromEntries([...Object.keys(kept), ...others].map((name) => [name, name])) })
  const backend = await openBackend(folder)
  const found = backend.archives(DEV)
  expect(found.map(({ file, kind }) => [file, kind])).toEqual(
    Object.entries(kept).map(([name, kind]) => [join(folder, name), kind]),
  )
  const first = found[0]?.file ?? ''
  expect(backend.readFile(first)?.raw).toEqual(new Uint8Array(readFileSync(first)))
})
