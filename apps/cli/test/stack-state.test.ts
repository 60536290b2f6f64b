import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { differencesOf } from './support/differences.ts'
import { vector } from './support/project.ts'
import { folder } from './support/stackseal.ts'
import { outputsProject, outputsVector, stateProject } from './support/state-project.ts'

interface Steps {
  readonly steps: readonly { readonly argv?: readonly string[]; readonly stdout?: string }[]
}

const { steps } = JSON.parse(outputsVector('commands.json')) as Steps

/** What the reference printed for a command line. */
function printed(line: string): string {
  const found = steps.find(({ argv }) => argv?.join(' ') === line)
  if (found?.stdout === undefined) throw new Error(`the vector has no answer to: ${line}`)
  return found.stdout
}

const WITHOUT_KEY = { PULUMI_CONFIG_PASSPHRASE: 'wrong' }

describe('stack export', () => {
  test('prints what Pulumi prints, and opens no key', async () => {
    const { run } = outputsProject({ env: WITHOUT_KEY })
    expect(await run('stack', 'export')).toEqual({ exit: 0, stdout: outputsVector('export.json'), stderr: '' })
  })

  test('shows secrets as Pulumi shows them', async () => {
    const { run } = outputsProject()
    const { exit, stdout } = await run('stack', 'export', '--show-secrets')
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: outputsVector('export.show-secrets.json') })
  })

  test('reads a state that is packed', async () => {
    const { run, stateFile } = outputsProject()
    writeFileSync(stateFile, gzipSync(readFileSync(stateFile)))
    expect((await run('stack', 'export')).stdout).toBe(outputsVector('export.json'))
  })

  test.each([
    [[], 0o644],
    [['--show-secrets'], 0o600],
  ])('%j into a file gives it the mode %d', async (flags, mode) => {
    const { run, folder: at } = outputsProject()
    const { exit, stdout, stderr } = await run('stack', 'export', ...flags, '--file', 'out.json')
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: '', stderr: 'Wrote out.json\n' })
    const name = flags.length === 0 ? 'export.json' : 'export.show-secrets.json'
    expect(readFileSync(join(at, 'out.json'), 'utf8')).toBe(outputsVector(name))
    expect(statSync(join(at, 'out.json')).mode & 0o777).toBe(mode & ~process.umask())
  })

  test('takes a mode for everybody from a file that gets secrets in clear', async () => {
    const { run, write } = outputsProject()
    const file = write('out.json', 'old')
    await run('stack', 'export', '--show-secrets', '--file', 'out.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('leaves the file alone where the key does not open', async () => {
    const { run, write, folder: at } = outputsProject({ env: WITHOUT_KEY })
    const file = write('out.json', 'old')
    const before = readdirSync(at)
    const { exit, stdout, stderr } = await run('stack', 'export', '--show-secrets', '--file', 'out.json')
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
    expect(stderr).toContain('(ERR_WRONG_PASSPHRASE)')
    expect(readFileSync(file, 'utf8')).toBe('old')
    expect(readdirSync(at)).toEqual(before)
  })

  test.each([
    ['s3://bucket', []],
    ['gs://bucket', ['--show-secrets']],
    ['azblob://container', []],
    ['https://api.pulumi.com', []],
  ])('names the pipe for the backend %s', async (url, flags) => {
    const { run } = outputsProject({ env: { PULUMI_BACKEND_URL: url } })
    const { exit, stdout, stderr } = await run('stack', 'export', ...flags)
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    const pipe = flags.length === 0 ? 'pulumi stack export' : 'pulumi stack export | stackseal state reveal'
    expect(stderr).toBe(
      `stackseal: Stackseal does not reach the backend ${url} (ERR_BACKEND_NOT_REACHED)\n` +
        `  hint: let Pulumi carry the state: ${pipe}\n`,
    )
  })

  test('says which stacks there are where this one has no state', async () => {
    const { run } = outputsProject()
    const { exit, stderr } = await run('stack', 'export', '-s', 'prod')
    expect(exit).toBe(3)
    expect(stderr).toContain('stack prod of project vec has no state (ERR_STACK_NOT_FOUND)')
    expect(stderr).toContain('has: dev\n')
  })
})

