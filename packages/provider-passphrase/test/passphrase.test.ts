import { spawnSync, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import {
  Envelope,
  isStacksealError,
  parseKeyUrl,
  type ProviderContext,
  Registry,
  StacksealError,
} from '@stackseal/core'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'

import { parseEncryptionSalt, printEncryptionSalt } from '../src/encryption-salt.ts'
import { passphrase } from '../src/passphrase.ts'
import { person } from './asking.ts'
import { countDerivations } from './counted-derivations.ts'
import { anyCharacter } from '../../../tools/any-character.ts'

const url = parseKeyUrl('passphrase:')
// Made by the reference; the passphrase is abc123.
const SEALED = 'v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrAWOFZnj9ealCUDdJL7LrUKXX9BA=='
const RIGHT: ProviderContext = { env: { PULUMI_CONFIG_PASSPHRASE: 'abc123' } }
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** One change at each character of a salt; FULL=1 tries every change: each one costs a derivation. */
const SALT_SAMPLE = process.env['FULL'] === '1' ? Infinity : 12

const folder = mkdtempSync(join(tmpdir(), 'stackseal-passphrase-'))
afterAll(() => rmSync(folder, { recursive: true }))

function env(text: string): ProviderContext {
  return { env: { PULUMI_CONFIG_PASSPHRASE: text } }
}

function file(name: string, content: string | Uint8Array): ProviderContext {
  const path = join(folder, name)
  writeFileSync(path, content)
  return { env: { PULUMI_CONFIG_PASSPHRASE_FILE: path } }
}

async function open(sealed: string, context: ProviderContext): Promise<Uint8Array> {
  return (await passphrase().openKey(url, sealed, context)).dataKey
}

/** The constant with each character of its salt replaced by each of these. */
function changesOfSalt(characters: string): string[] {
  const places = Array.from('4iF78gb0nF0=', (_, i) => 'v1:'.length + i)
  return places.flatMap((at) => Array.from(characters, (one) => SEALED.slice(0, at) + one + SEALED.slice(at + 1)))
}

async function refusal(run: Promise<unknown>): Promise<StacksealError> {
  try {
    await run
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a passphrase', () => {
  test('makes 8 random bytes of salt and a key that a fresh provider opens again', async () => {
    const { dataKey, sealed } = await passphrase().createKey(url, RIGHT)
    expect(dataKey).toHaveLength(32)
    expect(parseEncryptionSalt(sealed).salt).toHaveLength(8)
    expect(sealed).toMatch(/^v1:[A-Za-z0-9+/]{11}=:v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]{30}==$/)
    expect(await open(sealed, RIGHT)).toEqual(dataKey)
    const second = await passphrase().createKey(url, RIGHT)
    expect(second.sealed).not.toBe(sealed)
    expect(second.dataKey).not.toEqual(dataKey)
  })

  test('has no way to seal another key: its key follows from the phrase', () => {
    const provider = passphrase()
    expect([provider.contract, provider.name, provider.schemes]).toEqual([1, 'passphrase', ['passphrase']])
    expect('sealKey' in provider).toBe(false)
  })

  test('may be empty', async () => {
    const { dataKey, sealed } = await passphrase().createKey(url, env(''))
    expect(await open(sealed, env(''))).toEqual(dataKey)
    expect((await refusal(open(SEALED, env('')))).hint).toContain('empty')
  })

  test('is used as it stands: no white space is taken from the variable, no Unicode form changed', async () => {
    const { sealed } = await passphrase().createKey(url, env(' é\n'))
    expect(await open(sealed, env(' é\n'))).toHaveLength(32)
    expect((await refusal(open(sealed, env('é')))).code).toBe('ERR_WRONG_PASSPHRASE')
    expect((await refusal(open(sealed, env(' e\u0301\n')))).code).toBe('ERR_WRONG_PASSPHRASE')
  })

  test('opens salts of any length, also none', async () => {
    for (const salt of [new Uint8Array(0), new Uint8Array(33).fill(7)]) {
      const sealed = printEncryptionSalt({ salt, check: '' })
      const error = await refusal(open(`${sealed}v1:AAAAAAAAAAAAAAAA:AAAA`, RIGHT))
      expect(error.code).toBe('ERR_WRONG_PASSPHRASE')
    }
  })

  test('works through an envelope, created and opened', async () => {
    const registry = new Registry([{ schemes: ['passphrase'], load: async () => passphrase() }])
    const created = await Envelope.create(url, registry, RIGHT)
    const ciphertext = await created.encrypt('secret')
    const opened = await Envelope.open(created.sealedKey, registry, RIGHT)
    expect(await opened.decrypt(ciphertext)).toBe('secret')
  })
})

