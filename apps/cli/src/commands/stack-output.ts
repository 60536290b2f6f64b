import { StacksealError } from '@stackseal/core'
import {
  compareUtf8,
  findStackState,
  outputJson,
  outputText,
  readStackState,
  SealedValue,
  stackOutputs,
  StateFile,
} from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { stackOptions } from '../stack-options.ts'
import { keyOpener } from '../state-key.ts'
import { table } from '../table.ts'

const COMMAND = 'stack output'

/** Prints the outputs of a stack, or one of them. A key is opened only for a secret that is to be shown. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, options, terminal, trace } = invocation
  const [name] = invocation.arguments
  const showSecrets = flags.on('show-secrets')
  const place = await findStackState({
    ...stackOptions(invocation, COMMAND),
    pipe: `pulumi stack export | stackseal state ${showSecrets ? 'reveal' : 'inspect'}`,
  })
  const { file, bytes } = readStackState(place)
  trace(`read ${file}`)
  const state = StateFile.parse(bytes)
  let outputs = (await stackOutputs(state, undefined, name)) ?? new Map<string, unknown>()
  if (showSecrets && [...outputs.values()].some(holdsSealed)) {
    const open = keyOpener(invocation, COMMAND, { ...place.stack, label: `the state of ${place.stack.name}` })
    outputs = (await stackOutputs(state, await open(state.sealedKey), name)) ?? outputs
  }
  if (name === undefined) {
    terminal.out(options.json ? outputJson(outputs, { showSecrets }) : listing(outputs))
    return
  }
  if (!outputs.has(name)) {
    throw new StacksealError('ERR_OUTPUT_NOT_FOUND', `stack ${place.stack.name} has no output ${name}`, {
      hint: 'list the outputs with "stackseal stack output"',
      details: { output: name, stack: place.stack.name },
    })
  }
  const value = outputs.get(name)
  terminal.out(options.json ? outputJson(value, { showSecrets }) : `${outputText(value, { showSecrets })}\n`)

  function listing(all: ReadonlyMap<string, unknown>): string {
    const rows = [...all]
      .toSorted(([a], [b]) => compareUtf8(a, b))
      .map(([key, each]) => [key, outputText(each, { showSecrets })] as const)
    const head = `Current stack outputs (${rows.length}):\n`
    if (rows.length === 0) return `${head}    No output values currently in this stack\n`
    return head + table([['OUTPUT', 'VALUE'], ...rows], terminal, '    ')
  }
}

function holdsSealed(value: unknown): boolean {
  if (value instanceof SealedValue) return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  return Object.values(value).some(holdsSealed)
}
