import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type CarriedProject, carriedProject } from './support/carried-project.ts'
import { inProcess } from './support/in-process.ts'
import { start } from './support/stackseal.ts'

const OLD = 'correct horse'
const NEW = 'new phrase'
const ROTATE = ['stack', 'rotate']

async function unchanged(on: CarriedProject, run: () => Promise<void>): Promise<void> {
  const before = [on.text(), on.carried()]
  await run()
  expect([on.text(), on.carried()]).toEqual(before)
  expect(on.leftovers()).toEqual([])
}

const saltOf = (text: string): string => /(?:encryptionsalt: |"salt": ")([^"\n]+)/.exec(text)?.[1] ?? ''

test('a state that pulumi carries is under the new key, as the stack file is', async () => {
  const on = carriedProject()
  const before = saltOf(on.text())
  expect(saltOf(on.carried())).toBe(before)
  const { exit, stderr } = await on.run(...ROTATE)
  expect({ exit, stderr }).toMatchObject({ exit: 0, stderr: expect.stringContaining('of its state') as string })
  expect(saltOf(on.text())).not.toBe(before)
  expect(saltOf(on.carried())).toBe(saltOf(on.text()))
  const file = on.write('carried.json', on.carried())
  expect((await on.run('state', 'verify', file)).stderr).toContain('ERR_WRONG_PASSPHRASE')
  const env = { ...on.env, PULUMI_CONFIG_PASSPHRASE: NEW }
  expect((await inProcess(['state', 'verify', file], { cwd: on.folder, env })).exit).toBe(0)
  expect(on.leftovers()).toEqual([])
})

test('pulumi is called with nothing secret among its arguments, and the import alone is told the new passphrase', async () => {
  const on = carriedProject({
    AWS_SECRET_ACCESS_KEY: 'for the bucket',
    PULUMI_OPTION_SHOW_SECRETS: 'true',
    STACKSEAL_OTHER: 'ours',
    DATABASE_PASSWORD: 'of somebody',
  })
  expect((await on.run(...ROTATE)).exit).toBe(0)
  const flags = '--stack=dev --non-interactive --color=never'
  expect([...new Set(on.calls())]).toEqual([`stack export ${flags}`, `stack import ${flags}`])
  for (const [env, lines] of [
    [on.envOf('export'), 0],
    [on.envOf('import'), 1],
  ] as const) {
    expect(env).not.toContain(OLD)
    expect(env.split(NEW)).toHaveLength(lines + 1)
    expect(env).toContain('AWS_SECRET_ACCESS_KEY=for the bucket')
    for (const name of ['PULUMI_OPTION_SHOW_SECRETS', 'STACKSEAL_', 'DATABASE_PASSWORD'])
      expect(env).not.toContain(name)
  }
})

test('a stack of somebody else is named to pulumi with its owner', async () => {
  const on = carriedProject()
  expect((await on.run('-s', 'acme/vec/dev', ...ROTATE)).exit).toBe(0)
  expect(on.calls()[0]).toContain('--stack=acme/vec/dev')
})

test('without a pulumi on the PATH nothing is changed, and the way without it is told', async () => {
  for (const path of ['/nonexistent', '', '.', 'bin']) {
    const on = carriedProject({ PATH: path })
    await unchanged(on, async () => {
      const { exit, stderr } = await on.run(...ROTATE)
      expect(exit).toBe(2)
      for (const part of [
        'ERR_BACKEND_NOT_REACHED',
        'PATH',
        '--config-only',
        'pulumi stack export | stackseal state rekey',
      ])
        expect(stderr).toContain(part)
    })
  }
})

test('an export that fails stops the change, and what pulumi says is told without what is secret', async () => {
  const on = carriedProject({ AWS_SECRET_ACCESS_KEY: 'for-the-bucket' })
  on.on('export', 'echo "error: no access with for-the-bucket to postgres://me:hunter2@host/db" >&2; exit 255')
  await unchanged(on, async () => {
    const { exit, stderr } = await on.run(...ROTATE)
    expect(exit).toBe(1)
    for (const part of ['ERR_PULUMI_FAILED', 'exit 255', 'error: no access', 'host/db', 'was not changed'])
      expect(stderr).toContain(part)
    expect(stderr).not.toMatch(/for-the-bucket|hunter2/)
  })
})

test('an import that fails leaves state and stack file as they were', async () => {
  const on = carriedProject()
  on.on('import', 'cat >/dev/null; echo "error: could not deserialize deployment" >&2; exit 255')
  await unchanged(on, async () => {
    const { exit, stderr } = await on.run(...ROTATE)
    expect(exit).toBe(1)
    for (const part of ['ERR_PULUMI_FAILED', 'could not deserialize', 'was not changed']) expect(stderr).toContain(part)
  })
})

test('an update that holds the lock is waited for by whoever called', async () => {
  const on = carriedProject()
  on.on('import', 'cat >/dev/null; echo "error: the stack is currently locked by 1 lock(s)" >&2; exit 255')
  await unchanged(on, async () => {
    const { exit, stderr } = await on.run(...ROTATE)
    expect(exit).toBe(5)
    for (const part of ['ERR_LOCKED', 'pulumi cancel']) expect(stderr).toContain(part)
  })
})

test('a state that somebody changed after it was read is not written over', async () => {
  const on = carriedProject()
  const before = on.text()
  // The third export is the one right before the import.
  on.on('export', 'echo . >>"$here/n"; if [ "$(wc -l <"$here/n")" -eq 3 ]; then echo " " >>"$here/state"; fi')
  const { exit, stderr } = await on.run(...ROTATE)
  expect(exit).toBe(5)
  expect(stderr).toContain('ERR_CHANGED_MEANWHILE')
  expect(on.calls().some((call) => call.includes('import'))).toBe(false)
  expect(on.text()).toBe(before)
  expect(on.carried().endsWith('\n \n')).toBe(true)
  expect(on.leftovers()).toEqual([])
})

