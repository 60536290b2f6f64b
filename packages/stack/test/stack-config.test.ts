import { Secret, type StacksealError } from '@stackseal/core'
import { readFileSync, writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'

import { configJson, coverSecrets } from '../src/config/config-output.ts'
import { parseKeyValue } from '../src/config/config-json.ts'
import { SecretText } from '../src/values/config-value.ts'
import type { Stack } from '../src/stack.ts'
import { type Row, rows, text as field } from './config-vectors.ts'
import { StackPlayground } from './stack-playground.ts'
import { rejectionOf, thrownBy } from './thrown-by.ts'

const PLAINTEXT = 'correct-horse'

let playground: StackPlayground
let stack: Stack

beforeEach(async () => {
  playground = new StackPlayground()
  stack = await playground.stack('dev', async (encrypt) =>
    [
      'config:',
      '  proj:text: hello # a comment',
      '  proj:number: 12.5',
      '  proj:yes: true',
      '  proj:list: [1, two, {x: null}]',
      '  aws:region: eu-west-1',
      '  proj:mark: !secret marked-text',
      '  proj:password:',
      `    secure: ${await encrypt(PLAINTEXT)}`,
      '  proj:port:',
      `    secure: ${await encrypt('5432')}`,
      '  proj:json:',
      `    secure: ${await encrypt('{"a":[1,"x"]}')}`,
      '  proj:db:',
      '    host: localhost',
      '    users:',
      `      - {name: anna, password: {secure: ${await encrypt(PLAINTEXT)}}}`,
      '      - name: !secret marked-name',
      '',
    ].join('\n'),
  )
})

describe('plain values', () => {
  test('are read as text, numbers, booleans and objects, without the key', () => {
    const { config } = stack
    expect(config.get('text')).toBe('hello')
    expect(config.require('proj:text')).toBe('hello')
    expect(config.getNumber('number')).toBe(12.5)
    expect(config.requireNumber('list[0]', { path: true })).toBe(1)
    expect(config.getBoolean('yes')).toBe(true)
    expect(config.requireBoolean('yes')).toBe(true)
    expect(config.getObject('list')).toEqual([1, 'two', { x: null }])
    expect(config.requireObject<{ x: null }>('list[2]', { path: true })).toEqual({ x: null })
    expect(config.get('list')).toBe('[1,"two",{"x":null}]')
    expect(config.get('db.host', { path: true })).toBe('localhost')
    expect(config.keys()).toContain('aws:region')
    expect(playground.opened).toEqual([])
  })

  test('that are absent are undefined, or an error that names the key', () => {
    const { config } = stack
    expect([config.get('no'), config.getNumber('no'), config.getBoolean('no'), config.getObject('no')]).toEqual(
      Array.from({ length: 4 }),
    )
    for (const call of [
      () => config.require('no'),
      () => config.requireNumber('no'),
      () => config.requireBoolean('no'),
      () => config.requireObject('no'),
    ]) {
      expect(thrownBy(call)).toMatchObject({ code: 'ERR_CONFIG_KEY_NOT_FOUND', details: { key: 'no', stack: 'dev' } })
    }
  })

  test.each([
    ['12abc', 'number'],
    ['', 'number'],
    [' 1', 'number'],
    ['0x10', 'number'],
    ['NaN', 'number'],
    ['1e400', 'number'],
    ['Infinity', 'number'],
    ['True', 'boolean'],
    ['1', 'boolean'],
    ['{', 'JSON object'],
    ['hunter2', 'JSON object'],
  ])('of the text %j are no %s, and the error does not show them', (value, type) => {
    const { config } = stack
    config.set('x', value)
    const read = { number: () => config.getNumber('x'), boolean: () => config.getBoolean('x') }[type]
    const error = thrownBy(read ?? (() => config.getObject('x')))
    expect(error.code).toBe('ERR_INVALID_VALUE')
    expect(error.message).toBe(`configuration x is not a ${type}`)
    expect(inspect(error, { depth: null })).not.toContain('hunter2')
  })

  test.each([
    ['1', 1],
    ['-0.5', -0.5],
    ['+7', 7],
    ['1e3', 1000],
    ['.5', 0.5],
    ['5.', 5],
    ['010', 10],
  ])('of the text %j are the number %d', (value, number) => {
    stack.config.set('x', value)
    expect(stack.config.getNumber('x')).toBe(number)
  })

  test('have names of any kind', () => {
    stack.config.set('o.__proto__.x', '1', { path: true })
    stack.config.set('o.constructor', 'c', { path: true })
    const read = stack.config.requireObject<object>('o')
    expect(Object.keys(read)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })
})

describe('secrets', () => {
  test('are read as Secrets, each form, with the key opened once', async () => {
    const { config } = stack
    expect((await config.requireSecret('password')).reveal()).toBe(PLAINTEXT)
    expect((await config.getSecret('text'))?.reveal()).toBe('hello')
    expect((await config.requireSecretNumber('port')).reveal()).toBe(5432)
    expect((await config.requireSecretBoolean('yes')).reveal()).toBe(true)
    expect((await config.requireSecretObject<{ a: unknown[] }>('json')).map(({ a }) => a[1]).reveal()).toBe('x')
    expect((await config.requireSecretObject('db')).reveal()).toEqual({
      host: 'localhost',
      users: [{ name: 'anna', password: PLAINTEXT }, { name: 'marked-name' }],
    })
    expect(await config.getSecret('no')).toBe(undefined)
    expect(await config.getSecretObject('no')).toBe(undefined)
    expect((await rejectionOf(config.requireSecretNumber('no'))).code).toBe('ERR_CONFIG_KEY_NOT_FOUND')
    expect(playground.opened).toEqual(['plain://dev'])
  })

  test('inside an object stand at their places, and the rest of it in clear', async () => {
    const db = await stack.config.requireObjectWithSecrets<{
      host: string
      users: [{ name: string; password: Secret }, { name: Secret }]
    }>('db')
    expect(db.host).toBe('localhost')
    expect(db.users[0].name).toBe('anna')
    expect(db.users[0].password.reveal()).toBe(PLAINTEXT)
    expect(db.users[1].name.reveal()).toBe('marked-name')
    expect(JSON.stringify(db)).toBe(
      '{"host":"localhost","users":[{"name":"anna","password":"[secret]"},{"name":"[secret]"}]}',
    )
    expect(await stack.config.getObjectWithSecrets('list')).toEqual([1, 'two', { x: null }])
  })

  test.each([
    ['get', 'password', 'getSecret'],
    ['get', 'mark', 'getSecret'],
    ['get', 'db', 'getSecret'],
    ['getNumber', 'port', 'getSecret'],
    ['getBoolean', 'mark', 'getSecret'],
    ['getObject', 'json', 'getSecretObject'],
    ['getObject', 'db', 'getObjectWithSecrets'],
  ] as const)('are not given by %s(%j), which names %s', (method, key, instead) => {
    const error = thrownBy(() => stack.config[method](key))
    expect(error.code).toBe('ERR_INVALID_VALUE')
    expect(error.hint).toContain(`${instead}("${key}")`)
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/horse|marked-/)
  })

  test('that are not numbers are not shown by the error', async () => {
    for (const error of [
      await rejectionOf(stack.config.getSecretNumber('password')),
      await rejectionOf(stack.config.getSecretBoolean('password')),
      await rejectionOf(stack.config.getSecretObject('password')),
    ]) {
      expect(error.code).toBe('ERR_INVALID_VALUE')
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('horse')
    }
  })

  test('that are marked need no key', async () => {
    expect((await stack.config.requireSecret('mark')).reveal()).toBe('marked-text')
    expect((await stack.config.requireSecret('db.users[1].name', { path: true })).reveal()).toBe('marked-name')
    expect(playground.opened).toEqual([])
  })
})

describe('a namespace', () => {
  test('reads and changes its own keys, and others by their full names', async () => {
    const aws = stack.config.namespace('aws')
    expect(aws.require('region')).toBe('eu-west-1')
    expect(stack.config.require('aws:region')).toBe('eu-west-1')
    expect(aws.get('proj:text')).toBe('hello')
    expect(aws.get('text')).toBe(undefined)
    expect(thrownBy(() => aws.require('profile')).details['key']).toBe('aws:profile')
    aws.set('tags.team', 'a', { path: true })
    await aws.setSecret('token', 't')
    expect(stack.config.getObject('aws:tags')).toEqual({ team: 'a' })
    await stack.config.save()
    expect(playground.text('dev')).toContain('  aws:tags:\n    team: a\n  aws:token:\n    secure: v1:')
    expect((await aws.requireSecret('token')).reveal()).toBe('t')
  })
})

describe('changes in memory', () => {
  test('are seen by every reader before they are saved, and change no file', async () => {
    const { config } = stack
    const before = playground.text('dev')
    config.set('text', 'new')
    config.set('mark', 'plain now')
    config.remove('number')
    await config.setSecret('list[1]', new Secret('two'), { path: true })
    expect(config.get('text')).toBe('new')
    expect(config.get('mark')).toBe('plain now')
    expect(config.get('number')).toBe(undefined)
    expect(config.keys()).not.toContain('proj:number')
    expect((await config.requireSecret('list[1]', { path: true })).reveal()).toBe('two')
    expect(thrownBy(() => config.get('list')).code).toBe('ERR_INVALID_VALUE')
    expect(playground.text('dev')).toBe(before)
  })

  test('keep a mark on what it marks when a list moves up', () => {
    const { config } = stack
    config.remove('db.users[0]', { path: true })
    expect(thrownBy(() => config.get('db.users[0].name', { path: true })).code).toBe('ERR_INVALID_VALUE')
    config.remove('db.users[0].name', { path: true })
    expect(config.get('db')).toBe('{"host":"localhost","users":[{}]}')
  })

  test('are saved all together, and leave the rest of the file', async () => {
    const before = playground.text('dev')
    stack.config.set('text', 'new')
    await stack.config.setSecret('password', PLAINTEXT)
    stack.config.remove('yes')
    expect(await stack.config.save()).toEqual({ changed: true, replacedDamaged: [] })
    expect(playground.text('dev')).toBe(before.replace('hello #', 'new #').replace('  proj:yes: true\n', ''))
    expect(await stack.config.save()).toEqual({ changed: false, replacedDamaged: [] })
  })

  test('that can not all be saved are not saved at all', async () => {
    const before = playground.text('dev')
    stack.config.set('text', 'new')
    stack.config.set('list[3]', 'x', { path: true })
    // Meanwhile somebody else makes the list shorter.
    writeFileSync(playground.path('dev'), before.replace('[1, two, {x: null}]', '[]'))
    expect((await rejectionOf(stack.config.save())).details).toMatchObject({ changed: false })
    expect(playground.text('dev')).toBe(before.replace('[1, two, {x: null}]', '[]'))
  })
})

describe('encryptMarked', () => {
  test('turns what is marked into ciphertexts, and moves nothing else', async () => {
    const before = playground.text('dev')
    const places = await stack.config.encryptMarked()
    expect(places.map(({ key, path }) => [key.name, ...path])).toEqual([['mark'], ['db', 'users', 1n, 'name']])
    expect((await stack.config.requireSecret('mark')).reveal()).toBe('marked-text')
    expect(playground.text('dev')).toBe(before)
    await stack.config.save()
    const after = playground.text('dev')
    const [mark, name] = (after.match(/v1:[^\s}]+/g) ?? []).filter((ciphertext) => !before.includes(ciphertext))
    expect(after).toBe(
      before
        .replace(' !secret marked-text', `\n    secure: ${mark}`)
        .replace(' !secret marked-name', `\n          secure: ${name}`),
    )
    const again = await playground.open('dev')
    expect(again.markedLines).toEqual([])
    expect((await again.config.requireSecret('mark')).reveal()).toBe('marked-text')
    expect((await again.config.requireSecret('db.users[1].name', { path: true })).reveal()).toBe('marked-name')
  })

  test.each([
    ['with a comment behind it', 'proj:m: !secret x # c\n', 'proj:m: # c\n    secure: CT\n'],
    ['in quotes', 'proj:m: !secret "x"\n', 'proj:m:\n    secure: CT\n'],
    ['in flow style', 'proj:o: {m: !secret x, n: 1}\n', "proj:o: {m: {secure: 'CT'}, n: 1}\n"],
    ['in several lines', 'proj:m: !secret |\n    a\n    b\n', 'proj:m:\n    secure: CT\n'],
    ['as a whole mapping', 'proj:m: !secret\n    a: 1\n    b: [x]\n', 'proj:m:\n    secure: CT\n'],
    ['as a whole list in flow style', 'proj:m: !secret [1, {b: x}]\n', 'proj:m:\n    secure: CT\n'],
    ['and empty', 'proj:m: !secret\n', 'proj:m:\n    secure: CT\n'],
  ])('encrypts a value %s', async (_, line, expected) => {
    const { config } = await playground.stack('other', () => `config:\n  proj:z: 1\n  ${line}  proj:zz: 2\n`)
    const before = playground.text('other')
    await config.encryptMarked()
    await config.save()
    const after = playground.text('other')
    expect(after.replace(/v1:[^'\s]+/g, 'CT')).toBe(before.replace(line, expected).replace(/v1:[^'\s]+/g, 'CT'))
  })

  test('encrypts what is marked in the file by then', async () => {
    await stack.config.encryptMarked()
    writeFileSync(playground.path('dev'), `${playground.text('dev')}  proj:late: !secret late\n`)
    await stack.config.save()
    expect(playground.text('dev')).not.toContain('!secret')
    expect((await stack.config.requireSecret('late')).reveal()).toBe('late')
  })

  test('does nothing where nothing is marked', async () => {
    const { config } = await playground.stack('other', () => 'config:\n  proj:a: 1\n')
    expect(await config.encryptMarked()).toEqual([])
    expect(await config.save()).toEqual({ changed: false, replacedDamaged: [] })
    expect(playground.opened).toEqual([])
  })
})

