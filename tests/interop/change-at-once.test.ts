import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Playground, PROJECT, PULUMI, skipWithoutPulumi } from './playground.ts'
import { out, type Ran, runCommand } from './run-command.ts'

const SIGNATURE = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270' }
const TYPE = 'pulumi:pulumi:Stack'
const FILE = 'Pulumi.dev.yaml'
const CHANGES = 50

interface Stack {
  readonly playground: Playground
  readonly folder: string
}

/** A stack whose configuration and state hold secrets, made by Pulumi under the passphrase `one`. */
async function stackOfPulumi(playground: Playground): Promise<Stack> {
  const folder = playground.project('shop')
  await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
  await out(playground.pulumi(folder, ['config', 'set', '--secret', 'a', 'of the config']))
  const document = JSON.parse(await out(playground.pulumi(folder, ['stack', 'export']))) as {
    deployment: { resources?: unknown }
  }
  const outputs = { password: { ...SIGNATURE, plaintext: '"of the state"' } }
  document.deployment.resources = [
    { urn: `urn:pulumi:dev::${PROJECT}::${TYPE}::${PROJECT}-dev`, custom: false, type: TYPE, outputs },
  ]
  await out(playground.pulumi(folder, ['stack', 'import'], JSON.stringify(document)))
  return { playground, folder }
}

/** Whether the real Pulumi shows the secrets of configuration and state under a passphrase. */
async function opens({ playground, folder }: Stack, passphrase: string): Promise<boolean> {
  const env = { PULUMI_CONFIG_PASSPHRASE: passphrase }
  const config = await playground.pulumi(folder, ['config', '--show-secrets', '--json'], undefined, env)
  const state = await playground.pulumi(folder, ['stack', 'export', '--show-secrets'], undefined, env)
  return config.stdout.includes('of the config') && state.stdout.includes('of the state')
}

const locksOf = ({ playground }: Stack): string =>
  join(playground.folder, 'backend/.pulumi/locks/organization', PROJECT, 'dev')

/** Names of prepared files, locks and journals. */
function leftovers(stack: Stack): readonly string[] {
  return readdirSync(stack.playground.folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('home') && !name.startsWith('cache'))
    .filter((name) => name.includes('.stackseal-') || /(?:state\/changes|locks\/organization\/\w+\/dev)\/./.test(name))
}

/** How a change may end beside another: made, or refused with one of these words, and nothing changed. */
const REFUSALS = ['ERR_LOCKED', 'ERR_CHANGED_MEANWHILE', 'ERR_WRONG_PASSPHRASE']

const codeOf = ({ stderr }: Ran): string => /\((ERR_[A-Z_]+)\)/.exec(stderr)?.[1] ?? ''