describe('stack output', () => {
  test('lists what Pulumi lists as JSON, without a key', async () => {
    const { run } = outputsProject({ env: WITHOUT_KEY })
    expect(await run('stack', 'output', '--json')).toEqual({
      exit: 0,
      stdout: printed('pulumi stack output --json'),
      stderr: '',
    })
  })

  test('lists what Pulumi lists as JSON with its secrets', async () => {
    const { run } = outputsProject()
    const { stdout } = await run('stack', 'output', '--json', '--show-secrets')
    expect(stdout).toBe(printed('pulumi stack output --show-secrets --json'))
  })

  test('lists them in a table', async () => {
    const { run } = outputsProject({ env: WITHOUT_KEY })
    const { stdout } = await run('stack', 'output')
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'Current stack outputs (26):',
      '    OUTPUT          VALUE',
      '    archive         [secret]',
    ])
    expect(stdout).toContain('\n    plain           pl\n')
  })

  test.each([
    [['plain'], 'pl\n'],
    [['str'], '[secret]\n'],
    [['str', '--show-secrets'], 'hunter2-ÿ\n'],
    [['obj', '--show-secrets'], '{"Z":3,"a":[1,"two",{"c":true}],"b":2,"dotted.key":"x","ü":"é"}\n'],
    [['list', '--show-secrets', '--json'], '[\n  "l0",\n  "l1"\n]\n'],
    [['negzero', '--show-secrets'], '-0\n'],
    [['multi', '--show-secrets'], 'line1\nline2\r\n\ttab\u0000nul\u001b\n'],
  ])('%j prints %j', async (args, answer) => {
    const { run } = outputsProject()
    expect((await run('stack', 'output', ...args)).stdout).toBe(answer)
  })

  test('needs no key for an output that is no secret, --show-secrets or not', async () => {
    const { run } = outputsProject({ env: WITHOUT_KEY })
    expect((await run('stack', 'output', 'plain', '--show-secrets')).stdout).toBe('pl\n')
    const { exit, stdout } = await run('stack', 'output', 'str', '--show-secrets')
    expect({ exit, stdout }).toEqual({ exit: 3, stdout: '' })
  })

  test('says that there is no such output', async () => {
    const { run } = outputsProject()
    const { exit, stderr } = await run('stack', 'output', 'nope')
    expect(exit).toBe(3)
    expect(stderr).toContain('stack dev has no output nope (ERR_OUTPUT_NOT_FOUND)')
  })

  test('of a stack without any says so as Pulumi does', async () => {
    const { run } = stateProject({ state: '{"version":3,"checkpoint":{"stack":"organization/vec/dev"}}' })
    expect((await run('stack', 'output')).stdout).toBe(
      'Current stack outputs (0):\n    No output values currently in this stack\n',
    )
    expect((await run('stack', 'output', '--json')).stdout).toBe('{}\n')
  })
})

