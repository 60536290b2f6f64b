import { parseKeyUrl, StacksealError } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { checkImport } from '../../src/state/import-check.ts'
import { exportStateBytes } from '../../src/state/state-export.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { importState, type ImportedState, type ImportOptions } from '../../src/state/state-import.ts'
import { revealState } from '../../src/state/state-secrets.ts'
import { jsonSlots } from './json-slots.ts'
import { SECRET, SIGNATURE_KEY } from './state-documents.ts'
import { tables } from './state-tables.ts'
import { openVectorKey, readStackVector, testEnvelope } from './vector-envelopes.ts'

const MAGIC = 'ab35920a3077459b09dd1a3f7ddc28df4e3efc81b3240013bb6906688abc684d'
const salt = tables.stateImport.salt
const stackKey = { url: parseKeyUrl('passphrase:'), sealed: salt }

function importInto(json: string, options: Partial<ImportOptions> = {}): Promise<ImportedState> {
  return importState(StateFile.parse(json), {
    stack: 'dev',
    qualifiedStack: 'organization/proj/dev',
    open: openVectorKey,
    stackEnvelope: () => openVectorKey(stackKey),
    ...options,
  })
}

interface Parts {
  readonly version?: number
  readonly features?: readonly string[]
  readonly manifest?: object
  readonly provider?: object | null
  readonly urn?: string
  readonly outputs?: object
  readonly more?: readonly object[]
  readonly extra?: object
}

function document({
  version = 3,
  features,
  manifest,
  provider,
  urn,
  outputs = {},
  more = [],
  extra = {},
}: Parts): string {
  const deployment = {
    manifest: manifest ?? { time: '2026-01-01T00:00:00Z', magic: MAGIC, version: 'v3.259.0' },
    ...(provider === null ? {} : { secrets_providers: provider ?? { type: 'passphrase', state: { salt } } }),
    resources: [
      {
        urn: urn ?? 'urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev',
        custom: false,
        type: 'pulumi:pulumi:Stack',
        outputs,
      },
      ...more,
    ],
    ...extra,
  }
  return JSON.stringify({ version, ...(features === undefined ? {} : { features }), deployment })
}

function secretOf(members: object): object {
  return { s: { [SIGNATURE_KEY]: SECRET, ...members } }
}

// One row of the table each: the document it describes, and the code that it is refused with here.
const errors: readonly [string, Parts, string][] = [
  ["secret with plaintext ''", { outputs: secretOf({ plaintext: '' }) }, 'ERR_MALFORMED_SECRET'],
  ["plaintext not JSON ('notjson')", { outputs: secretOf({ plaintext: 'notjson' }) }, 'ERR_CHECK_FAILED'],
  ['ciphertext v1:AAAA:BBBB', { outputs: secretOf({ ciphertext: 'v1:AAAA:BBBB' }) }, 'ERR_MALFORMED_CIPHERTEXT'],
  ["signature 'zzz'", { outputs: { s: { [SIGNATURE_KEY]: 'zzz' } } }, 'ERR_UNSUPPORTED_STATE'],
  [
    'signature of output value',
    { outputs: { s: { [SIGNATURE_KEY]: tables.stateSignatures['outputValue_notReadableFromState'] } } },
    'ERR_UNSUPPORTED_STATE',
  ],
  ["secrets_providers.type 'age'", { provider: { type: 'age', state: {} } }, 'ERR_CHECK_FAILED'],
  [
    'type service, not logged in',
    { provider: { type: 'service', state: {} }, outputs: secretOf({ ciphertext: 'AAAB' }) },
    'ERR_CHECK_FAILED',
  ],
  ['version 0', { version: 0 }, 'ERR_UNSUPPORTED_STATE'],
  ['version 5', { version: 5 }, 'ERR_UNSUPPORTED_STATE'],
  ['version 4 with feature foo', { version: 4, features: ['taint', 'foo'] }, 'ERR_UNSUPPORTED_STATE'],
  ['bad magic', { manifest: { time: '2026-01-01T00:00:00Z', magic: 'ab', version: 'v3' } }, 'ERR_CHECK_FAILED'],
  ['URN of another stack', { urn: 'urn:pulumi:other::proj::pulumi:pulumi:Stack::proj-dev' }, 'ERR_CHECK_FAILED'],
]

test.each(errors)('%s is refused', async (_, parts, code) => {
  const refused = await thrownBy(() => importInto(document(parts)))
  expect(refused.code).toBe(code)
})