describe("a change of a stack's key beside others", () => {
  test('two at once: each is made or refused, and one key opens all', { timeout: 300_000 }, async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one' })
    const stack = await stackOfPulumi(playground)
    const seen = new Map<string, number>()
    let current = 'one'
    for (let round = 0; round < 8; round++) {
      const env = { PULUMI_CONFIG_PASSPHRASE: current }
      const others = [
        ['stack', 'change-secrets-provider', 'passphrase'],
        ['stack', 'rotate', '--include-history'],
        ['stack', 'recover'],
        ['config', 'set', '--secret', `beside${round}`, 'x'],
      ]
      const next = [`first ${round}`, `second ${round}`]
      const line = others[round % others.length] ?? []
      const [one, two] = await Promise.all([
        playground.stackseal(stack.folder, ['stack', 'rotate'], undefined, {
          ...env,
          STACKSEAL_NEW_PASSPHRASE: next[0] ?? '',
        }),
        playground.stackseal(stack.folder, line, undefined, { ...env, STACKSEAL_NEW_PASSPHRASE: next[1] ?? '' }),
      ])
      for (const ran of [one, two]) {
        const outcome = ran.exit === 0 ? 'made' : codeOf(ran)
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
        expect(['made', ...REFUSALS]).toContain(outcome)
      }
      const isOther = round % others.length < 2
      // Where both were made, the one that came last counts: only its passphrase opens.
      const candidates = [...(one.exit === 0 ? [next[0]] : []), ...(isOther && two.exit === 0 ? [next[1]] : [])]
      const opened: string[] = []
      for (const passphrase of [current, ...next]) if (await opens(stack, passphrase)) opened.push(passphrase)
      expect(opened).toHaveLength(1)
      current = opened[0] ?? ''
      expect(candidates.length === 0 || candidates.includes(current)).toBe(true)
      expect(leftovers(stack)).toEqual([])
    }
    console.log(`two at once: ${JSON.stringify(Object.fromEntries(seen))}`)
    expect(seen.get('made')).toBeGreaterThan(7)
  })

  // Pulumi takes no lock for `config set` and writes back the whole file that it had read, so it can bring the old file
  // back, under its old key. With one passphrase for all keys, whatever comes of it opens.
  test(
    `${CHANGES} beside a loop of Pulumi's config set: all opens at every end`,
    { timeout: 900_000 },
    async (context) => {
      skipWithoutPulumi(context)
      using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one', STACKSEAL_NEW_PASSPHRASE: 'one' })
      const stack = await stackOfPulumi(playground)
      const loops = { isOver: false }
      const theirs: Ran[] = []
      const loop = async (): Promise<void> => {
        for (let i = 0; !loops.isOver; i++) {
          theirs.push(await playground.pulumi(stack.folder, ['config', 'set', '-s', 'dev', `theirs${i % 5}`, `${i}`]))
        }
      }
      const seen = new Map<string, number>()
      const note = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
      const change = async (): Promise<void> => {
        for (let i = 0; i < CHANGES; i++) {
          const ran = await playground.stackseal(stack.folder, [
            'stack',
            i % 2 === 0 ? 'rotate' : 'change-secrets-provider',
            ...(i % 2 === 0 ? [] : ['passphrase']),
          ])
          const isPending = ran.stderr.includes('is not finished')
          note(ran.exit === 0 ? 'made' : `${codeOf(ran)}${isPending ? ', to be decided' : ''}`)
          if (ran.exit !== 0 && !/was not changed|--abandon|stack recover/.test(ran.stderr)) note('told nothing')
          if (!isPending) continue
          const how = i % 2 === 0 ? '--abandon' : '--force'
          const recovered = await playground.stackseal(stack.folder, ['stack', 'recover', how])
          note(recovered.exit === 0 ? `decided with ${how}` : `${how}: ${codeOf(recovered)}`)
        }
      }
      await Promise.all([loop(), change().finally(() => (loops.isOver = true))])
      await playground.stackseal(stack.folder, ['stack', 'recover', '--abandon'])
      console.log(`beside ${theirs.length} sets of Pulumi: ${JSON.stringify(Object.fromEntries(seen))}`)
      expect(await opens(stack, 'one')).toBe(true)
      // What --force keeps stays for whoever looks.
      expect(leftovers(stack).filter((name) => !name.includes('.stackseal-kept-'))).toEqual([])
      const allowed =
        /^(?:made|ERR_CHANGED_MEANWHILE(?:, to be decided)?|ERR_LOCKED|ERR_MALFORMED_FILE|decided with --\w+|--\w+: ERR_\w+)$/
      expect([...seen.keys()].filter((outcome) => !allowed.test(outcome))).toEqual([])
      // The case is worth nothing if nothing was made, or nobody wrote meanwhile.
      expect(seen.get('made')).toBeGreaterThan(CHANGES / 5)
      expect(theirs.filter(({ exit }) => exit === 0).length).toBeGreaterThan(10)
      // And at the end one change brings all under one key.
      await out(playground.stackseal(stack.folder, ['stack', 'rotate'], undefined, { STACKSEAL_NEW_PASSPHRASE: 'two' }))
      expect(await opens(stack, 'two')).toBe(true)
      expect(await opens(stack, 'one')).toBe(false)
    },
  )

  test("Pulumi's lock of a process that lives: each command is refused, and works once it is given back", async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one', STACKSEAL_NEW_PASSPHRASE: 'two' })
    const stack = await stackOfPulumi(playground)
    const lock = join(locksOf(stack), 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa.json')
    mkdirSync(dirname(lock), { recursive: true })
    const holder = { pid: process.pid, username: 'me', hostname: hostname(), timestamp: new Date().toISOString() }
    writeFileSync(lock, JSON.stringify(holder))
    const before = readFileSync(join(stack.folder, FILE), 'utf8')
    for (const line of [['rotate'], ['change-secrets-provider', 'passphrase'], ['rotate', '--include-history']]) {
      const refused = await playground.stackseal(stack.folder, ['stack', ...line])
      expect(refused).toMatchObject({ exit: 5, stderr: expect.stringContaining('ERR_LOCKED') as string })
      expect(refused.stderr).toContain(`process ${process.pid}`)
      expect(refused.stderr).toContain('was not changed')
      expect(readFileSync(join(stack.folder, FILE), 'utf8')).toBe(before)
    }
    expect(leftovers(stack).map((name) => join(playground.folder, name))).toEqual([lock])
    await out(playground.pulumi(stack.folder, ['cancel', '--yes', '-s', 'dev']))
    expect(existsSync(lock)).toBe(false)
    await out(playground.stackseal(stack.folder, ['stack', 'rotate']))
    expect(await opens(stack, 'two')).toBe(true)
  })

  test('while a change is under way, Pulumi refuses to write the state', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one', STACKSEAL_NEW_PASSPHRASE: 'two' })
    const stack = await stackOfPulumi(playground)
    const document = await out(playground.pulumi(stack.folder, ['stack', 'export']))
    // The change stops for a while at its first rename under the lock, as on a slow disk.
    const slow = [
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=rename',
      '-e',
      'inject=rename:delay_enter=6000000:when=3',
    ]
    const program = join(import.meta.dirname, '../../apps/cli/dist/stackseal.mjs')
    const changing = runCommand('strace', [...slow, process.execPath, program, 'stack', 'rotate'], {
      cwd: stack.folder,
      env: playground.env,
    })
    while (!existsSync(locksOf(stack)) || !readdirSync(locksOf(stack)).some((name) => name.endsWith('.json')))
      await sleep(10)
    const refused = await playground.pulumi(stack.folder, ['stack', 'import'], document)
    expect(refused.exit).not.toBe(0)
    expect(refused.stderr).toContain('the stack is currently locked by 1 lock(s)')
    expect((await changing).exit).toBe(0)
    expect(await opens(stack, 'two')).toBe(true)
  })
})

