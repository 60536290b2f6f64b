import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

import type { KeyServices } from './key-services.ts'
import type { Playground } from './playground.ts'
import { out } from './run-command.ts'
import { UP_PROJECT, upStack } from './up-stack.ts'

const VALUE = 'opensesame <&>'
const SECRETS = ['token']

/** A deployed stack of Pulumi on a passphrase, with secrets in config, inputs and outputs, on its way from key to key. */
export class KeyRoute {
  readonly #playground: Playground
  readonly #folder: string
  #passphrase = 'one'

  private constructor(playground: Playground, folder: string) {
    this.#playground = playground
    this.#folder = folder
  }

  static async start(playground: Playground): Promise<KeyRoute> {
    const route = new KeyRoute(playground, playground.project('route', undefined, UP_PROJECT))
    await out(route.pulumi(['stack', 'init', 'dev']))
    await out(route.pulumi(['config', 'set', '--secret', 'token', VALUE]))
    expect(await upStack(playground, route.#folder, { secrets: SECRETS, env: route.#env })).toEqual({ create: 2 })
    return route
  }

  get #env(): Record<string, string> {
    return { PULUMI_CONFIG_PASSPHRASE: this.#passphrase }
  }

  pulumi(args: readonly string[], stdin?: string): ReturnType<Playground['pulumi']> {
    return this.#playground.pulumi(this.#folder, args, stdin, this.#env)
  }

  stackseal(args: readonly string[], env: Record<string, string> = {}): ReturnType<Playground['stackseal']> {
    return this.#playground.stackseal(this.#folder, args, undefined, { ...this.#env, ...env })
  }

  /** From now on the passphrase is this one. */
  set passphrase(text: string) {
    this.#passphrase = text
  }

  /** What the stack file says of its key: one of the two members. */
  get sealed(): string {
    const text = readFileSync(join(this.#folder, 'Pulumi.dev.yaml'), 'utf8')
    return /^encrypt(?:ionsalt|edkey): (.*)$/m.exec(text)?.[1] ?? 'none'
  }

  /** Sees that both documents are under this key, that Pulumi shows every secret, and that `up` finds nothing to do. */
  async expectPulumiGoesOn(): Promise<void> {
    const { sealed } = this
    expect(await out(this.pulumi(['config', '--show-secrets', '--json']))).toContain(JSON.stringify(VALUE))
    expectSecrets(await out(this.pulumi(['stack', 'export', '--show-secrets'])), sealed)
    expect(await upStack(this.#playground, this.#folder, { secrets: SECRETS, env: this.#env })).toEqual({ same: 2 })
    expect(this.sealed).toBe(sealed)
    expectSealed(await out(this.pulumi(['stack', 'export'])), sealed)
  }

  /** Sees that Stackseal reads config and state. */
  async expectStacksealReads(): Promise<void> {
    expect(await out(this.stackseal(['config', 'get', 'token']))).toBe(`${VALUE}\n`)
    expect(await out(this.stackseal(['verify']))).toContain('1 secret opens')
    const exported = await out(this.pulumi(['stack', 'export']))
    const [folder, env] = [this.#folder, this.#env]
    expectSecrets(await out(this.#playground.stackseal(folder, ['state', 'reveal'], exported, env)), this.sealed)
  }
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

/** Walks the route with Stackseal; Pulumi goes on after each step. */
export async function walkedByStackseal(playground: Playground, { vault, aws }: KeyServices): Promise<void> {
  const route = await KeyRoute.start(playground)
  const step = async (args: readonly string[], passphrase?: string): Promise<void> => {
    const before = route.sealed
    const env = passphrase === undefined ? {} : { STACKSEAL_NEW_PASSPHRASE: passphrase }
    await out(route.stackseal(['stack', ...args], env))
    if (passphrase !== undefined) route.passphrase = passphrase
    expect(route.sealed).not.toBe(before)
    await route.expectPulumiGoesOn()
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
  await route.expectStacksealReads()
}

/** Walks it with Pulumi; Stackseal reads after each step. */
export async function walkedByPulumi(playground: Playground, { vault, aws }: KeyServices): Promise<void> {
  const route = await KeyRoute.start(playground)
  const step = async (to: string, passphrase?: string): Promise<void> => {
    const before = route.sealed
    await out(route.pulumi(['stack', 'change-secrets-provider', to], passphrase && `${passphrase}\n`))
    if (passphrase !== undefined) route.passphrase = passphrase
    expect(route.sealed).not.toBe(before)
    await route.expectStacksealReads()
  }
  await step('passphrase', 'two')
  await step(vault.url)
  await step(aws.url)
  await step('passphrase')
  await step('passphrase', 'three')
}