describe('an encryptionsalt', () => {
  test.each([
    ['', 'of the form v1:', undefined],
    ['v1', 'of the form v1:', undefined],
    ['v1:AAAA', 'of the form v1:', undefined],
    ['v2:AAAA:v1:AAAA:AAAA', 'version', undefined],
    ['V1:AAAA:x', 'version', undefined],
    [' v1:AAAA:x', 'version', undefined],
    ['::', 'version', undefined],
    ['v1:AA:x', 'at byte 0', 0],
    ['v1:AAAA*AAA:x', 'at byte 4', 4],
    ['v1:fozI5u6B030:x', 'at byte 8', 8],
  ])(
    'that is malformed is refused with its reason, without a derivation or a question (%j)',
    async (sealed, reason, at) => {
      const { context, questions } = person('abc123')
      const count = await countDerivations(async () => {
        for (const one of [context, RIGHT, { env: {} }]) {
          const error = await refusal(open(sealed, one))
          expect([error.code, error.kind]).toEqual(['ERR_MALFORMED_SEALED_KEY', 'data'])
          expect(error.message).toContain(reason)
          expect(error.hint).toContain('earlier version')
          expect(error.details['at']).toBe(at)
        }
      })
      expect([count, questions.length]).toEqual([0, 0])
    },
  )

  test.each([
    'v1:AAAA:',
    'v1:AAAA:zzz',
    'v1:4iF78gb0nF0=:v2:Co6IbTWYs/UdrjgY:FSrA',
    'v1:4iF78gb0nF0=:v1:Co6IbTWYs/Ud:FSrA',
    'v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrA:',
  ])(
    'whose check value is no ciphertext is a wrong passphrase, without a derivation or a question (%j)',
    async (sealed) => {
      const { context, questions } = person()
      const count = await countDerivations(async () => {
        for (const one of [context, RIGHT]) {
          const error = await refusal(open(sealed, one))
          expect([error.code, error.hint]).toEqual(['ERR_WRONG_PASSPHRASE', expect.stringContaining('earlier version')])
        }
        expect((await refusal(open(sealed, { env: {} }))).code).toBe('ERR_PASSPHRASE_MISSING')
      })
      expect([count, questions.length]).toEqual([0, 0])
    },
  )

  test('whose check value says something else is a wrong passphrase', async () => {
    const { salt } = parseEncryptionSalt(SEALED)
    const envelope = Envelope.fromDataKey(await open(SEALED, RIGHT), { url, sealed: SEALED })
    for (const text of ['Pulumi', '', 'pulumi ']) {
      const sealed = printEncryptionSalt({ salt, check: await envelope.encrypt(text) })
      expect((await refusal(open(sealed, RIGHT))).code).toBe('ERR_WRONG_PASSPHRASE')
    }
    const bytes = printEncryptionSalt({ salt, check: await envelope.encrypt(Uint8Array.of(0xff)) })
    expect((await refusal(open(bytes, RIGHT))).code).toBe('ERR_WRONG_PASSPHRASE')
    await open(printEncryptionSalt({ salt, check: await envelope.encrypt('pulumi') }), RIGHT)
  })

  test('is refused when any character of its check value is another one', async () => {
    const start = SEALED.indexOf(':v1:') + 1
    const accepted: string[] = []
    for (let at = start; at < SEALED.length; at++) {
      for (const character of `${ALPHABET}=: `) {
        const sealed = SEALED.slice(0, at) + character + SEALED.slice(at + 1)
        if (sealed === SEALED) continue
        const code = await open(sealed, RIGHT).then(
          () => 'accepted',
          (error: StacksealError) => error.code,
        )
        if (code !== 'ERR_WRONG_PASSPHRASE') accepted.push(sealed)
      }
    }
    // The reference ignores the four bits that the padding leaves unused: A, and what differs from it in those.
    const end = SEALED.length - 'A=='.length
    const sameBytes = Array.from('BCDEFGHIJKLMNOP', (character) => `${SEALED.slice(0, end)}${character}==`)
    expect(accepted).toEqual(sameBytes)
  })

  test('is refused when a character of its salt is another one', async () => {
    // The last character before the padding has two unused bits, so 0, 1, 2 and 3 there are the same salt.
    const same = ['0', '1', '2', '3'].map((character) => SEALED.replace('nF0=', `nF${character}=`))
    const changed = changesOfSalt(ALPHABET).filter((sealed) => !same.includes(sealed))
    expect(changed.length).toBe(12 * 64 - 11 - 3)
    const step = Math.max(1, Math.floor(changed.length / SALT_SAMPLE))
    const tried = changed.filter((_, i) => i % step === step - 1)
    expect(tried.length).toBeGreaterThanOrEqual(12)
    const codes = await Promise.all(tried.map(async (sealed) => (await refusal(open(sealed, RIGHT))).code))
    expect(codes).toEqual(tried.map(() => 'ERR_WRONG_PASSPHRASE'))
    expect(await Promise.all(same.map((sealed) => open(sealed, RIGHT)))).toHaveLength(4)
  }, 600_000)

  test('is refused when a character of its salt is none of base64, without a derivation', async () => {
    const count = await countDerivations(async () => {
      const foreign = await Promise.all(changesOfSalt('*-_ é').map((sealed) => refusal(open(sealed, RIGHT))))
      expect(new Set(foreign.map((error) => error.code))).toEqual(new Set(['ERR_MALFORMED_SEALED_KEY']))
      // A colon moves the border between salt and check value.
      const colons = await Promise.all(changesOfSalt(':').map((sealed) => refusal(open(sealed, RIGHT))))
      expect(new Set(colons.map((error) => error.code))).toEqual(
        new Set(['ERR_MALFORMED_SEALED_KEY', 'ERR_WRONG_PASSPHRASE']),
      )
    })
    expect(count).toBe(0)
  })

  test('prints back as it was', () => {
    const same = fc.property(fc.uint8Array({ maxLength: 20 }), fc.string(), (salt, check) => {
      const text = printEncryptionSalt({ salt, check })
      expect(parseEncryptionSalt(text)).toEqual({ salt: new Uint8Array(salt), check })
    })
    fc.assert(same)
  })

  test('made of any text is parsed or refused with an error of ours', () => {
    const pieces = fc.array(
      fc.oneof(fc.constantFrom('v1', ':', '=', 'AAAA', '\n', 'é'), fc.string({ unit: anyCharacter })),
    )
    const parsedOrRefused = fc.property(pieces, (parts) => {
      try {
        parseEncryptionSalt(parts.join(''))
      } catch (error) {
        if (!isStacksealError(error)) throw error
      }
    })
    expect(() => fc.assert(parsedOrRefused)).not.toThrow()
  })

  test('is described without a key', () => {
    const provider = passphrase()
    expect(provider.describe?.(url, SEALED)).toEqual({
      'key derivation': 'PBKDF2-HMAC-SHA256, 1,000,000 iterations',
      salt: '8 bytes (e2217bf206f49c5d)',
    })
    expect(provider.describe?.(url, undefined)).toEqual({
      'key derivation': 'PBKDF2-HMAC-SHA256, 1,000,000 iterations',
    })
    expect(provider.describe?.(url, 'garbage')?.['salt']).toContain('malformed')
  })
})

