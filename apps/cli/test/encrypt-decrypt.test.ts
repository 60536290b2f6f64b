import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject, vector } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { stackseal, stacksealBytes } from './support/stackseal.ts'

const CIPHERTEXT = /^v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+=*$/

/** The ciphertext of a secret of {@link simpleProject}. */
function ciphertextOf(name: string, text: string): string {
  return new RegExp(`vec:${name}:\\n +secure: (\\S+)\\n`).exec(text)?.[1] ?? ''
}

describe('encrypt', () => {
  test.each([
    ['an argument', ['s3cret'], undefined, 's3cret'],
    ['standard input, without its last newline', [], 's3cret\n', 's3cret'],
    ['only one newline goes', [], 's3cret\n\n', 's3cret\n'],
    ['standard input, byte for byte', ['--raw'], 's3cret\n', 's3cret\n'],
    ['nothing', [], '', ''],
  ])('%s', async (_name, args, stdin, plaintext) => {
    const on = simpleProject()
    const before = on.text()
    const { exit, stdout, stderr } = await stackseal(['encrypt', ...args], {
      cwd: on.folder,
      env: SIMPLE,
      ...(stdin === undefined ? {} : { stdin }),
    })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout.endsWith('\n')).toBe(!args.includes('--raw'))
    expect(stdout.trimEnd()).toMatch(CIPHERTEXT)
    expect(on.text()).toBe(before)
    appendFileSync(on.file, `  vec:added:\n    secure: ${stdout.trimEnd()}\n`)
    const got = await inProcess(['config', 'get', 'added', '--raw'], { cwd: on.folder, env: SIMPLE })
    expect(got).toEqual({ exit: 0, stdout: plaintext, stderr: '' })
  })

  test('each time under a fresh nonce; as JSON too', async () => {
    const on = simpleProject()
    const run = (): ReturnType<typeof inProcess> =>
      inProcess(['encrypt', 'x', '--json'], { cwd: on.folder, env: SIMPLE })
    const [one, two] = await Promise.all([run(), run()])
    const { ciphertext } = JSON.parse(one.stdout) as { ciphertext: string }
    expect(ciphertext).toMatch(CIPHERTEXT)
    expect(one.stdout).not.toBe(two.stdout)
  })

  test('nothing is encrypted under a key that opens none of the secrets that are there', async () => {
    const on = simpleProject()
    const other = project('', 'vec')
    await inProcess(['stack', 'init', 'dev'], { cwd: other.folder, env: SIMPLE })
    const salt = /^encryptionsalt: .*$/m.exec(other.text())?.[0] ?? ''
    writeFileSync(
      on.file,
      on.text().replace(/^encryptionsalt: .*$/m, () => salt),
    )
    const { exit, stdout, stderr } = await inProcess(['encrypt', 'x'], { cwd: on.folder, env: SIMPLE })
    expect(stderr).toContain('no secret of the file opens with its key')
    expect(stderr).toContain('(ERR_KEY_NOT_PROVEN)')
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
  })

  test('a stack without a key is told how it gets one', async () => {
    const { exit, stderr } = await inProcess(['encrypt', 'x'], { cwd: project('').folder, env: SIMPLE })
    expect(stderr).toContain('(ERR_NO_SECRETS_PROVIDER)\n  hint: give it one with "stackseal stack init dev"')
    expect(exit).toBe(3)
  })

  test('what is no text is refused', async () => {
    const { exit, stderr } = await stackseal(['encrypt'], {
      cwd: simpleProject().folder,
      env: SIMPLE,
      stdin: Uint8Array.of(0xff, 0xfe),
    })
    expect(stderr).toContain('standard input is not UTF-8 text (ERR_INVALID_VALUE)')
    expect(exit).toBe(2)
  })

  test('on a terminal the value is asked for and not shown', async () => {
    const on = simpleProject()
    const session = new Session(['encrypt'], { cwd: on.folder, env: SIMPLE })
    await session.see('Value to encrypt for stack dev: ')
    session.type('hunter7\r')
    expect(await session.end()).toBe(0)
    expect(session.shown).not.toContain('hunter7')
    const ciphertext = /v1:\S+/.exec(session.shown)?.[0] ?? ''
    const { stdout } = await inProcess(['decrypt', ciphertext], { cwd: on.folder, env: SIMPLE })
    expect(stdout).toBe('hunter7\n')
  })

  test('the question stands on the terminal where standard output goes elsewhere', async () => {
    const on = simpleProject()
    const session = new Session([], { cwd: on.folder, env: SIMPLE, script: '$STACKSEAL encrypt >out' })
    await session.see('Value to encrypt for stack dev: ')
    session.type('hunter7\r')
    expect(await session.end()).toBe(0)
    expect(readFileSync(`${on.folder}/out`, 'utf8').trimEnd()).toMatch(CIPHERTEXT)
  })

  test('Ctrl-C at the question ends with 130', async () => {
    const session = new Session(['encrypt'], { cwd: simpleProject().folder, env: SIMPLE })
    await session.see('Value to encrypt')
    session.type('half\u0003')
    expect(await session.end()).toBe(130)
    expect(session.shown).not.toContain('v1:')
  })
})

