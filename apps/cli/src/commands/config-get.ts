import { StacksealError } from '@stackseal/core'
import { configValueJson, displayConfigPlace, openStack, parseConfigPlace, valueText } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { stackOptions } from '../stack-options.ts'

/** Prints one value, decrypted. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, options, terminal, trace } = invocation
  const [key = ''] = invocation.arguments
  const path = flags.on('path')
  const stack = await openStack(stackOptions(invocation, 'config get'))
  trace(`read ${stack.file}`)
  const place = displayConfigPlace(parseConfigPlace(key, stack.project.name, path), stack.project.name)
  const value = stack.config.find(key, { path })
  if (value === undefined) {
    throw new StacksealError('ERR_CONFIG_KEY_NOT_FOUND', `stack ${stack.name} has no configuration key ${place}`, {
      hint: 'list the keys with "stackseal config"',
      details: { key: place, stack: stack.name, file: basename(stack.file) },
    })
  }
  const reveal = await stack.reveal([value])
  // Nothing is printed of a value of which a part does not open: what stands in its place could be taken for the value.
  const text = valueText(value, (secret) => {
    const revealed = reveal(secret)
    if (!('error' in revealed)) return revealed
    throw new StacksealError(revealed.error.code, `${place} does not open: ${revealed.error.message}`, {
      hint: 'look with "stackseal verify" which secrets of the stack open',
      details: { ...revealed.error.details, key: place, file: basename(stack.file) },
    })
  })
  if (options.json) terminal.out(configValueJson(value, reveal))
  else terminal.out(flags.on('raw') ? text : `${text}\n`)
}