describe('the key URL of a passphrase', () => {
  test.each(['passphrase:x', 'passphrase:?a=b', 'passphrase://', 'passphrase://h', 'passphrase:/p'])(
    'is passphrase: and not %s',
    async (text) => {
      const other = parseKeyUrl(text)
      const error = await refusal(passphrase().createKey(other, RIGHT))
      expect([error.code, error.details]).toEqual(['ERR_INVALID_KEY_URL', { scheme: 'passphrase' }])
      expect(error.hint).toContain('write passphrase')
      expect((await refusal(passphrase().openKey(other, SEALED, RIGHT))).code).toBe('ERR_INVALID_KEY_URL')
    },
  )
})

describe('a derivation', () => {
  test('is made once for a salt and a passphrase in a process, whoever asks and how many at once', async () => {
    const { sealed } = await passphrase().createKey(url, env('made once'))
    const count = await countDerivations(async () => {
      await Promise.all([
        open(sealed, env('made once')),
        open(sealed, env('made once')),
        open(sealed, file('once', 'made once\n')),
      ])
      await Promise.all([refusal(open(sealed, env('another one'))), refusal(open(sealed, env('another one')))])
      await refusal(open(sealed, env('another one')))
      await open(sealed.replace(/:v1:/, '\n:v1:'), env('made once'))
    })
    expect(count).toBe(1)
  })

  test('gives each caller bytes of its own, so that one may wipe them', async () => {
    const [first, second] = await Promise.all([open(SEALED, RIGHT), open(SEALED, RIGHT)])
    expect(first).toEqual(second)
    first.fill(0)
    expect(await open(SEALED, RIGHT)).toEqual(second)
    expect(second.buffer.byteLength).toBe(32)
  })

  test('leaves the main thread free', async () => {
    let turns = 0
    const counter = setInterval(() => turns++, 1)
    await refusal(open(SEALED, env('a passphrase that takes its time')))
    clearInterval(counter)
    expect(turns).toBeGreaterThan(10)
  })

  test('does not hold up a caller who is cancelled, and is not begun for one who was cancelled before', async () => {
    const cancel = new AbortController()
    const opening = refusal(open(SEALED, { ...env('cancelled'), signal: cancel.signal }))
    const patient = refusal(open(SEALED, env('cancelled')))
    cancel.abort()
    expect(await Promise.race([opening, patient])).toMatchObject({ code: 'ERR_INTERRUPTED' })
    expect((await patient).code).toBe('ERR_WRONG_PASSPHRASE')
    const count = await countDerivations(async () => {
      const signal = AbortSignal.abort(new DOMException('too late', 'TimeoutError'))
      expect((await refusal(open(SEALED, { ...env('never begun'), signal }))).code).toBe('ERR_TIMEOUT')
      expect((await refusal(open(SEALED, { ...file('never', 'read'), signal }))).code).toBe('ERR_TIMEOUT')
      expect((await refusal(passphrase().createKey(url, { ...env('never begun'), signal }))).code).toBe('ERR_TIMEOUT')
    })
    expect(count).toBe(0)
  })
})