describe('stack import', () => {
  test('takes an export back byte for byte, and keeps what was there', async () => {
    const { run, write, state, stateFile } = outputsProject()
    const before = state()
    writeFileSync(stateFile, '{"version":0,"checkpoint":{"stack":"organization/vec/dev"}}')
    write('in.json', outputsVector('export.json'))
    const { exit, stdout, stderr } = await run('stack', 'import', '--file', 'in.json')
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: '', stderr: 'Import complete.\n' })
    expect(JSON.parse(state())).toEqual(JSON.parse(before))
    expect((await run('stack', 'export')).stdout).toBe(outputsVector('export.json'))
    expect(readFileSync(`${stateFile}.bak`, 'utf8')).toContain('"version":0')
  })

  test('seals the secrets of an export in clear', async () => {
    const { run, write, state } = outputsProject()
    write('in.json', outputsVector('export.show-secrets.json'))
    expect((await run('stack', 'import', '--file', 'in.json')).exit).toBe(0)
    expect(state()).not.toContain('hunter2')
    expect((await run('stack', 'export', '--show-secrets')).stdout).toBe(outputsVector('export.show-secrets.json'))
  })

  test('gives a document that names no key the one of the stack', async () => {
    const { run, write } = outputsProject()
    const { secrets_providers: _, ...deployment } = (
      JSON.parse(outputsVector('export.show-secrets.json')) as { deployment: Record<string, unknown> }
    ).deployment
    write('in.json', JSON.stringify({ version: 3, deployment }))
    const { exit, stderr } = await run('stack', 'import', '--file', 'in.json')
    expect(exit).toBe(0)
    expect(stderr).toContain('the document names no key for its secrets')
    const { stdout } = await run('stack', 'export', '--show-secrets')
    expect(JSON.parse(stdout)).toEqual(JSON.parse(outputsVector('export.show-secrets.json')))
  })

  test('takes the key of the state where the stack has no file', async () => {
    const { run, write, folder: at } = stateProject({ state: outputsVector('backend-file.json') })
    const shown = outputsVector('export.show-secrets.json').replace(/ +"secrets_providers": \{[^}]*\}\s*\},\n/, '')
    write('in.json', shown)
    expect((await run('stack', 'import', '--file', 'in.json')).exit).toBe(0)
    expect((await run('stack', 'output', 'str', '--show-secrets')).stdout).toBe('hunter2-ÿ\n')
    expect(existsSync(join(at, 'Pulumi.dev.yaml'))).toBe(false)
  })

  test('makes the first state of a stack that has a file alone', async () => {
    const { run, write, state } = stateProject({ stackFile: outputsVector('Pulumi.dev.yaml') })
    write('in.json', outputsVector('export.json'))
    expect((await run('stack', 'import', '--file', 'in.json')).exit).toBe(0)
    expect(JSON.parse(state())).toEqual(JSON.parse(outputsVector('backend-file.json')))
  })

  test('lists every finding, and changes nothing', async () => {
    const { run, write, state } = outputsProject()
    const before = state()
    write(
      'in.json',
      outputsVector('export.json')
        .replaceAll('urn:pulumi:dev::', 'urn:pulumi:other::')
        .replace('"magic": "ab', '"magic": "cd'),
    )
    const { exit, stderr } = await run('stack', 'import', '--file', 'in.json')
    expect(exit).toBe(3)
    expect(stderr).toContain(
      'warning: resource urn:pulumi:other::vec::pulumi:pulumi:Stack::vec-dev is from a different stack',
    )
    expect(stderr).toContain('warning: the magic of the manifest does not fit its version')
    expect(stderr).toContain('(ERR_CHECK_FAILED)')
    expect(stderr).toContain('the state of the stack was not changed\n')
    expect(state()).toBe(before)
    const forced = await run('stack', 'import', '--force', '--file', 'in.json')
    expect(forced.exit).toBe(0)
    expect(forced.stderr).toContain('warning: the magic of the manifest')
    expect(state()).not.toBe(before)
  })

  test('encrypts nothing under a key that the document brings along, unless somebody insists', async () => {
    const { run, write, state } = outputsProject()
    const before = state()
    const block =
      '"secrets_providers": {"type": "cloud", "state": {"url": "hashivault://other", "encryptedkey": "dmF1bHQ6djE6QUFBQQ=="}}'
    write('in.json', outputsVector('export.show-secrets.json').replace(/"secrets_providers": \{[^}]*\}\s*\}/, block))
    const { exit } = await run('stack', 'import', '--file', 'in.json')
    // It is not even opened: nobody answers for that address.
    expect(exit).not.toBe(0)
    expect(state()).toBe(before)
  })

  test('names a pipe for a backend that is not reached', async () => {
    const { run, write } = outputsProject({ env: { PULUMI_BACKEND_URL: 's3://bucket' } })
    write('in.json', outputsVector('export.json'))
    const { exit, stderr } = await run('stack', 'import', '--file', 'in.json')
    expect(exit).toBe(2)
    expect(stderr).toContain('stackseal state seal in.json --to-stack-file Pulumi.NAME.yaml | pulumi stack import')
  })

  test('waits for nobody who holds the lock of Pulumi', async () => {
    const { run, write, state, stateFile } = outputsProject()
    const before = state()
    const locks = join(stateFile, '../../../locks/organization/vec/dev')
    const { mkdirSync } = await import('node:fs')
    mkdirSync(locks, { recursive: true })
    const lock = '{"pid":1,"username":"u","hostname":"elsewhere","timestamp":"2026-01-01T00:00:00Z"}'
    writeFileSync(join(locks, '01234567-89ab-4def-8123-456789abcdef.json'), lock)
    write('in.json', outputsVector('export.show-secrets.json'))
    const { exit, stderr } = await run('stack', 'import', '--file', 'in.json', '--lock-timeout', '0')
    expect(exit).toBe(5)
    expect(stderr).toContain('(ERR_LOCKED)')
    expect(state()).toBe(before)
  })
})

const IMPORTS = vector('bad', 'b07-state')
const imports = readdirSync(IMPORTS).flatMap((file) => /^state-(.*)\.in\.json$/.exec(file)?.[1] ?? [])
const differences = differencesOf('bad/b07-state', imports)

