import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Envelope, isStacksealError, parseKeyUrl, utf8Bytes } from '@stackseal/core'
import { afterAll, describe, expect, test } from 'vitest'

import { deriveKey } from '../src/derive.ts'
import { trimSpace } from '../src/passphrase-file.ts'
import { passphrase } from '../src/passphrase.ts'
import { readVectors, VECTORS } from './vectors.ts'

const url = parseKeyUrl('passphrase:')
const folder = mkdtempSync(join(tmpdir(), 'stackseal-passphrase-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Env = Record<string, string | undefined>

async function open(sealed: string, env: Env): Promise<Envelope> {
  const { dataKey } = await passphrase().openKey(url, sealed, { env })
  return Envelope.fromDataKey(dataKey, { url, sealed })
}

/** The code of the error, or "accepted". */
async function codeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run
    return 'accepted'
  } catch (error) {
    if (isStacksealError(error)) return error.code
    throw error
  }
}

interface Tables {
  readonly passphraseStates: { passphrase: string; encryptionsalt: string; accepted: boolean; error?: string }[]
  readonly passphraseEnvironment: {
    PULUMI_CONFIG_PASSPHRASE: string | null
    PULUMI_CONFIG_PASSPHRASE_FILE: string
    result?: string
    error?: string
  }[]
  readonly valueCiphertexts: {
    ciphertext: string
    passphrase?: string
    saltBase64?: string
    plaintext?: string
    error?: string
  }[]
}
const tables = readVectors('pulumi/tables.json') as Tables

describe('what the reference does', () => {
  test('with each encryptionsalt of the table', async () => {
    const verdicts = {
      'unknown state version': 'ERR_MALFORMED_SEALED_KEY',
      'malformed state value': 'ERR_MALFORMED_SEALED_KEY',
    }
    const rows = tables.passphraseStates
    expect(rows.length).toBeGreaterThanOrEqual(9)
    const expected = rows.map(({ accepted, error }) => {
      if (accepted) return 'accepted'
      const base64 = error?.startsWith('illegal base64 data') === true
      return base64 ? 'ERR_MALFORMED_SEALED_KEY' : (verdicts[error as keyof typeof verdicts] ?? 'ERR_WRONG_PASSPHRASE')
    })
    const codes = rows.map((row) => codeOf(open(row.encryptionsalt, { PULUMI_CONFIG_PASSPHRASE: row.passphrase })))
    expect(await Promise.all(codes)).toEqual(expected)
  })

  test('with each environment of the table', async () => {
    const rows = tables.passphraseEnvironment
    expect(rows.length).toBeGreaterThanOrEqual(5)
    const used = rows.map(async (row) => {
      const fileText = /^file with '(.*)'$/.exec(row.PULUMI_CONFIG_PASSPHRASE_FILE)?.[1]
      const file = fileText === undefined ? row.PULUMI_CONFIG_PASSPHRASE_FILE : join(folder, 'environment')
      if (fileText !== undefined) writeFileSync(file, JSON.parse(`"${fileText}"`) as string)
      const phrase = row.PULUMI_CONFIG_PASSPHRASE ?? undefined
      const env = { PULUMI_CONFIG_PASSPHRASE: phrase, PULUMI_CONFIG_PASSPHRASE_FILE: file }
      try {
        const { sealed } = await passphrase().createKey(url, { env })
        return await codeOf(open(sealed, { PULUMI_CONFIG_PASSPHRASE: row.result }))
      } catch (error) {
        return isStacksealError(error) ? error.code : error
      }
    })
    expect(await Promise.all(used)).toEqual(
      rows.map((row) => (row.result === undefined ? 'ERR_PASSPHRASE_MISSING' : 'accepted')),
    )
  })

  test('with each ciphertext of the table that has a passphrase', async () => {
    const rows = tables.valueCiphertexts.filter((row) => row.passphrase !== undefined)
    expect(rows.length).toBeGreaterThanOrEqual(7)
    const answers = rows.map(async ({ ciphertext, passphrase: phrase = '', saltBase64 = '' }) => {
      const dataKey = await deriveKey(utf8Bytes(phrase), Buffer.from(saltBase64, 'base64'))
      const [answer] = await Envelope.fromDataKey(dataKey, { url, sealed: '' }).decryptAll([ciphertext])
      return answer !== undefined && 'error' in answer ? answer.error.code : answer?.plaintext
    })
    expect(await Promise.all(answers)).toEqual(rows.map((row) => row.plaintext ?? 'ERR_DECRYPT_FAILED'))
  })

  test('with white space at the ends of a passphrase file', () => {
    const rows = readVectors('go/trim-space.json') as { before: string; after: string }[]
    expect(rows.length).toBeGreaterThan(300)
    const trimmed = rows.map(({ before }) => ({
      before,
      after: Buffer.from(trimSpace(Buffer.from(before, 'hex'))).toString('hex'),
    }))
    expect(trimmed).toEqual(rows)
  })

  test('with passphrase files that end in odd white space, hold several lines, nothing, or bytes that are not text', async () => {
    const rows = readVectors('pulumi/passphrase-files.json') as {
      fileHex: string
      encryptionsalt: string
      ciphertext: string
      plaintext: string
    }[]
    expect(rows.length).toBeGreaterThanOrEqual(10)
    const opened = rows.map(async ({ fileHex, encryptionsalt, ciphertext }, i) => {
      const file = join(folder, `odd-${i}`)
      writeFileSync(file, Buffer.from(fileHex, 'hex'))
      return (await open(encryptionsalt, { PULUMI_CONFIG_PASSPHRASE_FILE: file })).decrypt(ciphertext)
    })
    expect(await Promise.all(opened)).toEqual(rows.map((row) => row.plaintext))
  })
})

