import { describe, expect, test } from 'vitest'
import { checkpointBytes, exportState, exportStateBytes } from '../../src/state/state-export.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { revealStateStream } from '../../src/state/state-work.ts'
import { tables } from './state-tables.ts'
import { CHUNK_SIZES, chunksOf, outcomeOf, textOf } from './chunks.ts'
import { manyShapes } from './state-documents.ts'
import { exportVectors, isKnownKey, openVectorKey } from './vector-envelopes.ts'

const pairs = exportVectors().flatMap(({ name, sealed, shown, backendFile }) =>
  backendFile === undefined ? [] : [{ name, sealed, shown, backendFile }],
)

test('the vectors that have to be there are there', () => {
  expect(pairs.length).toBeGreaterThan(20)
})

describe.each(pairs)('the file of the backend of $name', ({ sealed, shown, backendFile }) => {
  test('is exported as Pulumi exported it, byte for byte', () => {
    expect(text(exportStateBytes(bytes(backendFile)))).toBe(sealed)
  })

  test('is shown as Pulumi showed it, byte for byte', async () => {
    const state = StateFile.parse(backendFile)
    if (state.provider !== undefined && !isKnownKey(state.sealedKey)) return
    const stream = exportState(revealStateStream(chunksOf(backendFile, 1000), { open: openVectorKey }))
    expect(await textOf(stream)).toBe(shown)
  })

  test('comes back from its export', () => {
    const state = StateFile.parse(sealed)
    const stack = StateFile.parse(backendFile).stack ?? ''
    expect(JSON.parse(text(checkpointBytes(state, stack)))).toEqual(JSON.parse(backendFile))
    expect(text(exportStateBytes(checkpointBytes(state, stack)))).toBe(sealed)
  })
})

test('an export is exported as it is', () => {
  for (const { sealed, shown } of exportVectors()) {
    expect(text(exportStateBytes(bytes(sealed)))).toBe(sealed)
    expect(text(exportStateBytes(bytes(shown)))).toBe(shown)
  }
})

// What the command line v3.259.0 printed for these files of the backend.
test.each([
  ['{"version":0,"checkpoint":{"stack":"organization/proj/dev"}}'],
  ['{"version":3,"checkpoint":{"stack":"organization/proj/dev","latest":null}}'],
  ['{"version":3,"checkpoint":{"stack":"organization/proj/dev"}}'],
])('%s is exported without a deployment', (file) => {
  expect(text(exportStateBytes(bytes(file)))).toBe('{\n    "version": 3,\n    "deployment": null\n}\n')
})

test('both files that Pulumi writes for a new stack are exported', () => {
  const { firstWrite, secondWrite } = tables.stackInitBytes
  expect(JSON.parse(text(exportStateBytes(bytes(firstWrite))))).toEqual({ version: 3, deployment: null })
  const { version, checkpoint } = JSON.parse(secondWrite) as { version: number; checkpoint: { latest: unknown } }
  expect(JSON.parse(text(exportStateBytes(bytes(secondWrite))))).toEqual({ version, deployment: checkpoint.latest })
  const stack = StateFile.parse(secondWrite).stack ?? ''
  expect(text(checkpointBytes(StateFile.parse(secondWrite), stack))).toBe(secondWrite)
})

test('features, unknown members, order and numbers stay; escapes that Go would not write go', () => {
  const file =
    '{"version":4,"features":["taint"],"checkpoint":{"stack":"organization/proj/dev","config":{"a":[{}]},"latest":{"manifest":{},' +
    '"unknown":[{},[ ],{"z":1.0,"a":1E2,"big":12345678901234567890}],' +
    '"secrets_providers":{"type":"cloud","state":{"url":"x:\\u0026\\/"}},' +
    '"s":"\\u00e9\\/\\u003c\\u2028\\b\\f\\u0001\\u001f\\\\u003c\\u0022\\ud83d\\ude00"}}}'
  expect(text(exportStateBytes(bytes(file)))).toBe(String.raw`{
    "version": 4,
    "features": [
        "taint"
    ],
    "deployment": {
        "manifest": {},
        "unknown": [
            {},
            [],
            {
                "z": 1.0,
                "a": 1E2,
                "big": 12345678901234567890
            }
        ],
        "secrets_providers": {
            "type": "cloud",
            "state": {
                "url": "x:\u0026\/"
            }
        },
        "s": "é/<\u2028\b\f\u0001\u001f\\u003c\"😀"
    }
}
`)
})

test('a checkpoint from before versions is exported with the version of its shape', () => {
  const file = '{"stack":"dev","config":{"a":"b"},"latest":{"manifest":{},"resources":[]}}'
  expect(JSON.parse(text(exportStateBytes(bytes(file))))).toEqual({
    version: 1,
    deployment: { manifest: {}, resources: [] },
  })
})

test('chunks may end anywhere', async () => {
  const sealed = await manyShapes()
  const whole = text(exportStateBytes(bytes(sealed)))
  expect(JSON.parse(whole)).toEqual(JSON.parse(sealed))
  for (const size of CHUNK_SIZES) expect(await textOf(exportState(chunksOf(sealed, size)))).toBe(whole)
})

test('output before an error is no document', async () => {
  for (const file of [
    '{"version":3,"deployment":{}} x',
    '{"version":3,"deployment":{}',
    '{"version":"3"}',
    '{"version":3,"checkpoint":[]}',
    '',
  ]) {
    for (const size of [1, 100]) {
      const { text: output, error } = await outcomeOf(exportState(chunksOf(file, size)))
      expect(error).toMatchObject({ code: 'ERR_MALFORMED_FILE' })
      expect(() => JSON.parse(output) as unknown).toThrow(SyntaxError)
    }
  }
})

function bytes(json: string): Uint8Array {
  return new TextEncoder().encode(json)
}

function text(json: Uint8Array): string {
  return new TextDecoder().decode(json)
}