test('the rows that are not refused as they stand are told apart', () => {
  // Plaintext without a key: the reference crashes; here the stack's key is taken. The other two need a key to show.
  const others = [
    'plaintext secret but no secrets_providers',
    'ciphertext secret but no secrets_providers',
    'wrong passphrase, state has ciphertext',
  ]
  expect([...errors.map(([name]) => name), ...others].toSorted()).toEqual(
    tables.stateImportErrors.map((row) => row.case).toSorted(),
  )
})

test.each(errors.filter(([row]) => row === 'bad magic' || row.startsWith('URN')))(
  '%s goes in by force, with a warning',
  async (_, parts) => {
    const { findings } = await importInto(document(parts), { force: true })
    expect(findings.map(({ level }) => level)).toEqual(['dangerous'])
  },
)

test('secrets in clear without a key are encrypted under the key of the stack', async () => {
  const { bytes, findings } = await importInto(document({ provider: null, outputs: secretOf({ plaintext: '"x"' }) }))
  expect(findings.map(({ level }) => level)).toEqual(['notice'])
  const state = StateFile.parse(bytes)
  expect(state.sealedKey.sealed).toBe(salt)
  expect(jsonSlots(state.toString()).map(({ member }) => member)).toEqual(['ciphertext'])
  expect(await (await openVectorKey(stackKey)).decrypt(state.slots[0]?.text ?? '')).toBe('"x"')
})

test('a ciphertext without a key goes in only if the key of the stack opens it', async () => {
  const { resourceOutput } = tables.missingSecretsManagerTest
  const refused = await thrownBy(() => importInto(document({ provider: null, outputs: { s: resourceOutput } })))
  expect(refused.code).toBe('ERR_DECRYPT_FAILED')
  expect(refused.details).toMatchObject({ path: 'outputs.s' })
  const own = await (await openVectorKey(stackKey)).encrypt('"x"')
  const { bytes } = await importInto(document({ provider: null, outputs: secretOf({ ciphertext: own }) }))
  expect(StateFile.parse(bytes).slots[0]?.text).toBe(own)
})

test('a key that does not open the secrets is told before anything is made', async () => {
  const other = testEnvelope(9, stackKey)
  const outputs = secretOf({ ciphertext: await testEnvelope(8, stackKey).encrypt('1') })
  const refused = await thrownBy(() => importInto(document({ outputs }), { open: () => Promise.resolve(other) }))
  expect(refused.code).toBe('ERR_DECRYPT_FAILED')
})

test('the import of the table is encrypted to what Pulumi encrypted', async () => {
  const { bytes } = await importInto(JSON.stringify(tables.stateImport.import))
  const state = StateFile.parse(bytes)
  const envelope = await openVectorKey(state.sealedKey)
  const decrypted = await Promise.all(
    state.slots.map(async ({ path, text }) => [path.replace(/^outputs\./, ''), await envelope.decrypt(text)]),
  )
  expect(Object.fromEntries(decrypted)).toEqual(tables.stateImport.decrypted)
  // What the reference does not know stays here.
  expect(state.toString()).toContain('"unknownField":1')
})

// Imports of the real command line, and what it showed of them.
describe.each([
  'plaintext-secret',
  'plaintext-object-secret',
  'nested-secret',
  'good-ciphertext',
  'pending-ops',
  'version-4',
])('the import of %s', (name) => {
  test('is shown as Pulumi shows its own', async () => {
    const { bytes } = await importInto(readStackVector(`bad/b07-state/state-${name}.in.json`))
    const state = StateFile.parse(bytes)
    const shown = await revealState(state, await openVectorKey(state.sealedKey))
    const { deployment } = JSON.parse(Buffer.from(exportStateBytes(shown.bytes)).toString('utf8')) as {
      deployment: object
    }
    const expected = JSON.parse(readStackVector(`bad/b07-state/state-${name}.export-show.json`)) as {
      deployment: object
    }
    expect({ metadata: {}, ...deployment }).toEqual(expected.deployment)
  })
})

const refusedImports = [
  ['bit-flip', 'ERR_DECRYPT_FAILED'],
  ['ciphertext-no-provider', 'ERR_DECRYPT_FAILED'],
  ['ciphertext-number', 'ERR_MALFORMED_SECRET'],
  ['ciphertext-of-a-bare-word-not-JSON', 'ERR_MALFORMED_SECRET'],
  ['empty', 'ERR_MALFORMED_FILE'],
  ['neither', 'ERR_MALFORMED_SECRET'],
  ['no-deployment', 'ERR_CHECK_FAILED'],
  ['not-json', 'ERR_MALFORMED_FILE'],
  ['not-v1', 'ERR_MALFORMED_CIPHERTEXT'],
  ['plaintext-and-ciphertext', 'ERR_MALFORMED_SECRET'],
  ['plaintext-not-JSON', 'ERR_CHECK_FAILED'],
  ['sig-not-string', 'ERR_UNSUPPORTED_STATE'],
  ['trailing-garbage', 'ERR_MALFORMED_FILE'],
  ['unknown-provider-type', 'ERR_CHECK_FAILED'],
  ['unknown-sig', 'ERR_UNSUPPORTED_STATE'],
  ['version-0', 'ERR_UNSUPPORTED_STATE'],
  ['version-5', 'ERR_UNSUPPORTED_STATE'],
  ['empty-provider-state', 'ERR_MALFORMED_SEALED_KEY'],
  ['provider-null-state', 'ERR_MALFORMED_SEALED_KEY'],
] as const