test('an import that says it is done and changed nothing does not switch the stack file', async () => {
  const on = carriedProject()
  on.on('import', 'cat >/dev/null; exit 0')
  await unchanged(on, async () => {
    const { exit, stderr } = await on.run(...ROTATE)
    expect(exit).toBe(5)
    expect(stderr).toContain('does not name the new key')
  })
})

test('where nobody can tell what the import did, the change waits, and is finished without a key', async () => {
  const on = carriedProject()
  const before = on.text()
  on.on('import', 'cat >"$here/next" && mv "$here/next" "$here/state"; echo "exit 255" >"$here/on-export"; exit 0')
  const { exit, stderr } = await on.run(...ROTATE)
  expect(exit).toBe(1)
  for (const part of ['is not finished', 'stack recover', 'STACKSEAL_NEW_PASSPHRASE']) expect(stderr).toContain(part)
  expect(on.text()).toBe(before)
  const notes = join(on.env['STACKSEAL_STATE_DIR'] ?? '', 'changes')
  for (const name of readdirSync(notes)) {
    expect(statSync(join(notes, name)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(notes, name), 'utf8')).not.toMatch(new RegExp(`${OLD}|${NEW}|"plaintext"`))
  }
  // Readers write nothing, and say so.
  expect((await on.run('config')).stderr).toContain('stackseal stack recover')
  on.on('export', ':')
  on.on('import', 'exit 1')
  const recovered = await on.run('stack', 'recover')
  expect(recovered).toMatchObject({ exit: 0, stderr: expect.stringContaining('Finished') as string })
  expect(saltOf(on.text())).toBe(saltOf(on.carried()))
  expect(on.leftovers()).toEqual([])
  expect((await on.run('stack', 'recover')).stderr).toContain('nothing to recover')
})

test('operations that an interrupted update left would be dropped by an import, so it does not come to one', async () => {
  const on = carriedProject()
  on.on(
    'export',
    `sed -i 's/"metadata": {}/"pending_operations": [{"type":"creating","resource":{"urn":"urn:pulumi:dev::vec::a:b:C::n","custom":true,"type":"a:b:C"}}],&/' "$here/state"`,
  )
  await on.run('stack', 'rotate', '--dry-run')
  on.on('export', ':')
  expect(on.carried()).toContain('pending_operations')
  await unchanged(on, async () => {
    const { exit, stderr } = await on.run(...ROTATE)
    expect(exit).toBe(3)
    for (const part of ['1 pending operation', 'pulumi refresh']) expect(stderr).toContain(part)
  })
})

test('a dry run exports and imports nothing', async () => {
  const on = carriedProject()
  await unchanged(on, async () => {
    expect((await on.run(...ROTATE, '--dry-run')).exit).toBe(0)
    expect(on.calls()).toHaveLength(1)
  })
})

test('Ctrl-C ends the pulumi that carries, and calls the change off', async () => {
  const on = carriedProject()
  on.on('import', 'echo "$$" >"$here/pid"; echo importing >"$here/started"; exec sleep 60')
  await unchanged(on, async () => {
    const { child, ended } = start(ROTATE, { cwd: on.folder, env: on.env })
    child.stdin.end()
    const bin = (on.env['PATH'] ?? '').split(':')[0] ?? ''
    while (!readdirSync(bin).includes('started') && child.exitCode === null) {
      await new Promise((wake) => setTimeout(wake, 20))
    }
    child.kill('SIGINT')
    const { exit } = await ended
    expect(exit).toBe(130)
    const pid = Number(readFileSync(join(bin, 'pid'), 'utf8'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})

const keyOf = async (on: CarriedProject): Promise<'old' | 'new' | 'mixed'> => {
  const file = on.write('carried.json', on.carried())
  for (const [name, passphrase] of [
    ['old', OLD],
    ['new', NEW],
  ] as const) {
    const env = { ...on.env, PULUMI_CONFIG_PASSPHRASE: passphrase }
    const both = [['verify'], ['state', 'verify', file]].map((args) => inProcess(args, { cwd: on.folder, env }))
    if ((await Promise.all(both)).every(({ exit }) => exit === 0)) return name
  }
  return 'mixed'
}

// A change runs it five times: three exports, the import, and the export that reads back. At the first nothing has begun.
const RUNS = [2, 3, 4, 5].flatMap((run) => [
  { run, when: 'on' as const },
  { run, when: 'after' as const },
])

test.for(RUNS)('killed $when run $run of pulumi, the stack is under one key after recovery', async ({ run, when }) => {
  const on = carriedProject()
  const count = 'echo . >>"$here/n"; '
  const kill = `${when === 'on' ? count : ''}if [ "$(wc -l <"$here/n")" -eq ${run} ]; then kill -9 $PPID; fi`
  for (const command of ['export', 'import'] as const) {
    on.on(command, when === 'on' ? kill : count)
    if (when === 'after') on.on(command, kill, 'after')
  }
  const { child, ended } = start(ROTATE, { cwd: on.folder, env: on.env })
  child.stdin.end()
  expect((await ended).exit).toBe(null)
  for (const command of ['export', 'import'] as const) {
    on.on(command, ':')
    on.on(command, ':', 'after')
  }
  const { exit } = await on.run('stack', 'recover')
  expect(exit).toBe(0)
  expect(await keyOf(on)).toBe(run < 3 ? 'old' : 'new')
  expect(on.leftovers()).toEqual([])
  expect((await on.run('stack', 'recover')).stderr).toContain('nothing to recover')
})
