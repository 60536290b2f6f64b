import { rewrapStack } from '@stackseal/stack'
import type { Registry, SealedKey } from '@stackseal/core'
import type { RewrapResult } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { describeKey } from '../describe-key.ts'
import type { Told } from '../many-changes.ts'
import { providerRegistry } from '../provider-registry.ts'
import { meansFiles } from '../stack-files.ts'
import { stackOptions } from '../stack-options.ts'

const COMMAND = 'stack rewrap'

/** Seals the data key of the stack, or of many, anew. */
export async function run(invocation: Invocation): Promise<number | void> {
  const { arguments: args, flags, options, terminal, trace } = invocation
  const [name] = args
  if (args.length > 1 || (name !== undefined && (await meansFiles(name, options.cwd)))) return rewrapMany(invocation)
  const stack = stackOptions(invocation, COMMAND)
  const result = await rewrapStack({
    ...stack,
    ...(name === undefined ? {} : { stack: name }),
    to: flags.text('to'),
  })
  const { file, before, after, state } = result
  trace(`wrote ${file}`)
  const facts = new KeyFacts(stack.registry)
  await facts.learn(result)
  if (options.json) {
    terminal.out(`${JSON.stringify({ file: basename(file), ...facts.json(result) }, undefined, 2)}\n`)
    return
  }
  terminal.say(`Re-wrapped the data key of ${basename(file)}: from ${facts.text(before)} to ${facts.text(after)}`)
  if (state === 'sealed') terminal.say('The state of the stack has the same sealed key')
  if (state === 'other') terminal.warn('the state of the stack is under another data key, and was left alone')
  if (state === 'unreached') {
    terminal.say('The state lies in a backend that is not reached here, and keeps the old sealed key')
  }
  terminal.hint(HINT)
}

const HINT = 'whoever could open the old sealed key can still open these secrets; "stackseal stack rotate" ends that'

const STATES: Readonly<Record<RewrapResult['state'], string>> = {
  sealed: ', its state too',
  none: '',
  unreached: '; its state is not reached here, and keeps the old sealed key',
  other: '; its state is under another data key, and was left alone',
}

async function rewrapMany(invocation: Invocation): Promise<number> {
  const { arguments: args, flags, terminal, trace } = invocation
  const { workOnStacks } = await import('../many-stacks.ts')
  const { filesToChange, KEYLESS, reportChanges, unlessKeyless } = await import('../many-changes.ts')
  const facts = new KeyFacts(providerRegistry(invocation))
  const outcomes = await workOnStacks(invocation, COMMAND, {
    what: 're-wrapping',
    files: await filesToChange(args, invocation),
    work: async (stackFile, shared) => {
      const to = flags.text('to')
      const result = await unlessKeyless(() => rewrapStack({ ...shared, stackFile, passOver: true, to }))
      trace(`${result?.passedOver === false ? 'wrote' : 'read'} ${stackFile}`)
      if (result !== undefined) await facts.learn(result)
      return result
    },
  })
  const told = (result: RewrapResult | undefined): Told => {
    if (result === undefined) return KEYLESS
    const { before, after, passedOver, state } = result
    const json = { changed: !passedOver, ...facts.json(result) }
    if (passedOver) {
      const isPassphrase = flags.text('to') === undefined && after.url.scheme === 'passphrase'
      const detail = isPassphrase ? 'a passphrase seals nothing' : `already under ${facts.text(after)}`
      return { outcome: 'passed over', detail, json }
    }
    return { outcome: 'changed', detail: `from ${facts.text(before)} to ${facts.text(after)}${STATES[state]}`, json }
  }
  return reportChanges(invocation, outcomes, told, (results) => {
    if (results.some((result) => result?.passedOver === false)) terminal.hint(HINT)
  })
}

/** What the providers say of the keys that a command has met. */
class KeyFacts {
  readonly #registry: Registry
  readonly #known = new Map<string, Readonly<Record<string, string>>>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  async learn({ before, after }: RewrapResult): Promise<void> {
    for (const key of [before, after]) this.#known.set(idOf(key), await describeKey(key, this.#registry))
  }

  /** The key URL, and the version where the provider tells one. */
  text(key: SealedKey): string {
    const version = this.#known.get(idOf(key))?.['version']
    return version === undefined ? key.url.text : `${key.url.text} (version ${version})`
  }

  json({ before, after, state }: RewrapResult): object {
    const side = (key: SealedKey): object => ({ url: key.url.text, described: this.#known.get(idOf(key)) ?? {} })
    return { before: side(before), after: side(after), state }
  }
}

function idOf({ url, sealed }: SealedKey): string {
  return JSON.stringify([url.text, sealed])
}
