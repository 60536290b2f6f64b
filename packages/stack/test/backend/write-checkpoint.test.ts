import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { compress, decompress } from '../../src/files/compression.ts'
import { lockStack } from '../../src/backend/stack-lock.ts'
import { fileCarrier } from '../../src/backend/file-carrier.ts'
import { bytesOf, temporaryFolder } from '../temporary-folder.ts'
import { rejectionOf, thrownBy } from '../thrown-by.ts'
import { DEV, openBackend, type OpenOptions, writeFiles } from './open-backend.ts'

const OLD = bytesOf('{"version":3,"checkpoint":{"stack":"organization/proj/dev","latest":{"old":true}}}')
const NEW = bytesOf('{"version":3,"checkpoint":{"stack":"organization/proj/dev","latest":{"new":true}}}')
const stacks = (folder: string): string => join(folder, '.pulumi/stacks/proj')
const options = { command: 'stack import', timeoutMs: 0 }

/** Replaces the state `dev` of a folder. */
async function replaceIn(folder: string, open: OpenOptions = {}, document = NEW): Promise<void> {
  const backend = await openBackend(folder, open)
  using lock = await lockStack(backend, DEV, options)
  const read = backend.read(DEV)
  if (read === undefined) throw new Error('no state')
  lock.replace(read, document)
}

function attrs(folder: string, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(stacks(folder), `${name}.attrs`), 'utf8')) as Record<string, unknown>
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

describe('a state that is replaced', () => {
  test.each([
    ['dev.json', 'none', 'text/plain; charset=utf-8'],
    ['dev.json.gz', 'gzip', 'application/x-gzip'],
    ['dev.json.zst', 'zstd', 'application/octet-stream'],
    ['dev.json', 'gzip', 'application/x-gzip'],
  ] as const)('in %s stays there, packed with %s, and leaves what it was as .bak', async (name, packing, type) => {
    const folder = temporaryFolder()
    const old = compress(OLD, packing)
    writeFiles(stacks(folder), { [name]: old, [`${name}.bak`]: 'older', [`${name}.attrs`]: '{}' })
    // What new files are packed with does not count.
    await replaceIn(folder, { env: { PULUMI_DIY_BACKEND_ZSTD: '1' } })
    expect(readdirSync(stacks(folder))).toEqual([name, `${name}.attrs`, `${name}.bak`, `${name}.bak.attrs`])
    const written = new Uint8Array(readFileSync(join(stacks(folder), name)))
    expect(decompress(written, name, 1e6)).toEqual(new Uint8Array(NEW))
    expect(readFileSync(join(stacks(folder), `${name}.bak`))).toEqual(Buffer.from(old))
    expect(attrs(folder, name)).toEqual({
      'user.cache_control': '',
      'user.content_disposition': '',
      'user.content_encoding': '',
      'user.content_language': '',
      'user.content_type': type,
      'user.metadata': null,
      md5: md5(written),
    })
    expect(attrs(folder, `${name}.bak`)).toMatchObject({ 'user.content_type': type, md5: md5(old) })
  })

  test('gets no notes where the URL says so, but one that is there is kept right', async () => {
    const folder = temporaryFolder()
    writeFiles(stacks(folder), { 'dev.json': OLD })
    await replaceIn(folder, { query: '?metadata=skip' })
    expect(readdirSync(stacks(folder))).toEqual(['dev.json', 'dev.json.bak'])
    writeFiles(stacks(folder), { 'dev.json.attrs': '{"md5":"AAAA"}' })
    await replaceIn(folder, { query: '?metadata=skip' }, OLD)
    expect(attrs(folder, 'dev.json')['md5']).toBe(md5(OLD))
  })

  test('keeps its mode', async () => {
    const folder = temporaryFolder()
    writeFiles(stacks(folder), { 'dev.json': OLD })
    chmodSync(join(stacks(folder), 'dev.json'), 0o640)
    await replaceIn(folder)
    expect(statSync(join(stacks(folder), 'dev.json')).mode & 0o777).toBe(0o640)
  })

  test('behind a link is replaced there', async () => {
    const folder = temporaryFolder()
    writeFiles(folder, { 'elsewhere/state': OLD })
    mkdirSync(stacks(folder), { recursive: true })
    symlinkSync('../../../elsewhere/state', join(stacks(folder), 'dev.json'))
    await replaceIn(folder)
    expect(readFileSync(join(folder, 'elsewhere/state'))).toEqual(Buffer.from(NEW))
    expect(readFileSync(join(stacks(folder), 'dev.json.bak'))).toEqual(Buffer.from(OLD))
  })

  test('is kept once more, with the time in its name, where the environment asks for it', async () => {
    const folder = temporaryFolder()
    writeFiles(stacks(folder), { 'dev.json': OLD })
    await replaceIn(folder, { env: { PULUMI_DIY_BACKEND_RETAIN_CHECKPOINTS: 'true' }, query: '?metadata=skip' })
    const retained = readdirSync(stacks(folder)).filter((name) => /^dev\.json\.\d{19}$/.test(name))
    expect(retained).toHaveLength(1)
    expect(readFileSync(join(stacks(folder), retained[0] ?? ''))).toEqual(Buffer.from(NEW))
  })

  test('by somebody else meanwhile stays theirs', async () => {
    const folder = temporaryFolder()
    writeFiles(stacks(folder), { 'dev.json': OLD })
    const backend = await openBackend(folder)
    using lock = await lockStack(backend, DEV, options)
    const read = backend.read(DEV)
    if (read === undefined) throw new Error('no state')
    writeFileSync(join(stacks(folder), 'dev.json'), 'theirs')
    expect(thrownBy(() => lock.replace(read, NEW))).toMatchObject({
      code: 'ERR_CHANGED_MEANWHILE',
      details: { changed: false },
    })
    expect(readFileSync(join(stacks(folder), 'dev.json'), 'utf8')).toBe('theirs')
  })

  test('twice under one lock goes on from what was written', async () => {
    const folder = temporaryFolder()
    writeFiles(stacks(folder), { 'dev.json': OLD })
    const carrier = fileCarrier(await openBackend(folder), DEV)
    using lock = await carrier.lock(options)
    expect(await lock.read()).toMatchObject({ form: 'checkpoint', source: join(stacks(folder), 'dev.json') })
    await lock.replace(NEW)
    await lock.replace(OLD)
    expect((await carrier.read())?.bytes).toEqual(new Uint8Array(OLD))
    expect(readFileSync(join(stacks(folder), 'dev.json.bak'))).toEqual(Buffer.from(NEW))
  })
})

