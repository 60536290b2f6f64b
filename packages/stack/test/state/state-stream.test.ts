import { readdirSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { Envelope } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { nodeFileSystem } from '../../src/files/file-system.ts'
import { decompressState } from '../../src/state/state-compression.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { revealState } from '../../src/state/state-secrets.ts'
import { fileSpool, type StateSpool } from '../../src/state/state-spool.ts'
import {
  inspectState,
  rekeyState,
  revealStateStream,
  sealStateStream,
  verifyStateStream,
} from '../../src/state/state-work.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { CHUNK_SIZES, chunksOf, outcomeOf, textOf } from './chunks.ts'
import { type JsonSlot, jsonSlots } from './json-slots.ts'
import { BLOCK, document, manyShapes, newEnvelope, newKey, oldEnvelope, open, secret } from './state-documents.ts'

/** A spool in memory that notes what was written and whether it was closed. */
class NotedSpool implements StateSpool {
  readonly written: Uint8Array[] = []
  closed = false

  write(bytes: Uint8Array): void {
    this.written.push(bytes.slice())
  }

  read(): Iterable<Uint8Array> {
    return this.written
  }

  close(): void {
    this.closed = true
  }
}

describe.each(CHUNK_SIZES)('in chunks of %i bytes', (size) => {
  test('every secret moves to the new key, and nothing else changes', async () => {
    const before = await manyShapes()
    const after = await textOf(rekeyState(chunksOf(before, size), { open, to: newEnvelope }))
    expect(await differences(before, after)).toEqual([])
  })

  test('nothing is lost where every chunk is given on at once', async () => {
    const before = await manyShapes()
    const after = await textOf(rekeyState(chunksOf(before, size), { open, to: newEnvelope, flushBytes: 1 }))
    expect(await differences(before, after)).toEqual([])
  })

  test('shows what the whole document shows', async () => {
    const sealed = await manyShapes()
    const whole = (await revealState(StateFile.parse(sealed), oldEnvelope)).toString()
    expect(await textOf(revealStateStream(chunksOf(sealed, size), { open }))).toBe(whole)
    expect(jsonSlots(whole).every(({ member }) => member === 'plaintext')).toBe(true)
  })
})

test('secrets in clear are encrypted, and the others keep their bytes', async () => {
  const before = await manyShapes()
  const after = await textOf(sealStateStream(chunksOf(before, 100), { to: oldEnvelope }))
  const slots = jsonSlots(after)
  expect(slots.every(({ member }) => member === 'ciphertext')).toBe(true)
  const texts = slots.map(({ text }) => text)
  const kept = jsonSlots(before).filter(({ member }) => member === 'ciphertext')
  expect(texts).toEqual(expect.arrayContaining(kept.map(({ text }) => text)))
  expect(await openAll(after)).toEqual(await openAll(before))
})

describe('a provider block behind the first secret', () => {
  test('is waited for in memory', async () => {
    const before = await late()
    const after = await textOf(rekeyState(chunksOf(before, 10), { open, to: newEnvelope }))
    expect(await differences(before, after)).toEqual([])
  })

  test.each([1, 7, 100, 200])('is waited for in a spool, in chunks of %i bytes', async (size) => {
    const before = await late()
    const spool = new NotedSpool()
    const after = await textOf(
      rekeyState(chunksOf(before, size), { open, to: newEnvelope, holdBytes: 20, flushBytes: 50, spool: () => spool }),
    )
    expect(await differences(before, after)).toEqual([])
    expect(Buffer.concat(spool.written).toString('utf8')).toBe(before)
    expect(spool.closed).toBe(true)
  })

  test('is refused where there is no spool', async () => {
    const { text, error } = await outcomeOf(
      rekeyState(chunksOf(await late(), 10), { open, to: newEnvelope, holdBytes: 20 }),
    )
    expect(error).toMatchObject({ code: 'ERR_CANNOT_EDIT' })
    expect(text).toBe('')
  })

  test.each([1, 7, 100, 200])('is refused where a secret would be spooled in clear (%i)', async (size) => {
    const spool = new NotedSpool()
    const clear = `,"u":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","plaintext":"\\"hunter2\\""}`
    const { text, error } = await outcomeOf(
      rekeyState(chunksOf(await late(clear), size), {
        open,
        to: newEnvelope,
        holdBytes: 20,
        flushBytes: 50,
        spool: () => spool,
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_CANNOT_EDIT', details: { path: 'outputs.u' } })
    expect(text).toBe('')
    expect(Buffer.concat(spool.written).toString('utf8')).not.toContain('hunter2')
    expect(spool.closed).toBe(true)
  })
})

test('a look needs no key, and a check names every secret that is broken', async () => {
  const text = await manyShapes()
  expect(await inspectState(chunksOf(text, 50))).toMatchObject({
    facts: { kind: 'export', version: 3, hasDeployment: true },
    provider: { type: 'cloud' },
    encrypted: 9,
    clear: 2,
  })
  expect(await verifyStateStream(chunksOf(text, 50), { open })).toEqual({ secrets: 11, broken: [] })
  const damaged = text.replaceAll(
    /"ciphertext":"v1:(.)/g,
    (_, first: string) => `"ciphertext":"v1:${first === 'A' ? 'B' : 'A'}`,
  )
  const { broken } = await verifyStateStream(chunksOf(damaged, 50), { open })
  expect(broken.map(({ slot }) => slot.path)).toEqual([
    'outputs.plain',
    'outputs.before',
    'outputs.extra',
    'outputs.list[0]',
    'outputs.list[1][0]',
    'outputs.nested',
    'outputs.nested.in',
    'outputs["üü.x[\\"y\\"]"]',
  ])
  const notJson = document(`"s":${await secret('hunter2')}`)
  const found = await verifyStateStream(chunksOf(notJson, 50), { open })
  expect(found.broken.map(({ error }) => error.code)).toEqual(['ERR_MALFORMED_SECRET'])
  expect(JSON.stringify(found.broken.map(({ error }) => error))).not.toContain('hunter2')
})

test('the file of a spool can be read by nobody else, and has no name', () => {
  const folder = temporaryFolder()
  const spool = fileSpool(nodeFileSystem, folder, 'spool')
  expect(readdirSync(folder)).toEqual([])
  const pieces = [Buffer.alloc(3_000_000, 1), Buffer.alloc(5, 2)]
  for (const piece of pieces) spool.write(piece)
  expect(Buffer.concat([...spool.read()]).equals(Buffer.concat(pieces))).toBe(true)
  expect(Buffer.concat([...spool.read()]).equals(Buffer.concat(pieces))).toBe(true)
  spool.close()
})

test('a document without secrets and block gets the block of the new key', async () => {
  const plain = document('"a":1').replace(`"secrets_providers":${BLOCK},`, '')
  const after = await textOf(rekeyState(chunksOf(plain, 10), { open, to: newEnvelope }))
  expect(StateFile.parse(after).sealedKey.sealed).toBe(newKey.sealed)
  expect(after.replace(/"secrets_providers":\{.*?\}\},/, '')).toBe(plain)
})

test('a secret without any block is named', async () => {
  const text = document(`"s":${await secret('"x"')}`).replace(`"secrets_providers":${BLOCK},`, '')
  const { text: output, error } = await outcomeOf(rekeyState(chunksOf(text, 10), { open, to: newEnvelope }))
  expect(output).toBe('')
  expect(error).toMatchObject({ code: 'ERR_MISSING_SEALED_KEY', details: { path: 'outputs.s' } })
})

test('a wrong key is told before the first byte, however far away the first secret is', async () => {
  const text = document(`"a":"${'x'.repeat(1_000_000)}","s":${await secret('"x"')}`)
  for (const stream of [rekeyState, revealStateStream]) {
    // oxlint-disable-next-line no-await-in-loop -- two of them
    const { text: output, error } = await outcomeOf(
      stream(chunksOf(text, 10_000), { open: openWrongly, to: newEnvelope }),
    )
    expect(error).toMatchObject({ code: 'ERR_DECRYPT_FAILED', details: { path: 'outputs.s' } })
    expect(output).toBe('')
  }
})

test('one damaged secret among many ends the output before it is a document, and is named', async () => {
  const secrets = await Promise.all(Array.from({ length: 2500 }, async (_, i) => `"s${i}":${await secret(String(i))}`))
  const text = document(secrets.join(','))
  const damaged = text.replace(
    /("s2345":\{[^}]*"ciphertext":"v1:)(.)/,
    (_, head: string, first: string) => head + (first === 'A' ? 'B' : 'A'),
  )
  for (const stream of [rekeyState, revealStateStream]) {
    const { text: output, error } = await outcomeOf(stream(chunksOf(damaged, 1000), { open, to: newEnvelope }))
    expect(error).toMatchObject({
      code: 'ERR_DECRYPT_FAILED',
      details: { path: 'outputs.s2345', urn: 'urn:pulumi:dev::p::t:t:T::n' },
    })
    expect(() => JSON.parse(output) as unknown).toThrow(SyntaxError)
  }
})

test.each([
  ['a missing end', (text: string) => text.slice(0, -1)],
  ['something behind the end', (text: string) => `${text} x`],
  ['a newer version', (text: string) => text.replace('"version":3', '"version":5')],
])('%s never gives a document', async (_, damage) => {
  const text = damage(document(`"s":${await secret('"x"')}`))
  for (const size of [1, 10, 1000, 100_000]) {
    const { text: output, error } = await outcomeOf(rekeyState(chunksOf(text, size), { open, to: newEnvelope }))
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(?:MALFORMED_FILE|UNSUPPORTED_STATE)$/) as string })
    expect(() => JSON.parse(output) as unknown).toThrow(SyntaxError)
  }
})

test.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
])('%s is known by its first bytes', async (_, compress) => {
  const sealed = await manyShapes()
  for (const size of [1, 3, 1000]) {
    expect(await textOf(decompressState(chunksOf(compress(sealed), size)))).toBe(sealed)
  }
  for (const cut of [1, 9]) {
    const { error } = await outcomeOf(decompressState(chunksOf(compress(sealed).subarray(0, -cut), 100)))
    expect(error).toMatchObject({ code: 'ERR_MALFORMED_FILE' })
  }
})

