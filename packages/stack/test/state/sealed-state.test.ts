import { isStacksealError, Secret } from '@stackseal/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openState, sealState } from '../../src/state/sealed-state.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { rekeyStateFile, revealState, verifyState } from '../../src/state/state-secrets.ts'
import { jsonSlots } from './json-slots.ts'
import { newEnvelope, oldEnvelope, open, SECRET, SIGNATURE_KEY } from './state-documents.ts'
import { tables } from './state-tables.ts'
import { anyCharacter } from '../../../../tools/any-character.ts'

const names = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.constantFrom('__proto__', SIGNATURE_KEY, 'ciphertext', 'plaintext', 'secrets_providers', '9', '10', '', 'value'),
)
const leaves = fc.oneof(
  fc.constantFrom(null, true, false, SIGNATURE_KEY, SECRET, '\ud800', '\u2028<&>', '\0'),
  fc.double(),
  fc.integer(),
  fc.string({ unit: anyCharacter }),
)
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ maxDepth: 5 }, leaves, tie('list'), tie('object'), tie('secret'), tie('lookalike')),
  list: fc.array(tie('tree'), { maxLength: 4 }),
  object: fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
  secret: tie('tree').map((value) => new Secret(value)),
  lookalike: fc.record({ [SIGNATURE_KEY]: fc.constantFrom(SECRET, 'x', 5), ciphertext: tie('tree') }),
}))

test('any tree with secrets anywhere opens to itself', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (value) => {
      const text = await sealState(value, oldEnvelope)
      expect(shown(await openState(text, open))).toEqual(shown(value))
    }),
    { numRuns: 300 },
  )
})

test('every secret is encrypted, each by itself, and re-keys, verifies and shows as in any state', async () => {
  const value = { url: 'https://db', list: [new Secret('a'), { deep: new Secret({ b: [1, new Secret('inner')] }) }] }
  const text = await sealState(value, oldEnvelope)
  expect(text).not.toContain('inner')
  const state = StateFile.parse(text)
  expect(state.kind).toBe('sealed')
  expect(state.slots.map(({ path }) => path)).toEqual(['value.list[0]', 'value.list[1].deep'])
  expect(await verifyState(state, oldEnvelope)).toEqual([])
  const moved = await rekeyStateFile(state, oldEnvelope, newEnvelope)
  expect(shown(await openState(moved.toString(), () => Promise.resolve(newEnvelope)))).toEqual(shown(value))
  expect(jsonSlots((await revealState(state, oldEnvelope)).toString()).map(({ text: json }) => json)).toEqual([
    '"a"',
    `{"b":[1,{"${SIGNATURE_KEY}":"${SECRET}","plaintext":"\\"inner\\""}]}`,
  ])
})

test('an unchanged secret in its place keeps its ciphertext, and a changed one gets another', async () => {
  const first = await sealState({ a: new Secret('a'), b: new Secret('b'), c: [new Secret('c')] }, oldEnvelope)
  const second = await sealState({ c: [new Secret('c')], b: new Secret('B'), a: new Secret('a') }, oldEnvelope, {
    previous: first,
  })
  const before = new Map(jsonSlots(first).map(({ path, text }) => [path, text]))
  const after = new Map(jsonSlots(second).map(({ path, text }) => [path, text]))
  expect(after.get('/value/a/ciphertext')).toBe(before.get('/value/a/ciphertext'))
  expect(after.get('/value/c/0/ciphertext')).toBe(before.get('/value/c/0/ciphertext'))
  expect(after.get('/value/b/ciphertext')).not.toBe(before.get('/value/b/ciphertext'))
  const third = await sealState({ a: new Secret('a') }, newEnvelope, { previous: first })
  expect(jsonSlots(third)[0]?.text).not.toBe(before.get('/value/a/ciphertext'))
})

test.each(tables.floats)('the float $value is written as $hex', async ({ hex, value }) => {
  const number = Number(value.replace('Inf', 'Infinity'))
  const text = await sealState([number], oldEnvelope)
  expect(text).toContain(`{"${tables.stateSignatures['key']}":"${tables.stateSignatures['float']}","value":"${hex}"}`)
  expect(await openState(text, open)).toEqual([number])
})

test('bytes come back as bytes', async () => {
  const bytes = Uint8Array.of(0, 255, 128)
  expect(await openState(await sealState({ bytes }, oldEnvelope), open)).toEqual({ bytes })
})

test.each([
  ['a function', { a: [() => 1] }, 'a[0]'],
  ['a bigint', { a: 1n }, 'a'],
  ['a map', { a: new Map() }, 'a'],
  ['a date', [new Date(0)], '[0]'],
  ['undefined in a list', [undefined], '[0]'],
  ['an object of a class', { a: new Secret(new URL('https://x')) }, 'a'],
])('%s is refused and named', async (_, value, path) => {
  await expect(sealState(value, oldEnvelope)).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE', details: { path } })
})

test('a circle is refused', async () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  await expect(sealState(circle, oldEnvelope)).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
})

test('a flipped bit of any ciphertext is refused and named', async () => {
  const text = await sealState({ a: [{ 'b.c': new Secret('xyz') }] }, oldEnvelope)
  const ciphertext = StateFile.parse(text).slots[0]?.text ?? ''
  // No padding: every bit of every character counts.
  expect(ciphertext).not.toContain('=')
  for (let i = 0; i < ciphertext.length; i++) {
    for (let bit = 0; bit < 7; bit++) {
      const changed =
        ciphertext.slice(0, i) + String.fromCharCode(ciphertext.charCodeAt(i) ^ (1 << bit)) + ciphertext.slice(i + 1)
      // oxlint-disable-next-line no-await-in-loop -- some hundreds of calls
      const error = await openState(
        text.replace(ciphertext, () => JSON.stringify(changed).slice(1, -1)),
        open,
      ).catch((reason: unknown) => reason)
      if (!isStacksealError(error)) throw new Error(`a changed character ${i} was not noticed`)
      expect(['ERR_DECRYPT_FAILED', 'ERR_MALFORMED_CIPHERTEXT']).toContain(error.code)
      expect(error.details).toMatchObject({ path: 'value.a[0]["b.c"]' })
    }
  }
})

/** The tree with secrets told apart from what they hold; Secrets themselves compare equal whatever is in them. */
function shown(value: unknown): unknown {
  if (value instanceof Secret) return new Map([['secret', shown(value.reveal())]])
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  return new Map(Object.entries(value).map(([name, member]) => [name, shown(member)]))
}
