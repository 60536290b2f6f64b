import { pbkdf2Sync } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { Envelope, parseKeyUrl, StacksealError } from '@stackseal/core'
import { describe, expect, test } from 'vitest'

import type { ConfigMap } from '../src/config/config-map.ts'
import {
  brokenSecrets,
  configJson,
  configValueJson,
  coverSecrets,
  type Reveal,
  valueText,
} from '../src/config/config-output.ts'
import { SecretText } from '../src/values/config-value.ts'
import { readConfig } from '../src/config/config-reader.ts'
import { secretsOf } from '../src/config/value-shape.ts'
import { configFromJson, valueFromJson } from './config-vectors.ts'
import { treeOf } from './yaml-tree.ts'

const STACKS = new URL('../../../vectors/pulumi/stacks/', import.meta.url)

function stackConfig(folder: string): ConfigMap {
  const yaml = readFileSync(new URL(`${folder}/Pulumi.dev.yaml`, STACKS), 'utf8')
  const project = /^name: (.*)$/m.exec(readFileSync(new URL(`${folder}/Pulumi.yaml`, STACKS), 'utf8'))?.[1]
  return readConfig(treeOf(yaml)?.root, project ?? '', yaml).config
}

function printed(folder: string, file: string): string {
  return readFileSync(new URL(`${folder}/${file}`, STACKS), 'utf8')
}

/** Opens the secrets of a stack of the vectors with its passphrase, as docs/format.md describes it. */
async function revealing(folder: string, config: ConfigMap): Promise<Reveal> {
  const { passphrase } = JSON.parse(printed(folder, 'commands.json')) as { readonly passphrase: string }
  const salt = /^encryptionsalt: v1:([^:]+):/m.exec(printed(folder, 'Pulumi.dev.yaml'))?.[1] ?? ''
  const dataKey = pbkdf2Sync(passphrase, Buffer.from(salt, 'base64'), 1_000_000, 32, 'sha256')
  const envelope = Envelope.fromDataKey(new Uint8Array(dataKey), { url: parseKeyUrl('passphrase:'), sealed: '' })
  const secrets = Array.from(config.values(), ({ value }) => secretsOf(value)).flat()
  const opened = await envelope.decryptAll(secrets.map(({ secret }) => secret.ciphertext))
  const plaintexts = new Map(secrets.map(({ secret }, i) => [secret, opened[i]]))
  return (secret) => plaintexts.get(secret)
}

/** Reveals as if every ciphertext were its own plaintext. */
const openAll: Reveal = ({ ciphertext }) => ({ plaintext: ciphertext })
const damaged = new StacksealError('ERR_DECRYPT_FAILED', 'it does not open')
/** Opens all but what is called `broken`. */
const openMost: Reveal = (secret) => (secret.ciphertext === 'broken' ? { error: damaged } : openAll(secret))

