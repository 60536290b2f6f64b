import { isStacksealError } from '@stackseal/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ConfigPlace } from '../src/config/config-place.ts'
import { type ConfigValue, SecretText } from '../src/values/config-value.ts'
import type { NewValue } from '../src/config/new-value.ts'
import { StackFile } from '../src/stack-file.ts'
import { isList, isObject } from '../src/config/value-shape.ts'
import { arbitraryStackFile } from './arbitrary-stack-file.ts'
import { outsideOfEdit } from './outside-of-edit.ts'

const RUNS = Number(process.env['EDIT_RUNS'] ?? 300)

const newValue: fc.Arbitrary<NewValue> = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => ({ text })),
  fc
    .constantFrom(
      'x',
      '',
      'a: b',
      '# no',
      'line\nline',
      'line\n',
      'end\n\n',
      '\nlead',
      ' sp',
      'true',
      '7',
      '- a',
      'tab\t',
      '{a',
      "it's",
    )
    .map((text) => ({ text })),
  fc.constantFrom('v1:NNNN:MMMM', 'v1:a+/=:b+/==').map((text) => new SecretText(text)),
  fc.constantFrom(
    { text: 'true', type: 'bool' as const },
    { text: '-12', type: 'int' as const },
    { text: '1.5', type: 'float' as const },
  ),
)

/** Every place of a file, and some that are not there yet. */
function placesOf(file: StackFile): ConfigPlace[] {
  const places: ConfigPlace[] = [
    { key: { namespace: 'proj', name: 'new' }, path: [] },
    { key: { namespace: 'aws', name: 'region' }, path: ['deep', 0n, 'er'] },
  ]
  const walk = (place: ConfigPlace, value: ConfigValue): void => {
    places.push(place)
    if (isList(value)) {
      value.forEach((item, i) => walk({ ...place, path: [...place.path, BigInt(i)] }, item))
      places.push({ ...place, path: [...place.path, BigInt(value.length)] })
    } else if (isObject(value)) {
      for (const [name, item] of value) walk({ ...place, path: [...place.path, name] }, item)
      places.push({ ...place, path: [...place.path, 'added'] })
    }
  }
  for (const { key, value } of file.config.values()) walk({ key, path: [] }, value)
  return places
}

let edits = 0

/** A set that the value model itself refuses (a reserved mapping) is no edit. */
const REFUSED_BY_MODEL = new Set(['ERR_INVALID_PROPERTY_PATH', 'ERR_INVALID_VALUE', 'ERR_INVALID_CONFIG_KEY'])

async function attempt(
  file: StackFile,
  place: ConfigPlace,
  what: unknown,
  change: () => Promise<StackFile>,
): Promise<StackFile> {
  try {
    const edited = await change()
    edits++
    expect(outsideOfEdit(file.text, place, edited.text)).toEqual({ kept: true })
    return edited
  } catch (error) {
    if (!isStacksealError(error)) throw error
    if (error.code === 'ERR_CANNOT_EDIT') {
      // A block scalar at the very end without a line end reads as text without one: nothing can follow it unnoticed.
      if (!file.text.endsWith('\n')) return file
      // Without its last key the first document would be gone, and the next one in its place.
      if (what === 'remove' && file.config.size === 1 && /^(?:---|\.\.\.)\r?$/m.test(file.text.slice(4))) return file
      const shown = JSON.stringify([file.text, place, what], (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v))
      throw new Error(`a file without anchors is refused: ${shown}`, { cause: error })
    }
    if (!REFUSED_BY_MODEL.has(error.code)) throw error
    return file
  }
}

test('any value can be set at any place of any file without anchors, and nothing else changes', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryStackFile, fc.nat(), newValue, fc.nat(), async (text, pick, value, second) => {
      const file = await StackFile.parse(text, 'proj', 'Pulumi.dev.yaml')
      const places = placesOf(file)
      const place = places[pick % places.length] as ConfigPlace
      const edited = await attempt(file, place, value, () => file.set(place, value))
      // And again in what came of it: a splice must leave a text that the next one can work on.
      const next = placesOf(edited)
      const other = next[second % next.length] as ConfigPlace
      await attempt(edited, other, 'again', () => edited.set(other, { text: 'again' }))
    }),
    { numRuns: RUNS },
  )
})

test('any value of such a file can be taken out, and nothing else changes', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryStackFile, fc.nat(), async (text, pick) => {
      const file = await StackFile.parse(text, 'proj', 'Pulumi.dev.yaml')
      const places = placesOf(file)
      const place = places[pick % places.length] as ConfigPlace
      await attempt(file, place, 'remove', () => file.remove(place))
    }),
    { numRuns: RUNS },
  )
})

test('most of those edits were made', () => {
  expect(edits).toBeGreaterThan(RUNS)
})

test('a block scalar that ends with the file, without a line end, keeps its meaning', async () => {
  const file = await StackFile.parse('config:\n  proj:a: |\n    text', 'proj', 'Pulumi.dev.yaml')
  const place: ConfigPlace = { key: { namespace: 'proj', name: 'b' }, path: [] }
  await expect(file.set(place, { text: 'x' })).rejects.toMatchObject({ code: 'ERR_CANNOT_EDIT' })
})
