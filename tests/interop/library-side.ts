import { Registry } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'
import {
  type ConfigEntry,
  configJson,
  type ConfigValue,
  openStack,
  type OpenStackOptions,
  parseConfigPlace,
  type Stack,
} from '@stackseal/stack'
import type { Edit } from './edit.ts'
import { PROJECT } from './playground.ts'

/** What one file says, read by the library. */
export interface Reading {
  readonly entries: readonly ConfigEntry[]
  /** What `config --show-secrets --json` prints. */
  readonly listing: string
  /** The same with a mark on every secret, so that a secret and a plain text at one place are two values. */
  readonly model: string
  /** Every secret: its place and its ciphertext. */
  readonly secrets: readonly { readonly path: readonly string[]; readonly ciphertext: string }[]
}

/** The library as the commands call it, in this process, where a passphrase needs to be derived only once per salt. */
export class LibrarySide {
  readonly #env: Readonly<Record<string, string>>
  readonly #registry: Registry = new Registry([passphrase()])

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = env
  }

  async read(folder: string, name: string = 'dev'): Promise<Reading> {
    const stack = await this.#open(folder, name)
    const entries = stack.config.entries()
    const reveal = await stack.reveal(entries.map(({ value }) => value))
    return {
      entries,
      listing: configJson(entries, reveal),
      model: configJson(entries, (secret) => {
        const revealed = reveal(secret)
        return 'error' in revealed ? revealed : { plaintext: `[secret] ${revealed.plaintext}` }
      }),
      secrets: stack.secrets().map(({ place, secret }) => ({
        path: [`${place.key.namespace}:${place.key.name}`, ...place.path.map(String)],
        ciphertext: secret.ciphertext,
      })),
    }
  }

  /** As `config set` and `config rm` do it. */
  async edit(folder: string, edit: Edit): Promise<void> {
    const { config } = await this.#open(folder)
    const { key, path } = edit
    if (edit.command === 'rm') config.remove(key, { path })
    else if (edit.as === 'secret') await config.setSecret(key, edit.value, { path })
    else if (edit.as === 'text' || edit.as === 'plaintext') config.set(key, { text: edit.value }, { path })
    else config.set(key, { text: edit.value, type: edit.as }, { path })
    await config.save()
  }

  #open(folder: string, stack: string = 'dev'): Promise<Stack> {
    const options: OpenStackOptions = { cwd: folder, stack, env: this.#env, registry: this.#registry }
    return openStack(options)
  }
}

/** The value at a place, as {@link placeOf} gives it. */
export function valueAt(entries: readonly ConfigEntry[], place: readonly string[]): ConfigValue | undefined {
  const [printed, ...steps] = place
  const entry = entries.find(({ key }) => `${key.namespace}:${key.name}` === printed)
  return steps.reduce<ConfigValue | undefined>((value, step) => {
    if (Array.isArray(value)) return (value as readonly ConfigValue[])[Number(step)]
    return value instanceof Map ? (value as ReadonlyMap<string, ConfigValue>).get(step) : undefined
  }, entry?.value)
}

/** Where an edit goes: the printed key, then the names inside its value. */
export function placeOf(edit: Edit): readonly string[] | undefined {
  try {
    const { key, path } = parseConfigPlace(edit.key, PROJECT, edit.path)
    return [`${key.namespace}:${key.name}`, ...path.map(String)]
  } catch {
    return undefined // a StacksealError: there is no such place, and both sides refuse it
  }
}