/** Opens the old key to another data key than its own. */
function openWrongly(): Promise<Envelope> {
  return Promise.resolve(newEnvelope)
}

/** A document whose provider block stands at its end. */
async function late(more = ''): Promise<string> {
  const text = document(`"s":${await secret('"x"')},"t":${await secret('"y"')}${more}`)
  return `${text.replace(`"secrets_providers":${BLOCK},`, '').slice(0, -2)},"secrets_providers":${BLOCK}}}`
}

/** What is wrong about a re-keyed document, by walks over the parsed JSON. */
async function differences(before: string, after: string): Promise<string[]> {
  const old = jsonSlots(before)
  const now = jsonSlots(after)
  const faults: string[] = []
  if (places(old) !== places(now)) faults.push('there are other secrets than before')
  for (const [i, { path, member, text }] of now.entries()) {
    if (member !== 'ciphertext') faults.push(`${path} is in clear`)
    if (text === old[i]?.text) faults.push(`${path} has the old text`)
  }
  const underOldKey = await oldEnvelope.decryptAll(now.map(({ text }) => text))
  if (underOldKey.some((result) => 'plaintext' in result)) faults.push('the old key opens a secret')
  if (JSON.stringify(await openAll(after)) !== JSON.stringify(await openAll(before))) faults.push('values differ')
  if (masked(after) !== masked(before)) faults.push('bytes differ outside of secrets and block')
  return faults
}

function places(slots: readonly JsonSlot[]): string {
  return slots.map(({ path }) => path.replace(/plaintext$/, 'ciphertext')).join('\n')
}

/** What every secret of a document says. */
function openAll(text: string): Promise<readonly unknown[]> {
  const envelope = text.includes(oldEnvelope.sealedKey.url.text) ? oldEnvelope : newEnvelope
  return Promise.all(
    jsonSlots(text).map(
      async ({ member, text: value }) =>
        JSON.parse(member === 'plaintext' ? value : await envelope.decrypt(value)) as unknown,
    ),
  )
}

function masked(text: string): string {
  const state = StateFile.parse(text)
  return state
    .withSlots(state.slots.map((slot) => ({ slot, member: 'ciphertext', text: '-' })))
    .toString()
    .replace(/"secrets_providers":\{.*?\}\}/, '')
}
