import { StacksealError } from '@stackseal/core'
import {
  brokenSecrets,
  bytesOfText,
  configValueJson,
  displayConfigPlace,
  openStack,
  parseConfigPlace,
  printConfigKey,
  valueText,
} from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { MarkedValues } from '../marked-values.ts'
import { warnOfMissingValues } from '../missing-values.ts'
import { stackOptions } from '../stack-options.ts'

/** Prints one value, decrypted. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, options, terminal, trace } = invocation
  const [key = ''] = invocation.arguments
  const path = flags.on('path')
  const stack = await openStack(stackOptions(invocation, 'config get'))
  trace(`read ${stack.file}`)
  warnOfMissingValues(stack, terminal)
  const place = parseConfigPlace(key, stack.project.name, path)
  const name = displayConfigPlace(place, stack.project.name)
  const found = stack.config.find(key, { path })
  if (found === undefined) {
    throw new StacksealError('ERR_CONFIG_KEY_NOT_FOUND', `stack ${stack.name} has no configuration key ${name}`, {
      hint: 'list the keys with "stackseal config"',
      details: { key: name, stack: stack.name, file: basename(stack.file) },
    })
  }
  const marked = new MarkedValues(stack)
  const value = marked.cover(found, printConfigKey(place.key), place.path)
  const reveal = marked.reveal(await stack.reveal([found]))
  // Nothing is printed of a value of which a part does not open: what stands in its place could be taken for the value.
  const [broken] = brokenSecrets([{ key: place.key, value, spelling: '' }], reveal)
  if (broken !== undefined) {
    const { code, message, details } = broken.error
    throw new StacksealError(code, `${name} does not open: ${message}`, {
      hint: 'look with "stackseal verify" which secrets of the stack open',
      details: { ...details, key: name, file: basename(stack.file) },
    })
  }
  const text = valueText(value, reveal)
  if (options.json) terminal.out(configValueJson(value, reveal))
  else terminal.out(bytesOfText(flags.on('raw') ? text : `${text}\n`))
}
