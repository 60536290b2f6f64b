import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Playground, PROJECT, skipWithoutPulumi } from './playground.ts'
import { out, runCommand } from './run-command.ts'
import { skipWithoutUp, UP_PROJECT, upStack } from './up-stack.ts'

const SIGNATURE_KEY = '4dabf18193072939515e22adb298388d'
const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270'
const SECRETS = { secrets: ['token'] }
const TOKEN = 'opensesame <&>'

/** A stack dev that Stackseal made and Pulumi deployed, with a secret in its configuration, its inputs and its outputs. */
async function deployed(playground: Playground): Promise<string> {
  const folder = playground.project('shop', undefined, UP_PROJECT)
  await out(playground.stackseal(folder, ['stack', 'init', 'dev']))
  await out(playground.stackseal(folder, ['config', 'set', '--secret', 'token', TOKEN]))
  expect(await upStack(playground, folder, SECRETS)).toEqual({ create: 2 })
  return folder
}

/** The state as it lies in the backend. */
function stateOf(playground: Playground): string {
  return readFileSync(join(playground.folder, 'backend/.pulumi/stacks', PROJECT, 'dev.json'), 'utf8')
}

/** The bytes of the provider block in a state. */
function blockOf(state: string): string {
  const block = /"secrets_providers":\s*\{.*?\}\s*\}/s.exec(state)?.[0]
  if (block === undefined) throw new Error('the state has no provider block')
  return block
}

/** Every ciphertext in a document, found by a walk over its parsed JSON. */
function ciphertextsOf(json: string): string[] {
  const found: string[] = []
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const members = value as Readonly<Record<string, unknown>>
    if (members[SIGNATURE_KEY] === SECRET_SIGNATURE && typeof members['ciphertext'] === 'string') {
      found.push(members['ciphertext'])
    }
    Object.values(value).forEach(walk)
  }
  walk(JSON.parse(json))
  return found
}

/** The outputs named content, as jq selects them; where there is no jq, by the same walk. */
async function contentOf(exported: string, playground: Playground, cwd: string): Promise<string> {
  const filter = '.deployment.resources[].outputs | select(.content).content'
  try {
    return await out(runCommand('jq', [filter], { cwd, env: playground.env, stdin: exported }))
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    const { deployment } = JSON.parse(exported) as {
      deployment: { resources: readonly { outputs?: { content?: unknown } }[] }
    }
    return deployment.resources.flatMap(({ outputs }) => JSON.stringify(outputs?.content) ?? []).join('\n')
  }
}

