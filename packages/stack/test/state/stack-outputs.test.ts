import { Secret } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { SealedValue, stackOutputs } from '../../src/state/stack-outputs.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { tables } from './state-tables.ts'
import { document, newEnvelope, oldEnvelope, secret, SIGNATURE_KEY } from './state-documents.ts'
import { openVectorKey, readStackVector } from './vector-envelopes.ts'

interface Commands {
  readonly steps: readonly { readonly argv?: readonly string[]; readonly stdout?: string }[]
}

const state = StateFile.parse(readStackVector('s01-yaml-outputs/export.json'))

describe('the outputs of a real stack', () => {
  test('are what Pulumi prints with its secrets', async () => {
    const outputs = await stackOutputs(state, await openVectorKey(state.sealedKey))
    expect(Object.fromEntries(shown(outputs))).toEqual(printed('pulumi stack output --show-secrets --json'))
  })

  test('are what Pulumi prints without them, and need no key', async () => {
    const outputs = await stackOutputs(state)
    expect(JSON.parse(JSON.stringify(Object.fromEntries(outputs ?? [])))).toEqual(printed('pulumi stack output --json'))
  })
})

test('a secret is a Secret where it stands, and one that is not opened says so', async () => {
  const text = root(
    `"a":{"list":[1,${await secret('"x"')}]},"clear":{"${SIGNATURE_KEY}":"1b47061264138c4ac30d75fd1eb44270","plaintext":"[1]"}`,
  )
  const open = await stackOutputs(StateFile.parse(text), oldEnvelope)
  expect(shown(open)).toEqual([
    ['a', { list: [1, 'x'] }],
    ['clear', [1]],
  ])
  const closed = await stackOutputs(StateFile.parse(text))
  expect(closed?.get('a')).toEqual({ list: [1, new SealedValue()] })
  expect(closed?.get('clear')).toBeInstanceOf(Secret)
})

test('an output that does not open is named', async () => {
  const text = root(`"a":[${await secret('"x"')}]`)
  await expect(stackOutputs(StateFile.parse(text), newEnvelope)).rejects.toMatchObject({
    code: 'ERR_DECRYPT_FAILED',
    details: { path: 'outputs.a[0]' },
  })
})

test('a state without a root resource has no outputs', async () => {
  expect(await stackOutputs(StateFile.parse(document('"a":1')))).toBeUndefined()
  expect(await stackOutputs(StateFile.parse(tables.stackInitBytes.firstWrite))).toBeUndefined()
})

function root(outputs: string): string {
  return document(outputs).replace('"type":"t:t:T"', '"type":"pulumi:pulumi:Stack"')
}

function printed(command: string): unknown {
  const { steps } = JSON.parse(readStackVector('s01-yaml-outputs/commands.json')) as Commands
  const step = steps.find(({ argv }) => argv?.join(' ') === command)
  return JSON.parse(step?.stdout ?? '')
}

function shown(outputs: ReadonlyMap<string, unknown> | undefined): [string, unknown][] {
  return [...(outputs ?? [])].map(([name, value]) => [name, revealed(value)])
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return revealed(value.reveal())
  if (Array.isArray(value)) return value.map(revealed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revealed(member)]))
}