/** What the reference shows after each import that it lets in. */
const shownAfter = (name: string): string => join(IMPORTS, `state-${name}.export-show.json`)
const refused = imports.filter((name) => (differences.get(name)?.instead.exit ?? 0) !== 0 || !isLetIn(name))
const letIn = imports.filter((name) => !refused.includes(name))
const asPulumi = letIn.filter((name) => !differences.has(name))

function isLetIn(name: string): boolean {
  return existsSync(shownAfter(name)) || differences.get(name)?.instead.exit === 0
}

/** A project into which a document of the vectors is about to be imported. */
function importProject(name: string): ReturnType<typeof stateProject> {
  const made = stateProject({
    stackFile: readFileSync(join(IMPORTS, 'Pulumi.dev.yaml'), 'utf8'),
    state: '{"version":0,"checkpoint":{"stack":"organization/vec/dev"}}',
  })
  made.write('in.json', readFileSync(join(IMPORTS, `state-${name}.in.json`)))
  return made
}

describe('an import of the vectors', () => {
  test.each(refused)('%s is refused as in Pulumi, or as the differences say, and changes nothing', async (name) => {
    const { run, state } = importProject(name)
    const before = state()
    const { exit, stderr } = await run('stack', 'import', '--file', 'in.json')
    expect({ exit, stderr }).toMatchObject({ exit: differences.get(name)?.instead.exit ?? 3 })
    expect(stderr).toContain(differences.get(name)?.instead.code ?? '(ERR_')
    expect(state()).toBe(before)
  })

  test.each(letIn)('%s is let in as in Pulumi, or as the differences say', async (name) => {
    const { run } = importProject(name)
    const { exit, stderr } = await run('stack', 'import', '--file', 'in.json')
    expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringContaining('Import complete.') as unknown })
  })

  test.each(asPulumi)('%s shows the same state afterwards', async (name) => {
    const { run } = importProject(name)
    await run('stack', 'import', '--file', 'in.json')
    const { stdout } = await run('stack', 'export', '--show-secrets')
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(shownAfter(name), 'utf8')))
  })
})

test('a folder without a project is named', async () => {
  const { run } = outputsProject()
  const { exit, stderr } = await run('-C', folder('nothing'), 'stack', 'export')
  expect(exit).toBe(2)
  expect(stderr).toContain('ERR_NO_PROJECT')
})

describe('verify and inspect', () => {
  test('look at the state of the stack too, and say whether it has the key of the file', async () => {
    const { run } = outputsProject()
    const verified = await run('verify')
    expect(verified.exit).toBe(0)
    expect(verified.stdout).toContain("its state: 24 secrets open, under the file's key\n")
    expect((await run('inspect')).stdout).toMatch(/\n {2}state +24 secrets, the file's key\n/)
    const json = JSON.parse((await run('verify', '--json')).stdout) as unknown
    expect(json).toMatchObject([{ ok: true, state: { sameKey: true, opened: 24, failed: [] } }])
  })

  test('find a state under another key, and secrets in it that do not open', async () => {
    const { run, state, stateFile } = outputsProject()
    await run('state', 'rekey', stateFile, '--to', 'passphrase', '-o', stateFile)
    expect((await run('verify')).stdout).toContain(
      "its state: 24 secrets open, under another key than the file's (passphrase:)\n",
    )
    const inspected = JSON.parse((await run('inspect', '--json')).stdout) as unknown
    expect(inspected).toMatchObject([{ state: { secrets: 24, url: 'passphrase:', sameKey: false } }])
    writeFileSync(
      stateFile,
      state().replace(
        /"ciphertext":"v1:(.{16}):(.)/,
        (_all, nonce: string, first: string) => `"ciphertext":"v1:${nonce}:${first === 'A' ? 'B' : 'A'}`,
      ),
    )
    const { exit, stdout } = await run('verify')
    expect(exit).toBe(3)
    expect(stdout).toContain('its state: 23 secrets open')
    expect(stdout).toContain('of urn:pulumi:dev::vec::pulumi:pulumi:Stack::vec-dev does not open')
  })

  test('look at no state where the backend is not reached, or a file is named', async () => {
    const { run, folder: at } = outputsProject({ env: { PULUMI_BACKEND_URL: 's3://bucket' } })
    expect((await run('verify')).stdout).not.toContain('state')
    const near = outputsProject()
    expect((await near.run('verify', 'Pulumi.dev.yaml')).stdout).not.toContain('state')
    expect(readdirSync(at)).toEqual(['Pulumi.dev.yaml', 'Pulumi.yaml'])
  })
})
