import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { SIMPLE, simpleProject } from './support/project.ts'
import { stackseal } from './support/stackseal.ts'

// Any well-formed text comes back from config get as it went into config set --secret.
const TEXTS: readonly (readonly [name: string, text: string])[] = [
  ['nothing', ''],
  ['a space', ' '],
  ['spaces around', '  a  '],
  ['a newline', '\n'],
  ['newlines around', '\n\na\n\n'],
  ['a leading newline and spaces', '\n  a'],
  ['CRLF', 'a\r\nb\r\n'],
  ['a lone carriage return', 'a\rb\r'],
  ['tabs', '\ta\tb\t'],
  ['control characters', '\u0001\u0007\b\f\u001b[31m\u007f'],
  ['C1 and bidi marks', '\u0085\u009b\u202e\u2066x\u2069'],
  ['line separators', 'a\u2028b\u2029c'],
  ['a byte order mark', '\ufeffa\ufeff'],
  ['U+FFFD and noncharacters', '\ufffd\ufffe\uffff'],
  ['accents, composed and not', 'é e\u0301 ü Ñ'],
  ['Han, kana, Hangul', '漢字かな한글'],
  ['Arabic and Hebrew', 'مرحبا שלום'],
  ['an emoji', '🙂'],
  ['emoji with joiners and skin tones', '👩‍👩‍👧‍👦👍🏽🏳️‍🌈'],
  ['the last code point', '\u{10ffff}\u{10000}'],
  ['quotes and backslashes', `"'\\\`\\n\\u0041$HOME %s`],
  ['YAML that it is not', '- a: *b\n  &c {d: [e]} # f'],
  ['a document marker', '---\na\n...\n'],
  ['words that YAML knows', 'true'],
  ['a number', '010'],
  ['null', '~'],
  ['a merge key', '<<'],
  ['a ciphertext', 'v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA'],
  ['JSON', '{"secure":"v1:a:b","<&>":[1,2.50]}'],
  ['dashes in front', '--secret=x'],
  ['an equals sign', 'a=b=c'],
  ['a private key', `-----BEGIN KEY-----\n${'A'.repeat(64)}\n-----END KEY-----\n`],
  ['100 KB on one line', 'é🙂x'.repeat(15_000)],
  ['100 KB in lines', 'line é 🙂\n'.repeat(7000)],
]

describe.each(TEXTS)('%s', (_name, text) => {
  // An argument ends at a NUL and has at most 128 KiB.
  test('given as an argument', async () => {
    const on = simpleProject()
    const set = await inProcess(['config', 'set', '--secret', 'k', '--', text], { cwd: on.folder, env: SIMPLE })
    expect(set).toEqual({ exit: 0, stdout: '', stderr: '' })
    expect(await inProcess(['config', 'get', 'k', '--raw'], { cwd: on.folder, env: SIMPLE })).toEqual({
      exit: 0,
      stdout: text,
      stderr: '',
    })
  })
})

test('all of them through standard input of the built program, and back', { timeout: 120_000 }, async () => {
  const on = simpleProject()
  const texts = [...TEXTS.map(([, text]) => text), 'a\0b']
  await Promise.all(
    Array.from({ length: 3 }, async (_, first) => {
      for (let i = first; i < texts.length; i += 3) {
        const line = ['config', 'set', '--secret', '--raw', '--lock-timeout', '60', `k${i}`]
        const set = await stackseal(line, { cwd: on.folder, env: SIMPLE, stdin: texts[i] ?? '' })
        expect(set).toEqual({ exit: 0, stdout: '', stderr: '' })
      }
    }),
  )
  const { exit, stdout } = await stackseal(['config', '--show-secrets', '--json'], { cwd: on.folder, env: SIMPLE })
  expect(exit).toBe(0)
  const listed = JSON.parse(stdout) as Record<string, { readonly value: string }>
  expect(texts.map((_, i) => listed[`vec:k${i}`]?.value)).toEqual(texts)
})

test('one newline at the end of standard input is not part of the value, unless --raw says so', async () => {
  const on = simpleProject()
  for (const [key, flags, stdin] of [
    ['one', [], 'a\n'],
    ['two', [], 'a\n\n'],
    ['raw', ['--raw'], 'a\n'],
  ] as const) {
    await stackseal(['config', 'set', '--secret', key, ...flags], { cwd: on.folder, env: SIMPLE, stdin })
  }
  const got = async (key: string): Promise<string> =>
    (await stackseal(['config', 'get', key], { cwd: on.folder, env: SIMPLE })).stdout
  expect([await got('one'), await got('two'), await got('raw')]).toEqual(['a\n', 'a\n\n', 'a\n\n'])
})