describe('copyTo', () => {
  test('copies every value, secrets under the key of the other stack', async () => {
    const [source, text] = [stack, playground.text('dev')]
    const other = await playground.stack('prod', () => '# head\nconfig:\n  proj:own: 1\n  proj:text: theirs # kept\n')
    await source.config.copyTo(other.config)
    await other.config.save()
    expect(playground.text('dev')).toBe(text)
    const { config } = await playground.open('prod')
    expect(config.keys().toSorted()).toEqual([...source.config.keys(), 'proj:own'].toSorted())
    expect((await config.requireSecret('password')).reveal()).toBe(PLAINTEXT)
    expect((await config.requireSecretObject('db')).reveal()).toEqual(
      (await source.config.requireSecretObject('db')).reveal(),
    )
    expect(playground.text('prod')).toContain('# head\nconfig:\n  proj:own: 1\n  proj:text: hello # kept\n')
    // What is marked is meant to be secret: it does not go out in clear.
    expect(playground.text('prod')).not.toContain('marked')
    expect((await config.requireSecret('mark')).reveal()).toBe('marked-text')
  })

  test('copies single keys and places, with their types', async () => {
    const other = await playground.stack('prod', () => 'config:\n  proj:list: [0]\n')
    await stack.config.copyTo(other.config, ['db.users[0].password', 'list[2]'], { path: true }).catch(() => undefined)
    expect(other.config.keys()).toEqual(['proj:list'])
    await stack.config.copyTo(other.config, ['list', 'aws:region'])
    await stack.config.copyTo(other.config, ['db.host'], { path: true })
    expect(other.config.keys()).toEqual(['proj:list', 'aws:region', 'proj:db'])
    expect(other.config.get('db')).toBe('{"host":"localhost"}')
  })

  test('takes nothing over where one key is missing or does not open', async () => {
    const other = await playground.stack('prod', () => 'config:\n  proj:own: 1\n')
    expect(await rejectionOf(stack.config.copyTo(other.config, ['text', 'no']))).toMatchObject({
      code: 'ERR_CONFIG_KEY_NOT_FOUND',
      message: "configuration key 'no' not found for stack 'dev'",
    })
    writeFileSync(playground.path('dev'), playground.text('dev').replace(/(port:\n {4}secure: v1:)../, '$1AA'))
    const damaged = await playground.open('dev')
    expect((await rejectionOf(damaged.config.copyTo(other.config))).details['key']).toBe('port')
    expect(other.config.keys()).toEqual(['proj:own'])
    expect(await other.config.save()).toEqual({ changed: false, replacedDamaged: [] })
  })

  test('refuses the stack itself', async () => {
    const same = await playground.open('dev')
    expect(await rejectionOf(stack.config.copyTo(same.config))).toMatchObject({
      code: 'ERR_USAGE',
      message: 'current stack and destination stack are the same',
    })
  })
})