interface Commands {
  readonly passphrase?: string | null
  readonly steps: { write?: string; text?: string; argv?: string[]; stdin?: string | null; env?: Env }[]
}

/** Every stack under the vectors whose passphrase is known, with the first of its files that has a salt. */
function* stacks(): Generator<{ name: string; text: string; salt: string; environments: Env[] }> {
  const root = new URL('pulumi/stacks/', VECTORS)
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('commands.json'),
  )
  for (const name of names.toSorted()) {
    const place = new URL(`${name}/../`, root)
    const { passphrase: phrase, steps } = readVectors(`pulumi/stacks/${name}`) as Commands
    const candidates = readdirSync(place).filter((file) => /^Pulumi\.\w+\.(?:yaml|yml|json)/.test(file))
    const texts = candidates.toSorted().map((file) => readFileSync(new URL(file, place), 'utf8'))
    const text = texts.find((one) => one.includes('encryptionsalt'))
    const salt = /encryptionsalt"?: *"?(v1:[^\s"]+)/.exec(text ?? '')?.[1]
    if (text === undefined || salt === undefined) continue
    // A later step may have changed the passphrase: by an environment of its own, or on standard input.
    const changes = steps.filter(
      (step) => step.argv?.includes('change-secrets-provider') === true && typeof step.stdin === 'string',
    )
    const phrases = [
      phrase,
      ...changes.map((step) => step.stdin?.trim()),
      ...steps.map((step) => step.env?.['PULUMI_CONFIG_PASSPHRASE']),
    ]
    const environments: Env[] = [...new Set(phrases)].flatMap((one) =>
      typeof one === 'string' ? [{ PULUMI_CONFIG_PASSPHRASE: one }] : [],
    )
    const written = steps.find((step) => step.write === 'pass.txt')?.text
    if (written !== undefined) {
      const file = join(folder, 'pass.txt')
      writeFileSync(file, written)
      environments.push({ PULUMI_CONFIG_PASSPHRASE_FILE: file })
    }
    if (environments.length > 0) yield { name, text, salt, environments }
  }
}

async function openWithOneOf(environments: readonly Env[], salt: string): Promise<Envelope> {
  for (const env of environments) {
    const code = await codeOf(passphrase().openKey(url, salt, { env }))
    if (code === 'accepted') return open(salt, env)
  }
  throw new Error(`none of ${environments.length} passphrases opens it`)
}

describe('stacks that the real Pulumi made', () => {
  const all = [...stacks()]

  test('are there', () => {
    expect(existsSync(new URL('pulumi/stacks/', VECTORS))).toBe(true)
    expect(all.length).toBeGreaterThanOrEqual(40)
  })

  test.each(all)(
    '$name opens with its passphrase, and its secrets with the data key',
    async ({ text, salt, environments }) => {
      const envelope = await openWithOneOf(environments, salt)
      const secrets = [...text.matchAll(/secure"?: *"?(v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]+)/g)].flatMap(
        (match) => match[1] ?? [],
      )
      const opened = secrets.map((ciphertext) => envelope.decryptBytes(ciphertext))
      expect(await Promise.all(opened)).toEqual(secrets.map(() => expect.any(Uint8Array)))
    },
  )
})
