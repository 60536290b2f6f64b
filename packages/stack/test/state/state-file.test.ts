import { parseKeyUrl } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { parseProviderBlock, printProviderBlock, styleOfBlock } from '../../src/state/provider-block.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { rekeyStateFile, revealState, verifyState } from '../../src/state/state-secrets.ts'
import { jsonSlots } from './json-slots.ts'
import { exportVectors, isKnownKey, openVectorKey, testEnvelope } from './vector-envelopes.ts'

const vectors = exportVectors().filter(({ sealed }) => sealed.includes('1b47061264138c4ac30d75fd1eb44270'))
const known = vectors.filter(({ sealed }) => isKnownKey(StateFile.parse(sealed).sealedKey))
const BLOCK = /"secrets_providers":\s*(\{(?:[^{}]|\{[^{}]*\})*\})/
const documents = exportVectors().flatMap(({ name, sealed, backendFile }) => [
  { name, text: sealed },
  ...(backendFile === undefined ? [] : [{ name: `${name}: backend file`, text: backendFile }]),
])

test('the vectors that have to be there are there', () => {
  expect(known.length).toBeGreaterThan(15)
  expect(documents.length).toBeGreaterThan(40)
})

describe.each(known)('$name', ({ sealed, shown, backendFile }) => {
  test('opens to what Pulumi shows, byte for byte', async () => {
    const state = StateFile.parse(sealed)
    const envelope = await openVectorKey(state.sealedKey)
    expect(await verifyState(state, envelope)).toEqual([])
    expect((await revealState(state, envelope)).toString()).toBe(shown)
  })

  test('has the same secrets in the file of the backend', () => {
    expect(names(backendFile ?? sealed)).toEqual(names(sealed))
  })

  test('is re-keyed in its secrets and its provider block, and nowhere else', async () => {
    const old = StateFile.parse(sealed)
    const from = await openVectorKey(old.sealedKey)
    const to = testEnvelope(7, { url: parseKeyUrl('awskms://alias/new?region=eu-west-1&x=<>'), sealed: 'bmV3' })
    const rekeyed = await rekeyStateFile(old, from, to)
    const before = jsonSlots(sealed)
    const after = jsonSlots(rekeyed.toString())
    expect(after.map(({ path }) => path)).toEqual(before.map(({ path }) => path))
    expect(rekeyed.sealedKey.url.text).toBe(to.sealedKey.url.text)
    expect(rekeyed.sealedKey.sealed).toBe('bmV3')
    for (const [i, { member, text }] of after.entries()) {
      expect(member).toBe('ciphertext')
      expect(text).not.toBe(before[i]?.text)
      await expect(from.decrypt(text)).rejects.toMatchObject({ code: 'ERR_DECRYPT_FAILED' })
      expect(await to.decrypt(text)).toBe(await from.decrypt(before[i]?.text ?? ''))
    }
    expect(masked(rekeyed)).toBe(masked(old))
  })
})

test.each(documents.filter(({ text }) => !BLOCK.test(text)))('finds no provider in $name', ({ text }) => {
  expect(StateFile.parse(text).provider).toBeUndefined()
})

test.each(documents.filter(({ text }) => BLOCK.test(text)))('prints the block of $name as Pulumi did', ({ text }) => {
  const block = BLOCK.exec(text)?.[1] ?? ''
  const provider = parseProviderBlock(block)
  if (provider === undefined || !('sealedKey' in provider)) throw new Error('a vector has a key that is not sealed')
  expect(printProviderBlock(provider.sealedKey, styleOfBlock(block))).toBe(block)
  expect(StateFile.parse(text).withProvider(provider.sealedKey).toString()).toBe(text)
  // Taken out and put in again, it comes to stand where it stood.
  const without = text.replace(/"secrets_providers":\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}),\s*/, '')
  expect(without).not.toBe(text)
  expect(StateFile.parse(without).withProvider(provider.sealedKey).toString()).toBe(text)
})

function names(text: string): string[] {
  return StateFile.parse(text).slots.map(({ path, urn }) => `${urn} ${path}`)
}

/** The document with all that a re-key may change taken out. */
function masked(state: StateFile): string {
  return state
    .withSlots(state.slots.map((slot) => ({ slot, member: slot.member, text: '-' })))
    .toString()
    .replace(BLOCK, '')
}
