import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeProcesses } from '@stackseal/stack'
import { describe, expect, test } from 'vitest'
import { folderState } from './support/folder-state.ts'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject, vector } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { Session } from './support/pseudo-terminal.ts'
import { folder, stackseal, start } from './support/stackseal.ts'

interface Report {
  readonly ok: boolean
  readonly checks: readonly {
    readonly check: string
    readonly level: string
    readonly message: string
    readonly run: string | null
  }[]
}

/** Runs doctor twice, for people and for programs, sees that they agree and that nothing was written. */
async function doctor(
  on: { readonly folder: string },
  env: Readonly<Record<string, string>> = SIMPLE,
  args: readonly string[] = [],
): Promise<Report & { readonly exit: number | null }> {
  const before = folderState(on.folder)
  const text = await inProcess(['doctor', ...args], { cwd: on.folder, env })
  const json = await inProcess(['doctor', '--json', ...args], { cwd: on.folder, env })
  expect(folderState(on.folder)).toEqual(before)
  expect(json.exit).toBe(text.exit)
  expect(json.stderr + text.stderr).toBe('')
  const report = JSON.parse(json.stdout) as Report
  expect(report.ok).toBe(json.exit === 0)
  expect(text.stdout.match(/^(ok|warning|failure) /gm)?.length).toBe(report.checks.length)
  expect(text.stdout.match(/^ +run: .+$/gm)?.length ?? 0).toBe(report.checks.filter(({ run }) => run !== null).length)
  return { ...report, exit: json.exit }
}

const find = (report: Report, check: string): Report['checks'][number] | undefined =>
  report.checks.find((each) => each.check === check)

test('a healthy stack: every line is ok, and nothing is to be run', async () => {
  const report = await doctor(simpleProject())
  expect(report.checks.map(({ check, level }) => `${check} ${level}`)).toEqual([
    'versions ok',
    'pulumi ok',
    'project ok',
    'stack ok',
    'stack file ok',
    'key ok',
    'passphrase ok',
    'leftovers ok',
  ])
  expect(find(report, 'stack file')?.message).toBe('Pulumi.dev.yaml: 5 keys, 3 secrets')
  expect(report.checks.filter(({ run }) => run !== null)).toEqual([])
  expect(report.exit).toBe(0)
})

test('without a project there is a failure, and how one is made', async () => {
  const report = await doctor({ folder: folder('empty') })
  expect(find(report, 'project')).toMatchObject({ level: 'failure', run: 'stackseal new' })
  expect(report.exit).toBe(3)
})

const text =
  (edit: (text: string) => string): (() => TestProject) =>
  () =>
    simpleProject(edit)
const HOME = (): string => folder('home')

