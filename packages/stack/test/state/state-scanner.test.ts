import { isStacksealError } from '@stackseal/core'
import * as fc from 'fast-check'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compress as pack, compressionOf, decompress } from '../../src/files/compression.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { rekeyStateFile, revealState, verifyState } from '../../src/state/state-secrets.ts'
import { rekeyState } from '../../src/state/state-work.ts'
import { chunksOf, outcomeOf } from './chunks.ts'
import { jsonSlots } from './json-slots.ts'
import {
  BLOCK,
  document,
  manyShapes,
  newEnvelope,
  oldEnvelope,
  open,
  secret,
  SECRET,
  SIGNATURE_KEY,
} from './state-documents.ts'
import { tables } from './state-tables.ts'

describe('secrets are found', () => {
  test('wherever they stand, and nothing else', async () => {
    const text = await manyShapes()
    const state = StateFile.parse(text)
    expect(state.slots.map((slot) => slot.text)).toEqual(jsonSlots(text).map((slot) => slot.text))
    expect(state.slots.map(({ path }) => path)).toEqual([
      'outputs.plain',
      'outputs.before',
      'outputs.escaped',
      'outputs.extra',
      'outputs.list[0]',
      'outputs.list[1][0]',
      'outputs.clear',
      'outputs["clear first"]',
      'outputs.nested',
      'outputs.nested.in',
      'outputs["üü.x[\\"y\\"]"]',
    ])
    expect(new Set(state.slots.map(({ urn }) => urn))).toEqual(new Set(['urn:pulumi:dev::p::t:t:T::n']))
  })

  test('in inputs, outputs, replacementTrigger and pending operations, and named by their resource', async () => {
    const one = await secret('1')
    const resource = `"inputs":{"a":${one}},"replacementTrigger":${one},"outputs":{"b":[${one}]}`
    const text =
      `{"version":3,"deployment":{"secrets_providers":${BLOCK},"resources":[{${resource},"urn":"urn:late"}],` +
      `"pending_operations":[{"type":"creating","resource":{"urn":"urn:op",${resource}}}],"unknown":[${one}]}}`
    expect(StateFile.parse(text).slots.map(({ urn, path }) => [urn, path])).toEqual([
      ['urn:late', 'inputs.a'],
      ['urn:late', 'replacementTrigger'],
      ['urn:late', 'outputs.b[0]'],
      ['urn:op', 'inputs.a'],
      ['urn:op', 'replacementTrigger'],
      ['urn:op', 'outputs.b[0]'],
      [undefined, 'deployment.unknown[0]'],
    ])
  })

  test('any JSON with signed objects anywhere gives the secrets that a walk over it gives', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(SIGNATURE_KEY, SECRET, 'v1:a:b', 1, null),
        tie('list'),
        tie('object'),
        tie('signed'),
      ),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      object: fc.dictionary(fc.constantFrom('ciphertext', 'plaintext', 'x', '\\u', 'resources', 'latest'), tie('tree')),
      signed: fc
        .tuple(fc.shuffledSubarray(['s', 't', 'o'], { minLength: 3 }), tie('tree'), fc.boolean())
        .map(([order, other, clear]) =>
          Object.fromEntries(
            order.map((part) => {
              if (part === 's') return [SIGNATURE_KEY, SECRET]
              return part === 't' ? [clear ? 'plaintext' : 'ciphertext', 'v1:x'] : ['other', other]
            }),
          ),
        ),
    }))
    fc.assert(
      fc.property(tree, fc.nat(), (value, seed) => {
        const text = respelled(`{"stackseal":1,"value":${JSON.stringify(value)}}`, seed)
        expect(StateFile.parse(text).slots.map((slot) => [slot.member, slot.text])).toEqual(
          jsonSlots(text).map((slot) => [slot.member, slot.text]),
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('documents are known', () => {
  const deployment = `{"manifest":{},"secrets_providers":${BLOCK},"resources":[]}`

  test.each([
    ['an export', `{"version":3,"deployment":${deployment}}`, 'export', 3],
    ['an export with features', `{"version":4,"features":["taint"],"deployment":${deployment}}`, 'export', 4],
    ['a checkpoint', `{"version":3,"checkpoint":{"stack":"organization/p/s","latest":${deployment}}}`, 'checkpoint', 3],
    ['a checkpoint from before versions', `{"stack":"s","latest":${deployment}}`, 'checkpoint-v1', 0],
    ['a bare deployment', deployment, 'deployment', 0],
  ])('%s', (_, text, kind, version) => {
    const state = StateFile.parse(text)
    expect(state).toMatchObject({ kind, version, hasDeployment: true })
    expect(state.sealedKey.sealed).toBe('b2xk')
    expect(Buffer.from(state.deployment ?? []).toString()).toBe(deployment)
  })

  test('both files of a new stack', () => {
    expect(StateFile.parse(tables.stackInitBytes.firstWrite)).toMatchObject({
      kind: 'checkpoint-v1',
      version: 0,
      hasDeployment: false,
      provider: undefined,
    })
    expect(StateFile.parse(tables.stackInitBytes.secondWrite)).toMatchObject({
      kind: 'checkpoint',
      version: 3,
      stack: 'organization/proj/dev',
      hasDeployment: true,
      provider: { type: 'passphrase' },
    })
  })

  test('the record of an update is none of a state', () => {
    const text =
      '{"kind":"update","startTime":1,"message":"","environment":{},"config":{},"version":0,"result":"succeeded"}'
    expect(StateFile.parse(text)).toMatchObject({ kind: 'history', slots: [] })
  })

  test('a service key is known and not opened', () => {
    const state = StateFile.parse(document('', { block: '{"type":"service","state":{"owner":"o"}}' }))
    expect(state.provider).toEqual({ type: 'service' })
    expect(() => state.sealedKey).toThrow(expect.objectContaining({ code: 'ERR_SERVICE_SECRETS' }) as Error)
  })

  test.each([
    ['null', 'null'],
    ['an empty type', '{"type":""}'],
  ])('a block that is %s names no key, and is replaced', (_, block) => {
    const state = StateFile.parse(document('"a":1', { block }))
    expect(state.provider).toBeUndefined()
    const filled = state.withProvider(newEnvelope.sealedKey)
    expect(filled.sealedKey.sealed).toBe('bmV3bmV3bmV3')
    expect(filled.toString().length).toBeGreaterThan(state.bytes.length)
  })

  test.each([
    [
      'a secret with two ciphertexts',
      document(`"a":{"${SIGNATURE_KEY}":"${SECRET}","ciphertext":"a","ciphertext":"b"}`),
      'ERR_DUPLICATE_KEY',
    ],
    [
      'an object that is signed twice',
      document(`"a":{"${SIGNATURE_KEY}":"x","${SIGNATURE_KEY}":"${SECRET}"}`),
      'ERR_DUPLICATE_KEY',
    ],
    [
      'two blocks',
      document('').replace('"resources"', `"Secrets_Providers":${BLOCK},"resources"`),
      'ERR_DUPLICATE_KEY',
    ],
    ['two deployments', `{"version":3,"deployment":{},"deployment":{}}`, 'ERR_DUPLICATE_KEY'],
    ['a block that is a list', document('', { block: '[]' }), 'ERR_MALFORMED_FILE'],
    ['a block that is text', document('', { block: '"x"' }), 'ERR_MALFORMED_FILE'],
    ['a huge block', document('', { block: `{"type":"${'x'.repeat(2_000_000)}"}` }), 'ERR_MALFORMED_FILE'],
    ['JSON that is no state', '{"a":1}', 'ERR_MALFORMED_FILE'],
    ['a list', '[]', 'ERR_MALFORMED_FILE'],
    ['a version that is text', '{"version":"3","deployment":{}}', 'ERR_MALFORMED_FILE'],
    ['a version that is no whole number', '{"version":3.5,"deployment":{}}', 'ERR_MALFORMED_FILE'],
    ['an export of version 0', '{"version":0,"deployment":{}}', 'ERR_UNSUPPORTED_STATE'],
    ['a checkpoint of version 5', '{"version":5,"checkpoint":{"latest":{}}}', 'ERR_UNSUPPORTED_STATE'],
    ["a program's state of version 2", '{"stackseal":2,"value":1}', 'ERR_UNSUPPORTED_STATE'],
    ['a secret without a value', document(`"a":{"${SIGNATURE_KEY}":"${SECRET}"}`), 'ERR_MALFORMED_SECRET'],
    [
      'a secret with an empty value',
      document(`"a":{"${SIGNATURE_KEY}":"${SECRET}","ciphertext":""}`),
      'ERR_MALFORMED_SECRET',
    ],
    ['a signature that is a list', document(`"a":{"${SIGNATURE_KEY}":[]}`), 'ERR_UNSUPPORTED_STATE'],
  ])('%s is refused', (_, text, code) => {
    expect(refusal(() => StateFile.parse(text)).code).toBe(code)
  })
})

describe('changed documents', () => {
  test('fail as they should, and in time, whatever was changed', async () => {
    const whole = await manyShapes()
    const change = fc.record({
      at: fc.nat(),
      cut: fc.nat({ max: 4 }),
      put: fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('"', '\\', '{', '}', ',', SIGNATURE_KEY, SECRET)),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 5000 }),
        async (changes, size) => {
          let text = whole
          for (const { at, cut, put } of changes) {
            const place = at % text.length
            text = text.slice(0, place) + put + text.slice(place + cut)
          }
          expect(await faultsOf(text.toWellFormed(), size)).toEqual([])
        },
      ),
      { numRuns: 400 },
    )
  })

  test('every flipped bit of a ciphertext is named by resource and path', async () => {
    const text = document(`"a":1,"s":${await secret('"abc"')}`)
    const state = StateFile.parse(text)
    const [slot] = state.slots
    if (slot === undefined) throw new Error('a document has lost its secret')
    expect(slot.text).not.toContain('=')
    for (let i = 0; i < slot.text.length; i++) {
      const flipped = slot.text.slice(0, i) + (slot.text[i] === 'A' ? 'B' : 'A') + slot.text.slice(i + 1)
      const changed = state.withSlots([{ slot, member: 'ciphertext', text: flipped }])
      // oxlint-disable-next-line no-await-in-loop -- some dozens of calls
      const [broken, ...others] = await verifyState(changed, oldEnvelope)
      expect(others).toEqual([])
      expect(broken?.error.details).toMatchObject({ path: 'outputs.s', urn: 'urn:pulumi:dev::p::t:t:T::n' })
      // oxlint-disable-next-line no-await-in-loop -- some dozens of calls
      await expect(revealState(changed, oldEnvelope)).rejects.toMatchObject({ details: { path: 'outputs.s' } })
    }
    await expect(rekeyStateFile(state, newEnvelope, oldEnvelope)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
  })
})

describe('compressed documents', () => {
  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('%s is told by its first bytes and read', (name, compress) => {
    const bytes = Buffer.from(document('"a":1'))
    expect(compressionOf(compress(bytes))).toBe(name)
    expect(Buffer.from(decompress(compress(bytes), 'state.json', 1e9))).toEqual(bytes)
    expect(Buffer.from(decompress(pack(bytes, name), 'state.json', 1e9))).toEqual(bytes)
    for (const packed of [compress(bytes), compress(Buffer.alloc(1_000_000, bytes)), pack(bytes, name)]) {
      for (const size of [packed.length - 1, packed.length - 5, 7, 4]) {
        expect(refusal(() => decompress(packed.subarray(0, size), 'state.json', 1e9)).code).toBe('ERR_MALFORMED_FILE')
      }
    }
  })

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('a few bytes of %s that say they are very many are refused', (_, compress) => {
    const bomb = compress(Buffer.alloc(50_000_000))
    const before = process.memoryUsage().arrayBuffers
    expect(refusal(() => decompress(bomb, 'state.json', 1_000_000)).code).toBe('ERR_FILE_TOO_LARGE')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
  })

  test('what is not compressed is given back as it is', () => {
    const bytes = Buffer.from('{}')
    expect(decompress(bytes, 'state.json', 1e9)).toBe(bytes)
  })
})

/** What goes wrong when a document is re-keyed that may be damaged. */
async function faultsOf(text: string, size: number): Promise<string[]> {
  const { text: output, error } = await outcomeOf(
    rekeyState(chunksOf(text, size), { open, to: newEnvelope, flushBytes: 100 }),
  )
  if (error === undefined) {
    // What is still a document moved to the new key, with all of its secrets.
    const { slots } = StateFile.parse(output)
    const opened = await newEnvelope.decryptAll(slots.map((slot) => slot.text))
    return [
      ...(slots.length === jsonSlots(text).length ? [] : ['secrets were lost or found']),
      ...(opened.every((result) => 'plaintext' in result) ? [] : ['a secret does not open with the new key']),
    ]
  }
  const known = isStacksealError(error) || (error instanceof Error && error.message.includes('asked for another key'))
  return [
    ...(known ? [] : ['an error of no known kind']),
    ...(isJson(output) ? ['a document came before an error'] : []),
  ]
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The same JSON with some of its keys and words spelled with escapes, and white space between. */
function respelled(text: string, seed: number): string {
  let state = seed
  const next = (count: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % count
  }
  return text
    .replaceAll(/[a-z0-9]|[{},:]/g, (character) => {
      if (/[{},:]/.test(character)) return next(4) === 0 ? `${character} ` : character
      return character
    })
    .replaceAll(new RegExp(`"(?:${SIGNATURE_KEY}|${SECRET}|ciphertext|plaintext)"`, 'g'), (word) => {
      if (next(3) > 0) return word
      const at = 1 + next(word.length - 2)
      return `${word.slice(0, at)}\\u${word.charCodeAt(at).toString(16).padStart(4, '0')}${word.slice(at + 1)}`
    })
}

function refusal(run: () => unknown): { readonly code: string } {
  try {
    run()
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was refused')
}
