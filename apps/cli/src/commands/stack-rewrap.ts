import { rewrapStack } from '@stackseal/stack'
import type { SealedKey } from '@stackseal/core'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { describeKey } from '../describe-key.ts'
import { stackOptions } from '../stack-options.ts'

/** Seals the data key of the stack anew. */
export async function run(invocation: Invocation): Promise<void> {
  const {
    arguments: [name],
    flags,
    options,
    terminal,
    trace,
  } = invocation
  const stack = stackOptions(invocation, 'stack rewrap')
  const { file, before, after, state } = await rewrapStack({
    ...stack,
    ...(name === undefined ? {} : { stack: name }),
    to: flags.text('to'),
  })
  trace(`wrote ${file}`)
  const facts = async (key: SealedKey): Promise<Readonly<Record<string, string>>> => describeKey(key, stack.registry)
  if (options.json) {
    const side = async (key: SealedKey): Promise<unknown> => ({ url: key.url.text, described: await facts(key) })
    terminal.out(
      `${JSON.stringify({ file: basename(file), before: await side(before), after: await side(after), state }, undefined, 2)}\n`,
    )
    return
  }
  const told = async (key: SealedKey): Promise<string> => {
    const { version } = await facts(key)
    return version === undefined ? key.url.text : `${key.url.text} (version ${version})`
  }
  terminal.say(`Re-wrapped the data key of ${basename(file)}: from ${await told(before)} to ${await told(after)}`)
  if (state === 'sealed') terminal.say('The state of the stack has the same sealed key')
  if (state === 'other') terminal.warn('the state of the stack is under another data key, and was left alone')
  if (state === 'unreached') {
    terminal.say('The state lies in a backend that is not reached here, and keeps the old sealed key')
  }
  terminal.hint(
    'whoever could open the old sealed key can still open these secrets; "stackseal stack rotate" ends that',
  )
}