describe('where a passphrase comes from', () => {
  test('is the variable before the file, and the file before a question', async () => {
    const { context, questions } = person()
    const both = { ...context, env: { ...RIGHT.env, PULUMI_CONFIG_PASSPHRASE_FILE: '/nowhere' } }
    await open(SEALED, both)
    await open(SEALED, { ...context, ...file('right', ' abc123\n\n') })
    expect(questions).toEqual([])
    const error = await refusal(
      open(SEALED, { ...context, env: { PULUMI_CONFIG_PASSPHRASE: '', PULUMI_CONFIG_PASSPHRASE_FILE: '/nowhere' } }),
    )
    expect([error.code, error.details]).toEqual(['ERR_WRONG_PASSPHRASE', { variable: 'PULUMI_CONFIG_PASSPHRASE' }])
  })

  test('is asked for when the name of the file is empty', async () => {
    const { context, questions } = person('abc123')
    await open(SEALED, { ...context, env: { PULUMI_CONFIG_PASSPHRASE_FILE: '' } })
    expect(questions).toHaveLength(1)
  })

  test('has to be somewhere: without a variable, a file and a person there is an error that names both variables', async () => {
    for (const run of [
      open(SEALED, { env: {} }),
      passphrase().createKey(url, { env: { PULUMI_CONFIG_PASSPHRASE_FILE: '' } }),
    ]) {
      const error = await refusal(run)
      expect([error.code, error.kind]).toEqual(['ERR_PASSPHRASE_MISSING', 'access'])
      expect(error.hint).toMatch(/PULUMI_CONFIG_PASSPHRASE .*PULUMI_CONFIG_PASSPHRASE_FILE/)
    }
  })

  test.each([
    ['is not there', join(folder, 'missing'), 'ENOENT'],
    ['lies under a file', '/etc/passwd/x', 'ENOTDIR'],
    ['is a folder', folder, 'EISDIR'],
    ['has a name that no file can have', 'a\u0000b', 'ERR_INVALID_ARG_VALUE'],
  ])('is an error that names the variable and the file, when that %s', async (_, path, reason) => {
    const { context, questions } = person()
    const error = await refusal(open(SEALED, { ...context, env: { PULUMI_CONFIG_PASSPHRASE_FILE: path } }))
    expect([error.code, error.kind]).toEqual(['ERR_PASSPHRASE_MISSING', 'access'])
    expect(error.details).toEqual({ variable: 'PULUMI_CONFIG_PASSPHRASE_FILE', file: path, reason })
    expect(error.message).toContain(path)
    expect(error.message).toContain('PULUMI_CONFIG_PASSPHRASE_FILE')
    expect(questions).toEqual([])
  })

  test('may be a pipe, though that can be read only once and a new key is opened again after it is made', async (on) => {
    const pipe = join(folder, 'pipe')
    on.skip(spawnSync('mkfifo', [pipe]).error !== undefined, 'mkfifo is not on PATH')
    const context: ProviderContext = { env: { PULUMI_CONFIG_PASSPHRASE_FILE: pipe } }
    writeInto(pipe, 'through a pipe\n')
    const { dataKey, sealed } = await passphrase().createKey(url, context)
    expect(await open(sealed, context)).toEqual(dataKey)
    expect(await open(sealed, env('through a pipe'))).toEqual(dataKey)
  })

  test('may be several pipes, each with a passphrase of its own', async (on) => {
    const pipes = ['one', 'two'].map((name) => join(folder, `pipe-${name}`))
    on.skip(spawnSync('mkfifo', pipes).error !== undefined, 'mkfifo is not on PATH')
    const made = pipes.map(async (pipe, i) => {
      writeInto(pipe, `pipe ${i}`)
      return (await passphrase().createKey(url, { env: { PULUMI_CONFIG_PASSPHRASE_FILE: pipe } })).sealed
    })
    const [one = '', two = ''] = await Promise.all(made)
    expect(await Promise.all([open(one, env('pipe 0')), open(two, env('pipe 1'))])).toHaveLength(2)
  })

  test('is a file as it is now, also when it was another one before', async () => {
    expect((await refusal(open(SEALED, file('corrected', 'abc124')))).code).toBe('ERR_WRONG_PASSPHRASE')
    expect(await open(SEALED, file('corrected', 'abc123'))).toHaveLength(32)
  })

  test('may be bytes that are not text, but only from a file', async () => {
    const bytes = file('bytes', Uint8Array.of(0xff, 0x20, 0xfe, 0x0a))
    const { dataKey, sealed } = await passphrase().createKey(url, bytes)
    expect(await open(sealed, bytes)).toEqual(dataKey)
    // What a program sees of a variable with such bytes.
    const shown = env('\ufffd \ufffd')
    expect((await refusal(open(sealed, shown))).hint).toContain('PULUMI_CONFIG_PASSPHRASE_FILE')
    const error = await refusal(passphrase().createKey(url, shown))
    expect([error.code, error.hint]).toEqual(['ERR_INVALID_VALUE', expect.stringContaining('put it into a file')])
  })

  test('may not be half of a surrogate pair, which would silently become another passphrase', async () => {
    expect((await refusal(open(SEALED, env('\ud800')))).code).toBe('ERR_INVALID_VALUE')
    expect((await refusal(passphrase().createKey(url, person('\ud800').context))).code).toBe('ERR_INVALID_VALUE')
  })
})