describe.concurrent('the state of a deployed stack', () => {
  test('is exported as Pulumi exports it, and its secret output is an object with the signature and a ciphertext', async (context) => {
    skipWithoutUp(context)
    using playground = new Playground()
    const folder = await deployed(playground)
    const exported = await out(playground.stackseal(folder, ['stack', 'export']))
    expect(exported).toBe(await out(playground.pulumi(folder, ['stack', 'export'])))
    expect(await out(playground.stackseal(folder, ['stack', 'export', '--show-secrets']))).toBe(
      await out(playground.pulumi(folder, ['stack', 'export', '--show-secrets'])),
    )
    const content = await contentOf(exported, playground, folder)
    expect(JSON.parse(content)).toEqual({
      [SIGNATURE_KEY]: SECRET_SIGNATURE,
      ciphertext: expect.stringMatching(/^v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]+=*$/) as unknown,
    })
  })

  test('has outputs that both list alike, and that need no key where they are no secrets', async (context) => {
    skipWithoutUp(context)
    using playground = new Playground()
    const folder = await deployed(playground)
    for (const args of [[], ['--json'], ['--show-secrets'], ['--show-secrets', '--json'], ['token'], ['plain']]) {
      const line = ['stack', 'output', ...args]
      expect(await out(playground.stackseal(folder, line))).toBe(await out(playground.pulumi(folder, line)))
    }
    const locked = { PULUMI_CONFIG_PASSPHRASE: 'wrong' }
    expect(await out(playground.stackseal(folder, ['stack', 'output', 'plain'], '', locked))).toBe('plain\n')
    const refused = await playground.stackseal(folder, ['stack', 'output', 'token', '--show-secrets'], '', locked)
    expect({ ...refused, stderr: '' }).toEqual({ exit: 3, stdout: '', stderr: '' })
  })

  test('moves to the key of another stack file through two pipes, and the next update changes ciphertexts alone', async (context) => {
    skipWithoutUp(context)
    using playground = new Playground()
    const folder = await deployed(playground)
    const before = await out(playground.pulumi(folder, ['stack', 'export']))
    expect(await out(playground.stackseal(folder, ['state', 'verify'], before))).toContain('secrets open\n')

    // The configuration goes to the new key first: a stack has one.
    const next = { PULUMI_CONFIG_PASSPHRASE: 'the next one' }
    const other = playground.project('next', undefined, UP_PROJECT)
    await out(playground.stackseal(other, ['stack', 'init', 'dev'], '', { ...next, PULUMI_BACKEND_URL: 's3://none' }))
    await out(
      playground.stackseal(other, ['config', 'set', '--secret', 'token', TOKEN], '', {
        ...next,
        PULUMI_BACKEND_URL: 's3://none',
      }),
    )
    const file = join(other, 'Pulumi.dev.yaml')
    const rekeyed = await out(
      playground.stackseal(folder, ['state', 'rekey', '--to-stack-file', file], before, {
        STACKSEAL_NEW_PASSPHRASE: next.PULUMI_CONFIG_PASSPHRASE,
      }),
    )
    const old = ciphertextsOf(before)
    expect(old.length).toBeGreaterThan(3)
    expect(ciphertextsOf(rekeyed)).toHaveLength(old.length)
    for (const text of old) expect(rekeyed).not.toContain(text)
    writeFileSync(join(folder, 'Pulumi.dev.yaml'), readFileSync(file))
    await out(playground.pulumi(folder, ['stack', 'import'], rekeyed, next))

    const shown = JSON.parse(
      await out(playground.pulumi(folder, ['stack', 'output', '--json', '--show-secrets'], '', next)),
    )
    expect(shown).toMatchObject({ token: TOKEN, content: { inner: 'deep', html: '<&>' } })
    const imported = stateOf(playground)
    expect(await upStack(playground, folder, { ...SECRETS, env: next })).toEqual({ same: 2 })
    const updated = stateOf(playground)
    expect(blockOf(updated)).toBe(blockOf(imported))
    expect(ciphertextsOf(updated)).toHaveLength(old.length)
    for (const text of ciphertextsOf(imported)) expect(updated).not.toContain(text)
    expect(await out(playground.stackseal(folder, ['stack', 'output', 'token', '--show-secrets'], '', next))).toBe(
      `${TOKEN}\n`,
    )
  })

  test('goes out and comes in again, either way round', async (context) => {
    skipWithoutUp(context)
    using playground = new Playground()
    const folder = await deployed(playground)
    const shown = await out(playground.pulumi(folder, ['stack', 'export', '--show-secrets']))
    const block = blockOf(stateOf(playground))
    for (const [exports, imports] of [
      ['stackseal', 'pulumi'],
      ['pulumi', 'stackseal'],
      ['stackseal', 'stackseal'],
    ] as const) {
      for (const flags of [[], ['--show-secrets']]) {
        const exported = await out(playground[exports](folder, ['stack', 'export', ...flags]))
        await out(playground[imports](folder, ['stack', 'import'], exported))
        expect(await out(playground.pulumi(folder, ['stack', 'export', '--show-secrets']))).toBe(shown)
        expect(await out(playground.stackseal(folder, ['stack', 'export', '--show-secrets']))).toBe(shown)
        expect(blockOf(stateOf(playground))).toBe(block)
      }
    }
    expect(await upStack(playground, folder, SECRETS)).toEqual({ same: 2 })
  })
})

/** A resource of a stack, for a document that is imported. */
function resource(stack: string, name: string, more: object = {}): object {
  return { urn: `urn:pulumi:${stack}::${PROJECT}::a:b:C::${name}`, custom: false, type: 'a:b:C', ...more }
}

test('what an import is refused for, and what it warns of, is the same', async (context) => {
  skipWithoutPulumi(context)
  using playground = new Playground()
  const folder = playground.project('shop')
  await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
  const sealed = await out(playground.pulumi(folder, ['stack', 'export']))
  const document = JSON.parse(sealed) as { deployment: Record<string, unknown> & { manifest: Record<string, unknown> } }
  const rows: readonly (readonly [
    name: string,
    deployment: object,
    exits: readonly [plain: number, forced: number],
  ])[] = [
    ['nothing wrong', { resources: [resource('dev', 'x')] }, [0, 0]],
    ['another stack', { resources: [resource('other', 'x')] }, [1, 0]],
    [
      'a parent that is missing',
      { resources: [resource('dev', 'x', { parent: `urn:pulumi:dev::${PROJECT}::a:b:C::y` })] },
      [1, 0],
    ],
    ['a resource twice', { resources: [resource('dev', 'x'), resource('dev', 'x')] }, [1, 0]],
    ['an id without custom', { resources: [resource('dev', 'x', { id: 'i' })] }, [1, 1]],
    ['a wrong magic', { manifest: { ...document.deployment.manifest, magic: 'ab' } }, [1, 0]],
    [
      'a pending operation',
      { resources: [resource('dev', 'x')], pending_operations: [{ resource: resource('dev', 'y'), type: 'creating' }] },
      [0, 0],
    ],
  ]
  for (const [name, deployment, exits] of rows) {
    const input = JSON.stringify({ version: 3, deployment: { ...document.deployment, ...deployment } })
    for (const [i, flags] of [[], ['--force']].entries()) {
      const line = ['stack', 'import', ...flags]
      const theirs = await playground.pulumi(folder, line, input)
      const ours = await playground.stackseal(folder, line, input)
      expect({ name, ...theirs, exit: Math.min(theirs.exit ?? 1, 1) }).toMatchObject({ name, exit: exits[i] })
      expect({ name, ...ours, exit: Math.min(ours.exit ?? 1, 1) }).toMatchObject({ name, exit: exits[i] })
    }
  }
})