const isSecretObject = (row: Row): boolean => String(row['note']).includes('secret objects')

function pairs(pairsOfRow: unknown): (readonly [string, string])[] {
  return ((pairsOfRow ?? []) as string[]).map(parseKeyValue)
}

describe('setAll', () => {
  const table = rows('setAll')
  test.each(table.filter((row) => 'yaml' in row).map((row, i) => [i, row] as const))(
    'gives what Pulumi gives: row %i',
    async (_, row) => {
      const { config } = await playground.stack('all', () => '')
      await config.setAll({
        plaintext: pairs(row['plaintext']),
        secret: pairs(row['secret']),
        path: row['path'] === true,
        ...(row['json'] === undefined ? {} : { json: field(row, 'json') }),
      })
      await config.save()
      const text = playground.text('all')
      // The row's own cipher is base64: the plaintexts count.
      const [saved, theirs] = [text.slice(text.indexOf('config:')), field(row, 'yaml')]
      expect(saved.replace(/secure: .*/g, 'secure: …')).toBe(theirs.replace(/secure: .*/g, 'secure: …'))
      for (const [key, value] of pairs(row['secret'])) {
        expect((await config.requireSecret(key)).reveal()).toBe(value)
      }
    },
  )

  test.each(table.filter((row) => ('error' in row || 'errorContains' in row) && 'json' in row && !isSecretObject(row)))(
    'refuses what Pulumi refuses, and sets nothing: $json',
    async (row) => {
      const { config } = stack
      const keys = config.keys()
      const set = config.setAll({ plaintext: pairs(row['plaintext']), json: field(row, 'json') })
      const error = await rejectionOf(set)
      expect(error.message).toContain(row['error'] ?? row['errorContains'])
      expect(config.keys()).toEqual(keys)
    },
  )

  test.each(table.filter(isSecretObject))(
    'differs on purpose where Pulumi sets a secret object and can not save it: $json',
    async (row) => {
      await stack.config.setAll({ json: field(row, 'json') })
      const [[key, { value }]] = Object.entries(JSON.parse(field(row, 'json')) as object) as [
        [string, { value: string }],
      ]
      expect((await stack.config.requireSecret(key)).reveal()).toBe(value)
      await stack.config.save()
    },
  )

  test.each(table.filter((row) => 'sets' in row))('reads pairs as Pulumi reads them: $plaintext', (row) => {
    expect(Object.fromEntries(pairs(row['plaintext']))).toEqual(row['sets'])
  })

  test.each(table.filter((row) => 'error' in row && !('json' in row)))(
    'refuses pairs that Pulumi refuses: $plaintext',
    (row) => {
      expect(thrownBy(() => pairs(row['plaintext']))).toMatchObject({ code: 'ERR_USAGE', message: row['error'] })
    },
  )

  test('sets plain values, then secret ones, then those of the JSON, all or none', async () => {
    const { config } = stack
    await config.setAll({
      plaintext: [
        ['k', 'p'],
        ['l[0]', '5'],
      ],
      secret: [['k', 's']],
      path: true,
    })
    expect((await config.requireSecret('k')).reveal()).toBe('s')
    expect(config.getObject('l')).toEqual([5])
    const before = configJson(config.entries(), coverSecrets)
    const failing = config.setAll({
      plaintext: [
        ['k', 'other'],
        ['list.x', 'y'],
      ],
      path: true,
    })
    expect((await rejectionOf(failing)).code).toBe('ERR_INVALID_PROPERTY_PATH')
    expect(configJson(config.entries(), coverSecrets)).toBe(before)
    await config.save()
    expect((await config.requireSecret('k')).reveal()).toBe('s')
  })
})