describe.each<{
  name: string
  on: () => TestProject
  env?: () => Record<string, string>
  args?: string[]
  check: string
  level: string
  message: RegExp
  run: RegExp | null
}>([
  {
    name: 'no stack is selected',
    on: simpleProject,
    env: () => ({ HOME: HOME() }),
    check: 'stack',
    level: 'failure',
    message: /no stack of project vec is selected \(ERR_NO_STACK\)/,
    run: /^stackseal stack select dev$/,
  },
  {
    name: 'no such stack',
    on: simpleProject,
    args: ['-s', 'prod'],
    check: 'stack',
    level: 'failure',
    message: /ERR_STACK_NOT_FOUND/,
    run: /^stackseal stack init prod$/,
  },
  {
    name: 'a damaged file',
    on: text((it) => `${it}\n  - x: [`),
    check: 'stack',
    level: 'failure',
    message: /ERR_MALFORMED_FILE/,
    run: /^git log -p -1 -- Pulumi\.dev\.yaml$/,
  },
  {
    name: 'a key that is gone',
    on: text((it) => it.replace(/^encryptionsalt: .*\n/m, '')),
    check: 'key',
    level: 'failure',
    message: /ERR_MISSING_SEALED_KEY/,
    run: /^git log -p -- Pulumi\.dev\.yaml$/,
  },
  {
    name: 'a malformed salt',
    on: text((it) => it.replace('encryptionsalt: v1', 'encryptionsalt: v9')),
    check: 'key',
    level: 'failure',
    message: /ERR_MALFORMED_SEALED_KEY/,
    run: /^git log/,
  },
  {
    name: 'one secret that is no ciphertext',
    on: text((it) => it.replace(/(vec:token:\n +secure: ).*/, '$1nonsense')),
    check: 'stack file',
    level: 'failure',
    message: /3 secrets, of which 1 are no ciphertexts/,
    run: /^stackseal verify$/,
  },
  {
    name: 'a value marked !secret',
    on: text((it) => `${it}  vec:w: !secret hidden\n`),
    check: 'marked values',
    level: 'warning',
    message: /^line \d+ of Pulumi\.dev\.yaml is marked !secret/,
    run: /^stackseal config encrypt$/,
  },
  {
    name: 'no key yet',
    on: () => project('config:\n  vec:a: b\n'),
    check: 'key',
    level: 'warning',
    message: /no key yet/,
    run: /^stackseal stack init dev$/,
  },
  {
    name: 'no passphrase',
    on: simpleProject,
    env: () => ({ PULUMI_STACK: 'dev' }),
    check: 'passphrase',
    level: 'failure',
    message: /nobody can be asked \(ERR_PASSPHRASE_MISSING\)/,
    run: /^export PULUMI_CONFIG_PASSPHRASE_FILE=FILE$/,
  },
  {
    name: 'an empty passphrase',
    on: simpleProject,
    env: () => ({ PULUMI_STACK: 'dev', PULUMI_CONFIG_PASSPHRASE: '' }),
    check: 'passphrase',
    level: 'warning',
    message: /set and empty/,
    run: /^unset PULUMI_CONFIG_PASSPHRASE$/,
  },
  {
    name: 'two sources of a passphrase',
    on: simpleProject,
    env: () => ({ ...SIMPLE, PULUMI_CONFIG_PASSPHRASE_FILE: 'x' }),
    check: 'passphrase',
    level: 'ok',
    message: /PULUMI_CONFIG_PASSPHRASE_FILE is not looked at/,
    run: null,
  },
  {
    name: 'a passphrase file that is not there',
    on: simpleProject,
    env: () => ({ PULUMI_STACK: 'dev', PULUMI_CONFIG_PASSPHRASE_FILE: 'no where' }),
    check: 'passphrase',
    level: 'failure',
    message: /no where, which .* names, is not there$/,
    run: /^ls -l '.*no where'$/,
  },
  {
    name: 'a key service',
    on: () => project('secretsprovider: awskms://alias/app?region=eu-west-1\nencryptedkey: AAAA\n'),
    check: 'provider',
    level: 'ok',
    message: /^AWS KMS/,
    run: null,
  },
  {
    name: 'a key service without an address',
    on: () => project('secretsprovider: hashivault://app\nencryptedkey: AAAA\n'),
    check: 'provider',
    level: 'failure',
    message: /neither VAULT_SERVER_URL nor VAULT_ADDR/,
    run: /^export VAULT_ADDR=/,
  },
  {
    name: 'a scheme of others',
    on: () => project('secretsprovider: age://x\nencryptedkey: AAAA\n'),
    check: 'provider',
    level: 'warning',
    message: /^age is not built in/,
    run: /--provider MODULE$/,
  },
  {
    name: "Pulumi Cloud's secrets",
    on: () => project('config:\n  vec:a:\n    secure: AAABAGlnS5a=\n'),
    check: 'key',
    level: 'failure',
    message: /ERR_SERVICE_SECRETS/,
    run: /^pulumi stack change-secrets-provider passphrase$/,
  },
])('$name', ({ on, env, args, check, level, message, run }) => {
  test(`is told as ${level}, with what to run`, async () => {
    const report = await doctor(on(), env?.() ?? SIMPLE, args)
    const found = find(report, check)
    expect(found?.level).toBe(level)
    expect(found?.message).toMatch(message)
    expect(found?.run ?? 'nothing').toMatch(run ?? /^nothing$/)
    expect(report.exit).toBe(report.checks.some((each) => each.level === 'failure') ? 3 : 0)
  })
})

test('a passphrase file that others can read is a warning, one of its owner is not', async () => {
  const on = simpleProject()
  const file = join(folder('passphrase'), 'file')
  writeFileSync(file, 'correct horse\n')
  const env = { PULUMI_STACK: 'dev', PULUMI_CONFIG_PASSPHRASE_FILE: file }
  chmodSync(file, 0o644)
  expect(find(await doctor(on, env), 'passphrase')).toMatchObject({ level: 'warning', run: `chmod 600 ${file}` })
  chmodSync(file, 0o600)
  expect(find(await doctor(on, env), 'passphrase')).toMatchObject({ level: 'ok' })
})