/** Lets a shell find both programs under their names. */
function pathWithPrograms({ playground }: Stack): string {
  const folder = join(playground.folder, 'bin')
  mkdirSync(folder)
  const program = join(import.meta.dirname, '../../apps/cli/dist/stackseal.mjs')
  writeFileSync(join(folder, 'stackseal'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
    mode: 0o755,
  })
  return `${folder}:${dirname(PULUMI)}:${playground.env['PATH'] ?? ''}`
}

describe('a state that Pulumi carries', () => {
  test('comes under the new key by the lines that --config-only prints', async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground({ PULUMI_CONFIG_PASSPHRASE: 'one', STACKSEAL_NEW_PASSPHRASE: 'two' })
    const stack = await stackOfPulumi(playground)
    const { exit, stderr } = await playground.stackseal(stack.folder, ['stack', 'rotate', '--config-only'])
    expect(exit).toBe(0)
    const recipe = stderr.split('\n').filter((line) => line.startsWith('  ') && /pulumi stack/.test(line))
    expect(recipe.length).toBeGreaterThan(0)
    const ran = await runCommand('sh', ['-ec', recipe.join('\n')], {
      cwd: stack.folder,
      env: { ...playground.env, PATH: pathWithPrograms(stack) },
    })
    expect(ran).toMatchObject({ exit: 0 })
    expect(await opens(stack, 'two')).toBe(true)
    expect(await opens(stack, 'one')).toBe(false)
    const salt = /^encryptionsalt: (.*)$/m.exec(readFileSync(join(stack.folder, FILE), 'utf8'))?.[1] ?? ''
    expect(await out(playground.pulumi(stack.folder, ['stack', 'export']))).toContain(salt)
  })
})
