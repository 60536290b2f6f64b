import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { vector } from './support/project.ts'
import { folder, shell, stackseal } from './support/stackseal.ts'
import { outputsProject, outputsVector, stateProject } from './support/state-project.ts'

const SEALED = outputsVector('export.json')
const SHOWN = outputsVector('export.show-secrets.json')
const OPENS = { PULUMI_CONFIG_PASSPHRASE: 'correct horse' }
const SECRET_TEXT = 'hunter2'

/** A document without what a new key changes: its ciphertexts and its salt. */
function mask(text: string): string {
  return text.replaceAll(/"(?:ciphertext|salt)": "[^"]*"/g, '')
}

/** A place with the export and the stack file of the vector, and another stack file with a key of its own. */
async function place(): Promise<ReturnType<typeof outputsProject>> {
  const made = outputsProject({ env: { STACKSEAL_NEW_PASSPHRASE: 'another' } })
  made.write('sealed.json', SEALED)
  made.write('shown.json', SHOWN)
  const other = await stackseal(['stack', 'init', 'other', '--no-select'], {
    cwd: made.folder,
    env: { ...made.env, PULUMI_CONFIG_PASSPHRASE: 'another' },
  })
  expect(other).toMatchObject({ exit: 0 })
  return made
}

describe('state inspect', () => {
  test('tells of an export what needs no key', async () => {
    const { run, write } = outputsProject({ env: { PULUMI_CONFIG_PASSPHRASE: 'wrong' } })
    write('in.json', SEALED)
    const { exit, stdout, stderr } = await run('state', 'inspect', 'in.json')
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout).toMatch(/^in\.json\n {2}kind +an export of a stack\n {2}version +3\n {2}key URL +passphrase:\n/)
    expect(stdout).toContain('  secrets         24\n')
  })

  test.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('reads a file of a backend, %s', async (_, pack) => {
    const { run, write } = outputsProject()
    write('in', pack(Buffer.from(outputsVector('backend-file.json'))))
    const { stdout } = await run('state', 'inspect', '--json', 'in')
    expect(JSON.parse(stdout)).toMatchObject({
      file: 'in',
      kind: 'checkpoint',
      version: 3,
      stack: 'organization/vec/dev',
      provider: 'passphrase',
      encrypted: 24,
      clear: 0,
    })
  })

  test('tells of a state without a key, and of one that Pulumi Cloud holds', async () => {
    const { run, write } = outputsProject()
    write('none.json', '{"version":3,"deployment":{"manifest":{}}}')
    expect(JSON.parse((await run('state', 'inspect', '--json', 'none.json')).stdout)).toMatchObject({
      provider: null,
      url: null,
      encrypted: 0,
    })
    write('service.json', '{"version":3,"deployment":{"secrets_providers":{"type":"service","state":{}}}}')
    expect((await run('state', 'inspect', 'service.json')).stdout).toContain('held by Pulumi Cloud')
  })

  test('names each key service of the vectors', async () => {
    const { run } = outputsProject()
    for (const [at, url] of [
      ['k01-hashivault', 'hashivault:'],
      ['k02-awskms-alias', 'awskms:'],
      ['k03-azurekeyvault', 'azurekeyvault:'],
      ['k04-gcpkms', 'gcpkms:'],
    ] as const) {
      const { stdout } = await run('state', 'inspect', '--json', vector('cloud', at, 'backend-file.json'))
      const told = JSON.parse(stdout) as { readonly url: string; readonly provider: string }
      expect(told.url.startsWith(url)).toBe(true)
      expect(told.provider).toBe('cloud')
    }
  })
})

