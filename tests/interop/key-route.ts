import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

import type { KeyServices } from './key-services.ts'
import type { Playground } from './playground.ts'
import { out } from './run-command.ts'
import { UP_PROJECT, upStack } from './up-stack.ts'

const VALUE = 'opensesame <&>'
const SECRETS = ['token']

/** A stack on its way from key to key. */
class KeyRoute {
  readonly #playground: Playground
  readonly #folder: string
  /** The passphrase of both command lines. */
  passphrase = 'one'

  constructor(playground: Playground) {
    this.#playground = playground
    this.#folder = playground.project('route', undefined, UP_PROJECT)
  }

  get #env(): Record<string, string> {
    return { PULUMI_CONFIG_PASSPHRASE: this.passphrase }
  }

  pulumi(args: readonly string[], stdin?: string): ReturnType<Playground['pulumi']> {
    return this.#playground.pulumi(this.#folder, args, stdin, this.#env)
  }

  stackseal(
    args: readonly string[],
    stdin?: string,
    env: Record<string, string> = {},
  ): ReturnType<Playground['stackseal']> {
    return this.#playground.stackseal(this.#folder, args, stdin, { ...this.#env, ...env })
  }

  up(): ReturnType<typeof upStack> {
    return upStack(this.#playground, this.#folder, { secrets: SECRETS, env: this.#env })
  }

  /** What the stack file says of its key: one of the two members. */
  get sealed(): string {
    const text = readFileSync(join(this.#folder, 'Pulumi.dev.yaml'), 'utf8')
    return /^encrypt(?:ionsalt|edkey): (.*)$/m.exec(text)?.[1] ?? 'none'
  }
}

/** A stack that Pulumi made and deployed, on a passphrase, with secrets in config, inputs and outputs. */
async function deployedByPulumi(playground: Playground): Promise<KeyRoute> {
  const route = new KeyRoute(playground)
  await out(route.pulumi(['stack', 'init', 'dev']))
  await out(route.pulumi(['config', 'set', '--secret', 'token', VALUE]))
  expect(await route.up()).toEqual({ create: 2 })
  return route
}

/** Sees that both documents are under this key, that Pulumi shows every secret, and that `up` finds nothing to do. */
async function expectPulumiGoesOn(route: KeyRoute): Promise<void> {
  const { sealed } = route
  expect(await out(route.pulumi(['config', '--show-secrets', '--json']))).toContain(JSON.stringify(VALUE))
  expectSecrets(await out(route.pulumi(['stack', 'export', '--show-secrets'])), sealed)
  expect(await route.up()).toEqual({ same: 2 })
  expect(route.sealed).toBe(sealed)
  expectSealed(await out(route.pulumi(['stack', 'export'])), sealed)
}

/** Sees that Stackseal reads config and state. */
async function expectStacksealReads(route: KeyRoute): Promise<void> {
  expect(await out(route.stackseal(['config', 'get', 'token']))).toBe(`${VALUE}\n`)
  expect(await out(route.stackseal(['verify']))).toContain('1 secret opens')
  const exported = await out(route.pulumi(['stack', 'export']))
  expectSecrets(await out(route.stackseal(['state', 'reveal'], exported)), route.sealed)
}

function expectSealed(state: string, sealed: string): void {
  expect(state).toContain(`": ${JSON.stringify(sealed)}`)
}

function expectSecrets(state: string, sealed: string): void {
  expectSealed(state, sealed)
  for (const value of [JSON.stringify(VALUE), '"deep"', '1.5']) expect(unescaped(state)).toContain(value)
}

/** The plaintext of a secret is JSON in a JSON string, in which Go escapes `<`, `>` and `&`. */
function unescaped(state: string): string {
  const plaintexts = state.matchAll(/"plaintext": ("(?:[^"\\]|\\.)*")/g)
  return [...plaintexts].map(([, text = '""']) => JSON.stringify(JSON.parse(JSON.parse(text) as string))).join('\n')
}

/** Walks the route with Stackseal; Pulumi goes on after each step. Gives the keys that the stack had. */
export async function walkedByStackseal(
  playground: Playground,
  { vault, aws }: KeyServices,
): Promise<readonly string[]> {
  const route = await deployedByPulumi(playground)
  const keys = [route.sealed]
  const step = async (args: readonly string[], passphrase?: string): Promise<void> => {
    const env = passphrase === undefined ? {} : { STACKSEAL_NEW_PASSPHRASE: passphrase }
    await out(route.stackseal(['stack', ...args], undefined, env))
    if (passphrase !== undefined) route.passphrase = passphrase
    expect(keys).not.toContain(route.sealed)
    keys.push(route.sealed)
    await expectPulumiGoesOn(route)
  }
  await step(['change-secrets-provider', 'passphrase'], 'two')
  await step(['change-secrets-provider', vault.url])
  await vault.rotate()
  await step(['rewrap'])
  await step(['rotate'])
  await step(['change-secrets-provider', aws.url])
  await aws.rotate()
  await step(['rewrap'])
  await step(['change-secrets-provider', 'passphrase'], 'three')
  await step(['rotate'], 'four')
  const refused = await route.stackseal(['stack', 'rewrap'])
  expect(refused).toMatchObject({ exit: 2, stderr: expect.stringContaining('ERR_REWRAP_NOT_POSSIBLE') as string })
  await expectStacksealReads(route)
  return keys
}

/** Walks it with Pulumi; Stackseal reads after each step. Gives the keys that the stack had. */
export async function walkedByPulumi(playground: Playground, { vault, aws }: KeyServices): Promise<readonly string[]> {
  const route = await deployedByPulumi(playground)
  const keys = [route.sealed]
  const step = async (to: string, passphrase?: string): Promise<void> => {
    await out(route.pulumi(['stack', 'change-secrets-provider', to], passphrase && `${passphrase}\n`))
    if (passphrase !== undefined) route.passphrase = passphrase
    expect(keys).not.toContain(route.sealed)
    keys.push(route.sealed)
    await expectStacksealReads(route)
  }
  await step('passphrase', 'two')
  await step(vault.url)
  await step(aws.url)
  await step('passphrase')
  await step('passphrase', 'three')
  return keys
}
