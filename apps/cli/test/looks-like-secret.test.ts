import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { looksLikeSecret } from '../src/looks-like-secret.ts'
import { passwordEntropy } from '../src/password-entropy.ts'
import { inProcess } from './support/in-process.ts'
import { SIMPLE, simpleProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { stackseal } from './support/stackseal.ts'

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../vectors/${path}`, import.meta.url), 'utf8'))

interface Table {
  readonly values: readonly { readonly value: string; readonly entropy: string; readonly looksLikeSecret: boolean }[]
  readonly fromTests: readonly { readonly key: string; readonly value: string; readonly looksLikeSecret: boolean }[]
}
const { looksLikeSecret: table } = read('pulumi/tables.json') as { looksLikeSecret: Table }
const entropies = read('zxcvbn/entropies.json') as readonly { readonly text: string; readonly bits: number }[]

describe('every row of the table', () => {
  test.each(table.values)('$value', async ({ value, entropy, looksLikeSecret: expected }) => {
    expect(await looksLikeSecret('token', value)).toBe(expected)
    expect(passwordEntropy(Buffer.from(value).subarray(0, 16))).toBe(Number(entropy))
  })

  test.each(table.fromTests)('$value at $key', async ({ key, value, looksLikeSecret: expected }) => {
    expect(await looksLikeSecret(key, value)).toBe(expected)
    const on = simpleProject()
    const before = on.text()
    const { exit, stdout, stderr } = await inProcess(['config', 'set', key, value], { cwd: on.folder, env: SIMPLE })
    expect({ exit, stdout }).toEqual({ exit: expected ? 2 : 0, stdout: '' })
    expect(on.text() === before).toBe(expected)
    expect(stderr.includes(`config value for 'vec:${key}' looks like a secret; rerun with --secret`)).toBe(expected)
    expect(stderr).not.toContain(value)
  })
})

test("the entropy is the reference's to the last digit, for words, walks, dates, sequences and noise", () => {
  const others = entropies.filter(({ text, bits }) => passwordEntropy(Buffer.from(text)) !== bits)
  expect(others).toEqual([])
  expect(entropies.length).toBe(420)
})

test('the reference itself does not always tell characters from bytes; what is no ASCII is still measured', () => {
  expect(passwordEntropy(Buffer.from('äöüß€'))).toBe(64.709)
  expect(passwordEntropy(Buffer.from(''))).toBe(0)
})

const TOKEN = '1415fc1f4eaeb5e096ee58c1480016638fff29bf'

describe('config set', () => {
  test.each([
    ['a namespace does not count, only the name', ['token:name', TOKEN], 0],
    ['a path counts', ['--path', 'db.password', TOKEN], 2],
    ['a type does not change it', ['--type', 'string', 'token', TOKEN], 2],
    ['--plaintext stores it', ['--plaintext', 'token', TOKEN], 0],
    ['--secret stores it', ['--secret', 'token', TOKEN], 0],
    ['an easy one passes', ['token', 'hunter2'], 0],
  ])('%s', async (_name, args, number) => {
    const on = simpleProject()
    const { exit, stderr } = await inProcess(['config', 'set', ...args], { cwd: on.folder, env: SIMPLE })
    expect(exit).toBe(number)
    expect(stderr.includes('(ERR_LOOKS_LIKE_SECRET)')).toBe(number === 2)
    expect(stderr.includes('Pulumi.dev.yaml was not changed')).toBe(number === 2)
  })

  test('standard input is looked at too, by what was built', async () => {
    const on = simpleProject()
    const before = on.text()
    const options = { cwd: on.folder, env: SIMPLE, stdin: TOKEN }
    const { exit, stderr } = await stackseal(['config', 'set', 'token'], options)
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr:
        "stackseal: config value for 'vec:token' looks like a secret; rerun with --secret to encrypt it, or --plaintext if you meant to store in plaintext (ERR_LOOKS_LIKE_SECRET)\n  Pulumi.dev.yaml was not changed\n",
    })
    expect(on.text()).toBe(before)
  })

  test('so is what was typed', async () => {
    const on = simpleProject()
    const session = new Session(['config', 'set', 'token'], { cwd: on.folder, env: SIMPLE })
    await session.see('Value for token: ')
    session.type(`${TOKEN}\r`)
    expect(await session.end()).toBe(2)
    expect(session.shown).toContain('ERR_LOOKS_LIKE_SECRET')
  })
})