describe('state verify', () => {
  test('counts the secrets that open', async () => {
    const { exit, stdout, stderr } = await stackseal(['state', 'verify'], { env: OPENS, stdin: SEALED })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout).toBe('standard input: the data key opens (passphrase:), 24 secrets open\n')
  })

  test('names those that do not by resource and path, and nothing of their content', async () => {
    const { run, write } = outputsProject()
    let changed = 0
    write(
      'in.json',
      SEALED.replaceAll(/"ciphertext": "(v1:[^:]+:)(.)/g, (all: string, before: string, first: string) =>
        ++changed === 3 || changed === 7 ? `"ciphertext": "${before}${first === 'A' ? 'B' : 'A'}` : all,
      ),
    )
    const { exit, stdout } = await run('state', 'verify', 'in.json')
    expect(exit).toBe(3)
    const [first, ...found] = stdout.trimEnd().split('\n')
    expect(first).toBe('in.json: the data key opens (passphrase:), 22 secrets open')
    expect(found).toHaveLength(2)
    for (const line of found) {
      expect(line).toMatch(
        /^ {2}the secret outputs\.\w+ of urn:pulumi:dev::vec::pulumi:pulumi:Stack::vec-dev does not open/,
      )
    }
    const json = await run('state', 'verify', '--json', 'in.json')
    expect(json.exit).toBe(3)
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: false,
      opened: 22,
      failed: [
        { urn: 'urn:pulumi:dev::vec::pulumi:pulumi:Stack::vec-dev', code: 'ERR_DECRYPT_FAILED' },
        { code: 'ERR_DECRYPT_FAILED' },
      ],
    })
  })

  test('a wrong key is an error', async () => {
    const { run, write } = outputsProject({ env: { PULUMI_CONFIG_PASSPHRASE: 'wrong' } })
    write('in.json', SEALED)
    const { exit, stdout, stderr } = await run('state', 'verify', 'in.json')
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
    expect(stderr).toContain('the data key of in.json does not open')
  })
})

describe('state reveal', () => {
  test('shows what Pulumi shows', async () => {
    const { exit, stdout } = await stackseal(['state', 'reveal'], { env: OPENS, stdin: SEALED })
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: SHOWN })
  })

  test.each([
    ['the wrong passphrase', { PULUMI_CONFIG_PASSPHRASE: 'wrong' }, SEALED, 3],
    ['no passphrase', {}, SEALED, 4],
    ['no state', OPENS, 'no state', 3],
    ['nothing', OPENS, '', 3],
    ['a key that Pulumi Cloud holds', OPENS, SEALED.replace('"type": "passphrase"', '"type": "service"'), 3],
  ])('%s is an error before the first byte of output', async (_name, env, stdin, expected) => {
    const { exit, stdout } = await stackseal(['state', 'reveal', '--non-interactive'], { env, stdin })
    expect({ exit, stdout }).toEqual({ exit: expected, stdout: '' })
  })

  test('what it printed before a secret that does not open is no document', async () => {
    const at = SEALED.lastIndexOf('"ciphertext": "v1:') + 40
    const stdin = `${SEALED.slice(0, at)}${SEALED[at] === 'A' ? 'B' : 'A'}${SEALED.slice(at + 1)}`
    const { exit, stdout } = await stackseal(['state', 'reveal'], { env: OPENS, stdin })
    expect(exit).toBe(3)
    expect(() => JSON.parse(stdout) as unknown).toThrow(SyntaxError)
  })

  test('writes a file for its owner alone', async () => {
    const { run, write, folder: at } = outputsProject()
    write('in.json', SEALED)
    expect((await run('state', 'reveal', 'in.json', '--output', 'out.json')).exit).toBe(0)
    expect(readFileSync(join(at, 'out.json'), 'utf8')).toBe(SHOWN)
    expect(statSync(join(at, 'out.json')).mode & 0o777).toBe(0o600)
  })

  test('can write over the file that it reads', async () => {
    const { run, write } = outputsProject()
    const file = write('in.json', SEALED)
    expect((await run('state', 'reveal', 'in.json', '-o', 'in.json')).exit).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe(SHOWN)
  })
})