/** Writes into a named pipe from another process, which waits until somebody reads. */
function writeInto(pipe: string, text: string): void {
  const variables = { ...process.env, PIPE: pipe, TEXT: text }
  execFileSync('sh', ['-c', 'printf %s "$TEXT" > "$PIPE" &'], { env: variables, stdio: 'ignore' })
}

describe('a person who is asked', () => {
  test('is told what the passphrase is for, gets no echo, and names a new one twice', async () => {
    const { context, questions } = person('abc123', 'a new one')
    await open(SEALED, context)
    await passphrase().createKey(url, context)
    expect(questions).toEqual([
      { text: expect.stringMatching(/opens the secrets.*PULUMI_CONFIG_PASSPHRASE_FILE/) as string, secret: true },
      {
        text: expect.stringMatching(/New passphrase.*protect the secrets/) as string,
        confirm: expect.stringContaining('again') as string,
        secret: true,
      },
    ])
  })

  test('may mistype it, and is told so', async () => {
    const { context, questions, told } = person('abc124', 'abc123')
    await open(SEALED, context)
    expect([questions.length, told.length]).toEqual([2, 1])
    expect(told[0]).toContain('does not open')
  })

  test('is asked five times and no more', async () => {
    const { context, questions, told } = person('abc124', 'abc124', 'abc124', 'abc124', 'abc124')
    const error = await refusal(open(SEALED, context))
    expect([error.code, questions.length, told.length]).toEqual(['ERR_WRONG_PASSPHRASE', 5, 4])
    expect(error.details).toEqual({ asked: 5 })
  })

  test('is asked again also where nobody can be told why', async () => {
    const { tell: _, ...context } = person('abc124', 'abc123').context
    expect(await open(SEALED, context)).toHaveLength(32)
  })

  test('is not asked again when the environment gives a wrong passphrase', async () => {
    const { context, questions } = person()
    const error = await refusal(open(SEALED, { ...context, ...env('abc124') }))
    expect([error.code, error.details, questions.length]).toEqual([
      'ERR_WRONG_PASSPHRASE',
      { variable: 'PULUMI_CONFIG_PASSPHRASE' },
      0,
    ])
    const wrongFile = file('wrong', 'abc124')
    expect((await refusal(open(SEALED, { ...context, ...wrongFile }))).details).toEqual({
      variable: 'PULUMI_CONFIG_PASSPHRASE_FILE',
      file: wrongFile.env['PULUMI_CONFIG_PASSPHRASE_FILE'],
    })
  })

  test('is asked once for a new key that is opened right after', async () => {
    const { context, questions } = person('a new one')
    const registry = new Registry([{ schemes: ['passphrase'], load: async () => passphrase() }])
    await Envelope.create(url, registry, context)
    expect(questions).toHaveLength(1)
  })

  test('is asked once for two salts of one passphrase, also when both are opened at the same time', async () => {
    const { sealed } = await passphrase().createKey(url, RIGHT)
    const { context, questions } = person('abc123')
    await Promise.all([open(SEALED, context), open(sealed, context), open(SEALED, context)])
    expect(questions).toHaveLength(1)
  })

  test('is asked for the old and for the new passphrase once each when it changes', async () => {
    const { context, questions, told } = person('abc123', 'a new one')
    await open(SEALED, context)
    const { sealed } = await passphrase().createKey(url, context)
    const count = await countDerivations(async () => {
      await open(SEALED, context)
      await open(sealed, context)
    })
    expect([questions.length, told.length, count]).toEqual([2, 0, 0])
  })

  test('is asked when an earlier answer does not open another salt, without being told of a mistake', async () => {
    const { sealed } = await passphrase().createKey(url, env('zyx987'))
    const { context, questions, told } = person('abc123', 'zyx987')
    await open(SEALED, context)
    await open(sealed, context)
    expect([questions.length, told.length]).toEqual([2, 0])
    const count = await countDerivations(async () => {
      await open(SEALED, context)
      await open(sealed, context)
    })
    expect([questions.length, count]).toEqual([2, 0])
  })

  test('answers for nobody else: neither for another asker nor for an environment', async () => {
    const first = person('abc123')
    await open(SEALED, first.context)
    const second = person('abc124', 'abc123')
    await open(SEALED, second.context)
    expect(second.questions).toHaveLength(2)
    expect((await refusal(open(SEALED, { ...first.context, ...env('abc124') }))).code).toBe('ERR_WRONG_PASSPHRASE')
    expect((await refusal(open(SEALED, { env: {} }))).code).toBe('ERR_PASSPHRASE_MISSING')
  })

  test('does not have a mistyped answer tried again', async () => {
    const { context } = person('abc124', 'abc123')
    await open(SEALED, context)
    const { sealed } = await passphrase().createKey(url, env('abc124'))
    const again = person()
    expect(
      (
        await refusal(
          open(sealed, { ...again.context, ask: () => Promise.reject(new StacksealError('ERR_INTERRUPTED', 'x')) }),
        )
      ).code,
    ).toBe('ERR_INTERRUPTED')
    await expect(open(sealed, context)).rejects.toThrow('nobody expected to be asked')
  })

  test('may be left alone: a cancelled caller ends at once, and the next one in turn is asked', async () => {
    const questions: string[] = []
    const answers = [new Promise<string>(() => undefined), Promise.resolve('abc123')]
    const ask = ({ text }: { text: string }): Promise<string> => {
      questions.push(text)
      return answers.shift() ?? Promise.reject(new Error('asked too often'))
    }
    const cancel = new AbortController()
    const first = refusal(open(SEALED, { env: {}, ask, signal: cancel.signal }))
    const waiting = refusal(open(SEALED, { env: {}, ask, signal: cancel.signal }))
    const other = open(SEALED, { env: {}, ask })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(questions).toHaveLength(1)
    cancel.abort()
    expect([(await first).code, (await waiting).code]).toEqual(['ERR_INTERRUPTED', 'ERR_INTERRUPTED'])
    expect(await other).toHaveLength(32)
    expect(questions).toHaveLength(2)
  })
})

describe('no error', () => {
  test('holds a passphrase, in whatever way it fails', async () => {
    const phrase = 'correct-horse-passphrase'
    const errors = [
      await refusal(open(SEALED, env(phrase))),
      await refusal(open(SEALED, file('phrase', phrase))),
      await refusal(open('v1:AA:x', env(phrase))),
      await refusal(open('v1:AAAA:x', env(phrase))),
      await refusal(open(SEALED, person(phrase, phrase, phrase, phrase, phrase).context)),
      await refusal(open(SEALED, env(`${phrase}\ud800`))),
      await refusal(passphrase().createKey(url, env(`${phrase}\ufffd`))),
      await refusal(passphrase().createKey(parseKeyUrl('passphrase:x'), env(phrase))),
    ]
    const shown = errors
      .map((error) => inspect(error, { depth: null, showHidden: true }) + JSON.stringify(error))
      .join('')
    expect(errors).toHaveLength(8)
    expect(shown).not.toContain(phrase)
    expect(shown).not.toContain(Buffer.from(phrase).toString('hex'))
    expect(shown).not.toContain(Buffer.from(phrase).toString('base64').slice(0, 20))
  })
})