test('a set of a finished value with a ciphertext in it is kept as it is', async () => {
  const ciphertext = readFileSync(playground.path('dev'), 'utf8').match(/v1:[^\s}]+/)?.[0] as string
  stack.config.set('copy', new Map([['x', new SecretText(ciphertext)]]))
  await stack.config.save()
  expect((await stack.config.requireSecret('copy.x', { path: true })).reveal()).toBe(PLAINTEXT)
})

test('keys without a value are told as the reference tells them', async () => {
  const warned = await playground.stack('warned', () => 'config:\n  a:\n  proj:b: ~\n  aws:c: null\n  d: {e: ~}\n')
  expect(warned.warnings).toEqual([
    {
      kind: 'no-value',
      keys: ['proj:a', 'proj:b', 'aws:c'],
      message:
        'No value for configuration keys "proj:a", "proj:b", "aws:c". This is currently treated as an empty string `""`, but will be treated as `null` in a future version of pulumi.\nSet the values to `""` to avoid this warning.',
    },
  ])
  expect(stack.warnings).toEqual([])
})

test('no error of a reader shows a secret in any form', async () => {
  const errors: StacksealError[] = []
  for (const key of ['password', 'mark', 'db']) {
    errors.push(
      thrownBy(() => stack.config.get(key)),
      thrownBy(() => stack.config.getObject(key)),
    )
  }
  expect(errors.map((error) => JSON.stringify(error)).join('')).not.toMatch(/horse|marked-/)
})