describe('state seal', () => {
  test('brings back what was revealed, under the key that the state names', async () => {
    const { run, write, folder: at } = outputsProject()
    write('in.json', SHOWN)
    expect((await run('state', 'seal', 'in.json', '-o', 'out.json')).exit).toBe(0)
    const sealed = readFileSync(join(at, 'out.json'), 'utf8')
    expect(sealed).not.toContain(SECRET_TEXT)
    // Nothing differs but the ciphertexts.
    expect(mask(sealed)).toBe(mask(SEALED))
    expect((await run('state', 'reveal', 'out.json', '-o', 'again.json')).exit).toBe(0)
    expect(readFileSync(join(at, 'again.json'), 'utf8')).toBe(SHOWN)
  })

  test('keeps every byte of a state in which nothing is in clear', async () => {
    const { exit, stdout } = await stackseal(['state', 'seal'], { env: OPENS, stdin: SEALED })
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: SEALED })
  })

  test('needs a key for a state that names none, and takes that of a stack file', async () => {
    const { run, write, folder: at } = outputsProject()
    write('in.json', SHOWN.replace(/ +"secrets_providers": \{[^}]*\}\s*\},\n/, ''))
    const refused = await run('state', 'seal', 'in.json')
    expect(refused).toMatchObject({ exit: 3, stdout: '' })
    expect(refused.stderr).toContain('(ERR_MISSING_SEALED_KEY)')
    expect((await run('state', 'seal', 'in.json', '--to-stack-file', 'Pulumi.dev.yaml', '-o', 'out.json')).exit).toBe(0)
    expect(readFileSync(join(at, 'out.json'), 'utf8')).toContain('"secrets_providers": {')
    expect((await run('state', 'reveal', 'out.json')).stdout).toBe(SHOWN)
  })

  test('refuses another key than that of the secrets that are sealed already', async () => {
    const { run } = await place()
    const { exit, stdout, stderr } = await run('state', 'seal', 'sealed.json', '--to-stack-file', 'Pulumi.other.yaml')
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
    expect(stderr).toContain('(ERR_DECRYPT_FAILED)')
  })
})

describe('state rekey', () => {
  test('moves every secret to the key of a stack file', async () => {
    const { run, folder: at } = await place()
    const made = await run('state', 'rekey', 'sealed.json', '--to-stack-file', 'Pulumi.other.yaml', '-o', 'out.json')
    expect(made).toMatchObject({ exit: 0, stdout: '' })
    const text = readFileSync(join(at, 'out.json'), 'utf8')
    const salt = /encryptionsalt: (\S+)/.exec(readFileSync(join(at, 'Pulumi.other.yaml'), 'utf8'))?.[1] ?? ''
    expect(text).toContain(`"salt": "${salt}"`)
    expect(mask(text)).toBe(mask(SEALED))
    for (const [, old = ''] of SEALED.matchAll(/"ciphertext": "([^"]*)"/g)) expect(text).not.toContain(old)
    const shown = await stackseal(['state', 'reveal', join(at, 'out.json')], {
      env: { PULUMI_CONFIG_PASSPHRASE: 'another' },
    })
    expect(shown.stdout.replace(salt, '')).toBe(SHOWN.replace(/(?<="salt": ")[^"]*/, ''))
  })

  test('makes a new key', async () => {
    const { run, folder: at } = await place()
    expect((await run('state', 'rekey', 'shown.json', '--to', 'passphrase', '-o', 'out.json')).exit).toBe(0)
    const verified = await stackseal(['state', 'verify', join(at, 'out.json')], {
      env: { PULUMI_CONFIG_PASSPHRASE: 'another' },
    })
    expect(verified.stdout).toContain('24 secrets open')
  })

  test.each([
    [[], 'state rekey needs a new key'],
    [['--to', 'passphrase', '--to-stack-file', 'x'], 'both name a key'],
  ])('%j is a wrong use', async (flags, told) => {
    const { exit, stdout, stderr } = await stackseal(['state', 'rekey', ...flags], { env: OPENS, stdin: SEALED })
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toContain(told)
  })

  test('is a filter in a pipe', async () => {
    const { folder: at, env } = await place()
    const { exit, stdout } = await shell(
      'cat sealed.json | $STACKSEAL state rekey --to-stack-file Pulumi.other.yaml | ' +
        'PULUMI_CONFIG_PASSPHRASE=another $STACKSEAL state verify',
      { cwd: at, env },
    )
    expect({ exit, stdout }).toEqual({
      exit: 0,
      stdout: 'standard input: the data key opens (passphrase:), 24 secrets open\n',
    })
  })
})

