import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { Console } from 'node:console'
import { Session } from 'node:inspector'
import { PassThrough } from 'node:stream'
import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'

import { describe, expect, test } from 'vitest'

import { isStacksealError, Secret } from '../src/index.ts'

const PLAINTEXT = 'correct-horse-battery-stable'
const secret = new Secret(PLAINTEXT)

describe('a secret', () => {
  test('is revealed by one method alone', () => {
    expect(secret.reveal()).toBe(PLAINTEXT)
    expect(new Secret({ a: [1, 2] }).reveal()).toEqual({ a: [1, 2] })
    expect(new Secret(undefined).reveal()).toBe(undefined)
    expect(secret.map((value) => value.length).reveal()).toBe(PLAINTEXT.length)
  })

  const prints: [where: string, print: () => unknown][] = [
    // oxlint-disable-next-line typescript/restrict-template-expressions -- that a template prints nothing is the point
    ['a template', () => `${secret}`],
    ['String()', () => String(secret)],
    ['concatenation', () => 'x'.concat(secret as never).slice(1)],
    ['toString', () => secret.toString()],
    ['the name of its class', () => Object.prototype.toString.call(secret).replace('object Secret', 'secret')],
    ['toLocaleString', () => secret.toLocaleString()],
    ['Array.join', () => [secret].join()],
    ['JSON', () => JSON.parse(JSON.stringify(secret))],
    ['inspect', () => inspect(secret)],
    [
      'inspect with hidden properties',
      () => inspect(secret, { showHidden: true, depth: 99, showProxy: true, getters: true }),
    ],
    ['%s', () => format('%s', secret)],
    ['%o', () => format('%o', secret)],
    ['%O', () => format('%O', secret)],
    ['another argument of console.log', () => format('', secret).trim()],
  ]
  test.each(prints)('prints as [secret] in %s', (_, print) => {
    expect(print()).toBe('[secret]')
  })

  test('prints as [secret] inside a parent', () => {
    const parent = { list: [secret], map: new Map([['k', secret]]), deep: { er: { still: { more: secret } } } }
    expect(JSON.stringify({ a: secret, b: [secret] })).toBe('{"a":"[secret]","b":["[secret]"]}')
    expect(inspect(parent, { depth: null }).match(/\[secret\]/g)).toHaveLength(3)
    expect(inspect(parent, { depth: null, showHidden: true })).not.toContain('horse')
  })

  test('shows nothing where a printer takes it apart instead of asking it', async () => {
    const lines = new PassThrough()
    const console = new Console(lines)
    console.table([secret, { a: secret }])
    console.table({ row: { a: secret, b: 1 } }, ['a'])
    console.dir(secret, { showHidden: true, customInspect: false, depth: null })
    console.log('%j %d %i %o', secret, secret, secret, { secret })
    lines.end()
    const printed = (await lines.toArray()).join('')
    expect(printed).toContain('[secret]')
    expect(printed).not.toMatch(/horse|battery/)
    expect(inspect(secret, { customInspect: false, showHidden: true, getters: true })).not.toContain('horse')
  })

  test('has no property, symbol or prototype value that holds it', () => {
    const seen: unknown[] = []
    for (let object: object | null = secret; object !== null; object = Object.getPrototypeOf(object) as object | null) {
      for (const key of Reflect.ownKeys(object)) {
        if (key !== '__proto__') seen.push(key, Reflect.get(object, key, secret))
      }
    }
    expect(seen.length).toBeGreaterThan(5)
    expect(seen).not.toContain(PLAINTEXT)
    expect(Object.assign({}, secret)).toEqual({})
    expect(Object.entries(secret)).toEqual([])
  })

  test('leaves nothing in a structured clone, a serialised value or a copy', () => {
    expect(inspect(structuredClone({ secret }), { depth: null })).not.toContain('horse')
    expect(serialize({ secret }).toString('latin1')).not.toContain('horse')
    const proxy = new Proxy(secret, {})
    for (const imitation of [
      structuredClone(secret),
      Object.create(secret),
      Object.assign({}, secret),
      proxy,
    ] as Secret[]) {
      let thrown: unknown
      try {
        Secret.prototype.reveal.call(imitation)
      } catch (error) {
        thrown = error
      }
      expect(isStacksealError(thrown) && thrown.code).toBe('ERR_USAGE')
    }
  })

  test.each([
    ['deepStrictEqual', (): void => deepStrictEqual({ password: secret, a: 1 }, { password: 'x', a: 2 })],
    ['deepStrictEqual of two secrets', (): void => deepStrictEqual([secret, 1], [new Secret('other-plaintext'), 2])],
    ['strictEqual', (): void => strictEqual(secret as unknown, 'x')],
    ['expect', (): void => expect({ password: secret, a: 1 }).toEqual({ password: 'x', a: 2 })],
  ])('does not show in the message or the diff of %s', (_, fail) => {
    let thrown: unknown
    try {
      fail()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(Error)
    expect(inspect(thrown, { depth: null, showHidden: true })).not.toMatch(/horse|other-plaintext/)
  })

  test('does not show in the previews of an inspector', () => {
    const session = new Session()
    session.connect()
    const previews: string[] = []
    try {
      const place = globalThis as { secretForInspector?: unknown }
      place.secretForInspector = secret
      for (const expression of [
        'secretForInspector',
        '({ a: secretForInspector, list: [secretForInspector] })',
        'new Map([[1, secretForInspector]])',
      ]) {
        session.post('Runtime.evaluate', { expression, generatePreview: true }, (error, answer) => {
          expect(error).toBe(null)
          previews.push(JSON.stringify(answer))
          const objectId = answer.result.objectId ?? ''
          session.post(
            'Runtime.getProperties',
            { objectId, ownProperties: true, generatePreview: true },
            (_, properties) => {
              previews.push(JSON.stringify({ ...properties, internalProperties: undefined }))
            },
          )
        })
      }
      delete place.secretForInspector
    } finally {
      session.disconnect()
    }
    expect(previews).toHaveLength(6)
    expect(previews.join('')).toContain('Secret')
    expect(previews.join('')).not.toMatch(/horse|battery/)
  })

  test('that is made from another one stays sealed, whatever is made of it', () => {
    const made = secret.map((text) => ({ parts: text.split('-'), text }))
    expect([String(made), JSON.stringify({ made }), inspect(made, { showHidden: true, depth: null })]).toEqual([
      '[secret]',
      '{"made":"[secret]"}',
      '[secret]',
    ])
    expect(made.map(({ parts }) => parts.length).reveal()).toBe(4)
    expect(inspect(structuredClone({ made }), { depth: null })).not.toContain('horse')
  })

  test('does not show in the tale of an error that holds it, thrown or as its cause', () => {
    const tellers: (() => unknown)[] = [
      (): never => {
        throw new Error(`failed with ${String(secret)}`, { cause: secret })
      },
      (): never => {
        throw new AggregateError([secret], 'several')
      },
      (): never => {
        throw Object.assign(new Error('with a property'), { secret })
      },
    ]
    const told = tellers.map((tell) => {
      try {
        return tell()
      } catch (error) {
        return inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error)
      }
    })
    expect(told.join('')).toContain('[secret]')
    expect(told.join('')).not.toMatch(/horse|battery/)
  })

  test('does not show when it ends a process that nobody catches', () => {
    const source = new URL('../src/secret.ts', import.meta.url).href
    const program = `import { Secret } from ${JSON.stringify(source)}; console.log('%o %s', new Secret('from-log'), new Secret('from-log')); throw new Secret(process.argv[1])`
    // The oldest Nodes run TypeScript only when they are asked to, and do not know this.
    const flags = process.features.typescript ? [] : ['--experimental-strip-types']
    const ran = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program, PLAINTEXT], {
      encoding: 'utf8',
    })
    expect(ran.status).toBe(1)
    expect(ran.stdout).toBe('[secret] [secret]\n')
    expect(ran.stderr).toContain('Secret')
    expect(ran.stderr.replace(program, '')).not.toMatch(/horse|battery/)
  })

  test('does not become a number or a boolean that says something', () => {
    expect(Number(secret as unknown)).toBeNaN()
    expect(new Secret('').map(Boolean).toString()).toBe('[secret]')
  })
})