test('a folder of notes that others can reach is a warning', async () => {
  const notes = folder('notes')
  chmodSync(notes, 0o755)
  const report = await doctor(simpleProject(), { ...SIMPLE, STACKSEAL_STATE_DIR: notes })
  expect(find(report, 'notes')).toMatchObject({ level: 'warning', run: `chmod 700 ${notes}` })
})

test('a link is followed inside the project, and one that leaves it is a failure', async () => {
  const on = simpleProject()
  const away = folder('away')
  writeFileSync(join(away, 'real.yaml'), on.text())
  mkdirSync(join(on.folder, 'inside'))
  writeFileSync(join(on.folder, 'inside', 'real.yaml'), on.text())
  rmSync(on.file)
  symlinkSync('inside/real.yaml', on.file)
  expect(find(await doctor(on), 'stack file')?.message).toContain('Pulumi.dev.yaml, a link')
  rmSync(on.file)
  symlinkSync(join(away, 'real.yaml'), on.file)
  const report = await doctor(on)
  expect(find(report, 'stack')).toMatchObject({ level: 'failure', run: 'stackseal doctor --follow-links' })
})

const lockOf = (pid: number): string => {
  const holder = {
    ...nodeProcesses.self(),
    pid,
    command: 'stackseal config set',
    time: '2026-01-01T00:00:00Z',
    id: 'x',
  }
  return `${JSON.stringify(holder)}\n`
}

describe('leftovers', () => {
  test('a lock and a staged file of a process that is gone', async () => {
    const on = simpleProject()
    const { child, ended } = start(['--version'])
    await ended
    writeFileSync(join(on.folder, '.Pulumi.dev.yaml.stackseal-lock'), lockOf(child.pid ?? 1))
    writeFileSync(join(on.folder, '.Pulumi.dev.yaml.stackseal-new'), 'half')
    const report = await doctor(on)
    expect(find(report, 'lock')?.message).toMatch(/was left by process \d+ .*which has ended/)
    expect(find(report, 'lock')?.run).toMatch(/^rm .*stackseal-lock$/)
    expect(find(report, 'leftovers')?.run).toMatch(/^rm .*stackseal-new$/)
    expect(report.exit).toBe(0)
  })

  test('a lock that is held', async () => {
    const on = simpleProject()
    writeFileSync(join(on.folder, '.Pulumi.dev.yaml.stackseal-lock'), lockOf(process.pid))
    writeFileSync(join(on.folder, '.Pulumi.dev.yaml.stackseal-new'), 'half')
    const report = await doctor(on)
    expect(find(report, 'lock')?.message).toContain(`being changed by process ${process.pid}`)
    expect(find(report, 'leftovers')).toBe(undefined)
  })

  test('a lock that nobody can read', async () => {
    const on = simpleProject()
    writeFileSync(join(on.folder, '.Pulumi.dev.yaml.stackseal-lock'), 'someone')
    expect(find(await doctor(on), 'lock')?.message).toContain('names no holder')
  })
})

test('a passphrase is never told, whatever it is', async () => {
  const on = simpleProject()
  const { stdout } = await stackseal(['doctor', '--debug'], {
    cwd: on.folder,
    env: { PULUMI_STACK: 'dev', PULUMI_CONFIG_PASSPHRASE: 'MARK-passphrase' },
  })
  expect(stdout).toContain('from PULUMI_CONFIG_PASSPHRASE\n')
  expect(stdout).not.toContain('MARK')
})

test('on a terminal it would ask, does not, and shows no control characters of a file', async () => {
  const on = project('secretsprovider: "age://x\\e]0;title\\a"\nencryptedkey: AAAA\n')
  const session = new Session(['doctor'], { cwd: on.folder, env: { PULUMI_STACK: 'dev' } })
  await session.end()
  expect(session.shown).not.toContain('\u001b]0;')
  const asking = new Session(['doctor'], { cwd: simpleProject().folder, env: { PULUMI_STACK: 'dev' } })
  expect(await asking.end()).toBe(0)
  expect(asking.shown).toContain('asked for on the terminal')
})

test('every stack of the reference passes', async () => {
  const on = project(readFileSync(vector('06-multiline', 'Pulumi.dev.yaml')))
  expect((await doctor(on)).exit).toBe(0)
})