describe('a listing in JSON', () => {
  test.each(['01-simple', '02-plain-only', '03-path-objects', '08-empty', '09-yaml-traps'])(
    'is what the reference printed: %s',
    (folder) => {
      expect(configJson(stackConfig(folder).values(), coverSecrets)).toBe(printed(folder, 'config.json'))
    },
  )

  test.each(['03-path-objects', '09-yaml-traps'])(
    'with its secrets is what the reference printed: %s',
    async (folder) => {
      const config = stackConfig(folder)
      const reveal = await revealing(folder, config)
      expect(configJson(config.values(), reveal)).toBe(printed(folder, 'config.show-secrets.json'))
      expect(brokenSecrets(config.values(), reveal)).toEqual([])
    },
  )

  test('is an empty object for an empty configuration', () => {
    expect(configJson([], coverSecrets)).toBe('{}\n')
  })

  test('is sorted by the printed key, by bytes, which is another order than that of the table', () => {
    const config = configFromJson('{"a:z":"1","a-b:a":"2","a:\uffee":"3","a:\u{1f642}":"4"}')
    const keys = [...configJson(config.values(), coverSecrets).matchAll(/^ {2}"(.*?)": \{$/gm)].map(([, key]) => key)
    expect(keys).toEqual(['a-b:a', 'a:z', 'a:\uffee', 'a:\u{1f642}'])
  })

  test('escapes <, > and & in the text of an object and nowhere else, and passes objectValue through float64', () => {
    const config = configFromJson('{"p:<&>":"<&>\u2028","p:o":{"b":12345678901234567,"a":["<"],"e":{},"l":[]}}')
    expect(configJson(config.values(), coverSecrets)).toBe(`{
  "p:<&>": {
    "value": "<&>\\u2028",
    "secret": false
  },
  "p:o": {
    "value": "{\\"a\\":[\\"\\\\u003c\\"],\\"b\\":12345678901234567,\\"e\\":{},\\"l\\":[]}",
    "objectValue": {
      "a": [
        "<"
      ],
      "b": 12345678901234568,
      "e": {},
      "l": []
    },
    "secret": false
  }
}
`)
  })

  test('leaves out the value of whatever holds a covered secret, and says so', () => {
    const config = configFromJson('{"p:a":{"secure":"x"},"p:b":{"c":[{"secure":"x"},1]},"p:c":"1"}')
    expect(JSON.parse(configJson(config.values(), coverSecrets))).toEqual({
      'p:a': { secret: true },
      'p:b': { secret: true },
      'p:c': { value: '1', secret: false },
    })
    expect(JSON.parse(configJson(config.values(), openAll))).toEqual({
      'p:a': { value: 'x', secret: true },
      'p:b': { value: '{"c":["x",1]}', objectValue: { c: ['x', 1] }, secret: true },
      'p:c': { value: '1', secret: false },
    })
  })

  test('shows the rest where a secret does not open, and the code in place of that value', () => {
    const config = configFromJson(
      '{"p:a":{"secure":"broken"},"p:b":{"c":{"secure":"broken"},"d":{"secure":"x"}},"p:c":{"secure":"x"}}',
    )
    expect(JSON.parse(configJson(config.values(), openMost))).toEqual({
      'p:a': { secret: true, error: 'ERR_DECRYPT_FAILED' },
      'p:b': { secret: true, error: 'ERR_DECRYPT_FAILED' },
      'p:c': { value: 'x', secret: true },
    })
    expect(brokenSecrets(config.values(), openMost)).toEqual([
      { key: 'p:a', path: [], error: damaged },
      { key: 'p:b', path: ['c'], error: damaged },
    ])
    expect(brokenSecrets(config.values(), openAll)).toEqual([])
    expect(brokenSecrets(config.values(), coverSecrets)).toEqual([])
  })

  test('has no objectValue for null', () => {
    expect(configJson(configFromJson('{"p:a":null}').values(), coverSecrets)).toBe(
      '{\n  "p:a": {\n    "value": "null",\n    "secret": false\n  }\n}\n',
    )
  })
})

describe('one value in JSON', () => {
  test('is what the reference printed for a text', () => {
    expect(configValueJson('<a>', openAll)).toBe('{\n  "value": "\\u003ca\\u003e",\n  "secret": false\n}\n')
  })

  test('is indented inside, with every <, > and & escaped', () => {
    expect(configValueJson(valueFromJson('{"a":[{"secure":"&"}]}'), openAll)).toBe(
      '{\n  "value": "{\\"a\\":[\\"\\\\u0026\\"]}",\n  "objectValue": {\n    "a": [\n      "\\u0026"\n    ]\n  },\n  "secret": true\n}\n',
    )
  })
})

describe('the text of a value', () => {
  test.each([
    ['text', '"a<b"', 'a<b'],
    ['a list', '["<",1,null,true]', '["\\u003c",1,null,true]'],
    ['a mapping', '{"b":1.0,"a":1e21}', '{"a":1e+21,"b":1}'],
    ['null', 'null', 'null'],
    ['a secret', '{"secure":"s"}', 's'],
    ['a secret inside', '{"a":{"secure":"<"}}', '{"a":"\\u003c"}'],
    ['a broken secret', '{"secure":"broken"}', '[unreadable: ERR_DECRYPT_FAILED]'],
    ['a broken secret beside others', '[{"secure":"broken"},"x"]', '["[unreadable: ERR_DECRYPT_FAILED]","x"]'],
  ])('of %s', (_, json, expected) => {
    expect(valueText(valueFromJson(json), openMost)).toBe(expected)
  })

  test('of a covered secret is [secret]', () => {
    expect(valueText(new SecretText('x'), coverSecrets)).toBe('[secret]')
    expect(valueText([new SecretText('x')], coverSecrets)).toBe('["[secret]"]')
  })
})