describe('decrypt', () => {
  test.each([
    ['an argument', [], true, 'hunter3\n'],
    ['an argument, raw', ['--raw'], true, 'hunter3'],
    ['an argument, as JSON', ['--json'], true, '{\n  "plaintext": "hunter3"\n}\n'],
    ['standard input', [], false, 'hunter3\n'],
    ['standard input, raw', ['--raw'], false, 'hunter3'],
  ])('%s', async (_name, flags, asArgument, answer) => {
    const on = simpleProject()
    const ciphertext = ciphertextOf('password', on.text())
    const ran = await stackseal(['decrypt', ...flags, ...(asArgument ? [ciphertext] : [])], {
      cwd: on.folder,
      env: SIMPLE,
      ...(asArgument ? {} : { stdin: `${ciphertext}\n` }),
    })
    expect(ran).toEqual({ exit: 0, stdout: answer, stderr: '' })
  })

  test.each([
    ['no ciphertext', 'hunter3', 'ERR_MALFORMED_CIPHERTEXT'],
    ['another version', 'v2:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA', 'ERR_MALFORMED_CIPHERTEXT'],
    ['a ciphertext of another key', 'v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA', 'ERR_DECRYPT_FAILED'],
  ])('%s is refused', async (_name, text, code) => {
    const { exit, stdout, stderr } = await inProcess(['decrypt', text], { cwd: simpleProject().folder, env: SIMPLE })
    expect(stderr).toContain(`(${code})`)
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
  })

  test('bytes that are no text go into a pipe as they are, and not into JSON', async () => {
    const on = project(readFileSync(vector('06-multiline', 'Pulumi.dev.yaml')))
    const { passphrase } = JSON.parse(readFileSync(vector('06-multiline', 'commands.json'), 'utf8')) as {
      passphrase: string
    }
    const env = { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: passphrase }
    const ciphertext = ciphertextOf('stdinBadUtf8', on.text())
    const { stdout } = await stacksealBytes(['decrypt', '--raw', ciphertext], { cwd: on.folder, env })
    expect(stdout.toString('hex')).toBe('636166e920fffe')
    const json = await inProcess(['decrypt', '--json', ciphertext], { cwd: on.folder, env })
    expect(json.stderr).toContain('"code":"ERR_SECRET_NOT_TEXT"')
    expect(json.exit).toBe(3)
  })

  test('on a terminal the ciphertext is asked for', async () => {
    const on = simpleProject()
    const session = new Session(['decrypt'], { cwd: on.folder, env: SIMPLE })
    await session.see('Ciphertext to decrypt for stack dev: ')
    session.type(`${ciphertextOf('password', on.text())}\r`)
    expect(await session.end()).toBe(0)
    expect(session.shown).toContain('hunter3\r\n')
  })
})