test.each(refusedImports)('the import of %s is refused', async (name, code) => {
  const refused = await thrownBy(() => importInto(readStackVector(`bad/b07-state/state-${name}.in.json`)))
  expect(refused.code).toBe(code)
})

describe('what a state refers to has to stand in it, in order', () => {
  const stack = 'urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev'
  const a = 'urn:pulumi:dev::proj::t:t:T::a'
  const b = 'urn:pulumi:dev::proj::t:t:T::b'
  const provider = 'urn:pulumi:dev::proj::pulumi:providers:t::p'
  const whole = [
    { urn: provider, custom: true, type: 'pulumi:providers:t', id: 'one' },
    resource(a, { parent: stack, provider: `${provider}::one` }),
    resource(b, { dependencies: [a], propertyDependencies: { x: [a], y: null }, deletedWith: a, replaceWith: [stack] }),
    resource(a, { delete: true }),
  ]

  test('a whole state has no findings', () => {
    expect(messages(document({ more: whole }))).toEqual([])
  })

  test.each([
    ['a parent', [resource(a, { parent: b })], `its parent ${b} is missing`],
    ['a parent behind', [resource(a, { parent: b }), resource(b)], `its parent ${b} comes after it`],
    ['a dependency', [resource(a, { dependencies: [b] })], `its dependency ${b} is missing`],
    ['a property dependency', [resource(a, { propertyDependencies: { x: [b] } })], `(from x) ${b} is missing`],
    ['deletedWith', [resource(a, { deletedWith: b })], `its deletedWith ${b} is missing`],
    ['replaceWith', [resource(a, { replaceWith: [b] })], `its replaceWith ${b} is missing`],
    ['a provider', [resource(a, { provider: `${provider}::two` })], `unknown provider ${provider}::two`],
    ['a provider of another id', [whole[0] ?? {}, resource(a, { provider: `${provider}::two` })], 'unknown provider'],
    ['what is no provider', [resource(a, { provider: `${b}::x` })], 'what is no provider'],
    ['a duplicate', [resource(a), resource(a)], 'twice'],
    ['an own dependency', [resource(a, { dependencies: [a] })], 'comes after it'],
  ])('%s', (_, more, message) => {
    const found = messages(document({ more }))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
  })

  test.each([
    ['a missing type', { urn: a, custom: true }],
    ['a missing urn', { custom: true, type: 't:t:T' }],
    ['an id without custom', { urn: a, custom: false, type: 't:t:T', id: 'x' }],
    ['a broken urn', { urn: 'x', custom: true, type: 't:t:T' }],
  ])('%s is refused, forced or not', async (_, broken) => {
    const refused = await thrownBy(() => importInto(document({ more: [broken] }), { force: true }))
    expect(refused.code).toBe('ERR_CHECK_FAILED')
  })

  test('snippets have uuids of their own', () => {
    expect(messages(document({ extra: { snippets: [{ uuid: 'a' }, { uuid: 'a' }, {}] } }))).toHaveLength(2)
  })
})

test('a pending operation is taken out and told', async () => {
  const { bytes, findings } = await importInto(readStackVector('bad/b07-state/state-pending-ops.in.json'), {
    open: openVectorKey,
  })
  expect(findings).toEqual([
    {
      level: 'notice',
      message: "removing pending operation 'creating' on 'urn:pulumi:dev::vec::a:b:C::n' from the state",
      urn: 'urn:pulumi:dev::vec::a:b:C::n',
    },
  ])
  expect(Buffer.from(bytes).toString('utf8')).not.toContain('pending_operations')
})

function resource(urn: string, more: object = {}): object {
  return { urn, custom: true, type: 't:t:T', id: 'i', ...more }
}

function messages(text: string): string[] {
  return checkImport(StateFile.parse(text), 'dev').map(({ message }) => message)
}

async function thrownBy(run: () => Promise<unknown>): Promise<StacksealError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof StacksealError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
