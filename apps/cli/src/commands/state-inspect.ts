import { isStacksealError, Registry } from '@stackseal/core'
import { inspectState } from '@stackseal/stack'
import type { StateKind, StateProvider, StateSummary } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { describeKey } from '../describe-key.ts'
import { Progress } from '../progress.ts'
import { BUILT_IN_PROVIDERS } from '../providers.ts'
import { stateInput } from '../state-input.ts'

const KINDS: Readonly<Record<StateKind, string>> = {
  export: 'an export of a stack',
  checkpoint: 'the state of a stack in a file backend',
  'checkpoint-v1': 'the state of a stack in a file backend, from before versions',
  deployment: 'a deployment without anything around it',
  sealed: "a program's own state",
  history: 'the record of an update, which holds no state',
}

/** Tells what can be told of a state without a key. */
export async function run(invocation: Invocation): Promise<void> {
  const { options, terminal } = invocation
  const input = await stateInput(invocation, invocation.arguments[0])
  const progress = new Progress(terminal, { what: 'reading', size: input.size })
  const summary = await inspectState(input.pieces(progress.bytes))
  progress.end()
  const described = await describe(summary.provider)
  if (options.json) {
    terminal.out(`${JSON.stringify({ file: input.label, ...asJson(summary), described }, undefined, 2)}\n`)
    return
  }
  const { facts, provider, encrypted, clear } = summary
  const rows: readonly (readonly [string, string])[] = [
    ['kind', KINDS[facts.kind]],
    ['version', facts.version === 0 ? 'none' : String(facts.version)],
    ...(facts.features.length === 0 ? [] : [['features', facts.features.join(', ')] as const]),
    ...(facts.stack === undefined ? [] : [['stack', facts.stack] as const]),
    ['key URL', keyText(provider)],
    ...Object.entries(described),
    ['secrets', clear === 0 ? String(encrypted) : `${encrypted} encrypted, ${clear} in clear`],
  ]
  const width = rows.reduce((widest, [name]) => Math.max(widest, name.length), 0) + 2
  terminal.out(
    `${input.label}\n${rows.map(([name, text]) => `  ${name.padEnd(width)}${terminal.cell(text)}\n`).join('')}`,
  )
}

function keyText(provider: StateProvider | undefined): string {
  if (provider === undefined) return 'none'
  if ('sealedKey' in provider) return provider.sealedKey.url.text
  return provider.type === 'service' ? 'held by Pulumi Cloud' : `of an unknown kind: ${provider.name}`
}

async function describe(provider: StateProvider | undefined): Promise<Readonly<Record<string, string>>> {
  if (provider === undefined || !('sealedKey' in provider)) return {}
  try {
    return await describeKey(provider.sealedKey, new Registry(BUILT_IN_PROVIDERS))
  } catch (error) {
    // What another provider seals can be inspected all the same: only less is said.
    if (isStacksealError(error) && error.code === 'ERR_UNKNOWN_PROVIDER') return {}
    throw error
  }
}

function asJson({ facts, provider, encrypted, clear }: StateSummary): object {
  const { kind, version, features, stack } = facts
  return {
    kind,
    version,
    features,
    stack: stack ?? null,
    provider: provider === undefined ? null : provider.type === 'unknown' ? provider.name : provider.type,
    url: provider !== undefined && 'sealedKey' in provider ? provider.sealedKey.url.text : null,
    encrypted,
    clear,
  }
}