describe('a first state', () => {
  test.each([
    [{}, 'dev.json', 'none'],
    [{ PULUMI_DIY_BACKEND_GZIP: 'true' }, 'dev.json.gz', 'gzip'],
    [{ PULUMI_SELF_MANAGED_STATE_GZIP: '1' }, 'dev.json.gz', 'gzip'],
    [{ PULUMI_DIY_BACKEND_ZSTD: '1' }, 'dev.json.zst', 'zstd'],
    [{ PULUMI_DIY_BACKEND_ZSTD: 'yes' }, 'dev.json', 'none'],
  ])('with %o lies in %s', async (env, name, packing) => {
    const folder = temporaryFolder()
    const backend = await openBackend(folder, { env })
    using lock = await lockStack(backend, DEV, options)
    expect(lock.create(NEW, OLD)).toMatchObject({ file: join(stacks(folder), name), compression: packing })
    expect(backend.read(DEV)?.bytes).toEqual(new Uint8Array(NEW))
    expect(backend.readFile(join(stacks(folder), `${name}.bak`))?.bytes).toEqual(new Uint8Array(OLD))
    expect(readFileSync(join(folder, '.pulumi/meta.yaml'), 'utf8')).toBe('version: 1\n')
    expect(existsSync(join(folder, '.pulumi/meta.yaml.attrs'))).toBe(true)
    expect(statSync(join(stacks(folder), name)).mode & 0o777).toBe(0o644)
  })

  test('is refused where there is one, however it is packed', async () => {
    const folder = temporaryFolder()
    writeFiles(stacks(folder), { 'dev.json.zst': compress(OLD, 'zstd') })
    using lock = await lockStack(await openBackend(folder), DEV, options)
    expect(thrownBy(() => lock.create(NEW, OLD)).code).toBe('ERR_ALREADY_EXISTS')
    expect(existsSync(join(stacks(folder), 'dev.json.bak'))).toBe(false)
  })

  test('of the old layout notes none', async () => {
    const folder = temporaryFolder()
    const env = { PULUMI_DIY_BACKEND_LEGACY_LAYOUT: '1', PULUMI_DIY_BACKEND_IGNORE_DEPRECATION_ERROR: '1' }
    using lock = await lockStack(await openBackend(folder, { env }), DEV, options)
    expect(lock.create(NEW, OLD).file).toBe(join(folder, '.pulumi/stacks/dev.json'))
    expect(existsSync(join(folder, '.pulumi/meta.yaml'))).toBe(false)
    expect(readdirSync(join(folder, '.pulumi/locks/dev'))).toHaveLength(1)
  })

  test('is not written by who holds no lock: replacing needs a state that was read', async () => {
    using lock = await fileCarrier(await openBackend(temporaryFolder()), DEV).lock(options)
    await expect(lock.replace(NEW)).rejects.toThrow('read()')
    expect(await lock.read()).toBeUndefined()
    expect(
      (
        await rejectionOf(
          fileCarrier(await openBackend(temporaryFolder()), { project: '..', stack: 'x' }).lock(options),
        )
      ).code,
    ).toBe('ERR_INVALID_NAME')
  })
})
