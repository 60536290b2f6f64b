import {
  brokenSecrets,
  bytesOfText,
  compareConfigKeys,
  configJson,
  coverSecrets,
  displayConfigKey,
  displayConfigPlace,
  openStack,
  parseConfigKey,
  printConfigKey,
  valueText,
} from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { MarkedValues } from '../marked-values.ts'
import { warnOfMissingValues } from '../missing-values.ts'
import { stackOptions } from '../stack-options.ts'
import { table } from '../table.ts'

const SOME_DO_NOT_OPEN = 3

/** Lists the configuration of a stack. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, options, terminal, trace } = invocation
  const showSecrets = flags.on('show-secrets')
  const stack = await openStack({ ...stackOptions(invocation, 'config'), openEarly: showSecrets })
  trace(`read ${stack.file}`)
  warnOfMissingValues(stack, terminal)
  const project = stack.project.name
  const marked = new MarkedValues(stack)
  const stored = stack.config.entries()
  const covered =
    stack.marks.length === 0
      ? stored
      : stored.map((entry) => ({ ...entry, value: marked.cover(entry.value, printConfigKey(entry.key), []) }))
  // The JSON form puts its keys in order itself.
  const entries = options.json ? covered : covered.toSorted((a, b) => compareConfigKeys(a.key, b.key))
  const values = stored.map((entry) => entry.value)
  const reveal = showSecrets ? marked.reveal(await stack.reveal(values)) : coverSecrets
  if (options.json) {
    terminal.out(configJson(entries, reveal))
  } else {
    const rows = entries.map(({ key, value }) => [displayConfigKey(key, project), valueText(value, reveal)] as const)
    terminal.out(bytesOfText(table([['KEY', 'VALUE'], ...rows], terminal)))
  }
  const broken = brokenSecrets(entries, reveal)
  for (const { key, path, error } of broken) {
    const place = displayConfigPlace({ key: parseConfigKey(key), path }, project)
    terminal.warn(`${place} does not open: ${error.message} (${error.code})`)
  }
  return broken.length === 0 ? 0 : SOME_DO_NOT_OPEN
}