describe('standard output and files', () => {
  test('a full disk is an error', async (context) => {
    context.skip(!existsSync('/dev/full'), 'this system has no /dev/full')
    const { folder: at, env } = await place()
    for (const command of ['state reveal sealed.json', 'stack export', 'state seal shown.json']) {
      const { exit, stderr } = await shell(`$STACKSEAL ${command} >/dev/full`, { cwd: at, env })
      expect(stderr).toContain('standard output could not be written: ENOSPC (ERR_IO)')
      expect(exit).toBe(1)
    }
  })

  test('a reader that closes the pipe early ends the command quietly', async () => {
    const { folder: at, env } = await place()
    const { stdout, stderr } = await shell('{ $STACKSEAL state reveal sealed.json; echo "exit $?" >&2; } | :', {
      cwd: at,
      env,
    })
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'exit 0\n' })
  })

  test('a named pipe is read and is not written over', async () => {
    const { folder: at, env } = await place()
    const { exit, stdout, stderr } = await shell(
      'mkfifo pipe; cat sealed.json >pipe & $STACKSEAL state verify pipe; $STACKSEAL state reveal sealed.json -o pipe',
      { cwd: at, env },
    )
    expect(stdout).toBe('pipe: the data key opens (passphrase:), 24 secrets open\n')
    expect(stderr).toContain('is not a regular file (ERR_NOT_REPLACEABLE)')
    expect(exit).toBe(1)
  })

  test('a file that is not there, and a folder that is none, are named', async () => {
    const { run, write } = outputsProject()
    expect(await run('state', 'verify', 'nothing.json')).toMatchObject({ exit: 3, stdout: '' })
    write('in.json', SEALED)
    const { exit, stderr } = await run('state', 'reveal', 'in.json', '-o', 'nowhere/out.json')
    expect(exit).toBe(1)
    expect(stderr).toContain('the folder is not there')
  })
})

test('a state that a program sealed is worked on like any other', async () => {
  const { Envelope, parseKeyUrl, Registry, Secret } = await import('@stackseal/core')
  const { passphrase } = await import('@stackseal/provider-passphrase')
  const { openState, sealState } = await import('@stackseal/stack')
  const registry = new Registry([passphrase()])
  const context = { env: OPENS }
  const envelope = await Envelope.create(parseKeyUrl('passphrase:'), registry, context)
  const text = await sealState({ db: { password: new Secret('top') } }, envelope)
  const verified = await stackseal(['state', 'verify'], { env: OPENS, stdin: text })
  expect(verified.stdout).toContain('1 secret opens')
  const env = { ...OPENS, STACKSEAL_NEW_PASSPHRASE: 'next' }
  const rekeyed = await stackseal(['state', 'rekey', '--to', 'passphrase'], { env, stdin: text })
  const opened = (await openState(rekeyed.stdout, (key) =>
    Envelope.open(key, registry, { env: { PULUMI_CONFIG_PASSPHRASE: 'next' } }),
  )) as { db: { password: { reveal: () => string } } }
  expect(opened.db.password.reveal()).toBe('top')
})

test('a state whose key stands behind a secret that is far away waits in a file that has no name', async () => {
  const at = folder('late')
  const state = JSON.parse(SEALED) as { deployment: Record<string, unknown> }
  const { secrets_providers: block, ...rest } = state.deployment
  const filler = Array.from({ length: 20 }, () => 'x'.repeat(1 << 20))
  writeFileSync(
    join(at, 'late.json'),
    JSON.stringify({ version: 3, deployment: { ...rest, filler, secrets_providers: block } }),
  )
  const { exit, stderr } = await shell(
    'TMPDIR=$PWD/tmp; export TMPDIR; mkdir tmp; $STACKSEAL state reveal late.json >out.json; s=$?; ls tmp; exit $s',
    {
      cwd: at,
      env: OPENS,
    },
  )
  expect({ exit, stderr }).toMatchObject({ exit: 0 })
  expect(readFileSync(join(at, 'out.json'), 'utf8')).toContain(SECRET_TEXT)
})

test('a stack without a state file says so', async () => {
  const { run } = stateProject({ stackFile: 'encryptionsalt: v1:x:v1:y:z\n' })
  expect((await run('stack', 'output')).stderr).toContain('(ERR_STACK_NOT_FOUND)')
})

test.each(['rekey', 'seal'])(
  'state %s makes no key under an empty passphrase that a variable slipped in',
  async (name) => {
    const { run, write } = outputsProject({ env: { ...OPENS, STACKSEAL_NEW_PASSPHRASE: '' } })
    write('in.json', SEALED)
    const { exit, stdout, stderr } = await run('state', name, 'in.json', '--to', 'passphrase')
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toContain('the new passphrase is empty')
  },
)
