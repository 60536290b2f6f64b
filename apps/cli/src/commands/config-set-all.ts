import { compareNatural, parseConfigJson, parseConfigPlace, parseKeyValue, printConfigKey } from '@stackseal/stack'
import type { JsonConfigEntry, Stack } from '@stackseal/stack'
import { changeStack } from '../change-stack.ts'
import type { Invocation } from '../command.ts'
import { decodeInput } from '../given-value.ts'
import { saveConfig } from '../save-config.ts'
import { usageError } from '../usage-error.ts'

const FROM_INPUT = '-'

/** Sets several values in one write: all of them, or none. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation
  const path = flags.on('path')
  const plain = flags.texts('plaintext').map((pair) => parseKeyValue(pair))
  const secret = flags.texts('secret').map((pair) => parseKeyValue(pair))
  if (flags.text('json') !== undefined && (path || plain.length > 0 || secret.length > 0)) {
    throw usageError(
      'the --json option cannot be used with the --plaintext, --secret or --path options',
      'give everything in the JSON',
    )
  }
  if (secret.length > 0 && terminal.stderrIsTerminal) {
    terminal.hint('the shell keeps what was typed in its history; config set --secret asks for one value')
  }
  const entries = await jsonEntries(invocation)
  await changeStack(invocation, 'config set-all', async (stack) => {
    const { config, project } = stack
    const changes = [
      ...plain.map(([key, value]) => ({ key, path, make: async () => config.set(key, value, { path }) })),
      ...secret.map(([key, value]) => ({ key, path, make: () => config.setSecret(key, value, { path }) })),
      ...entries.map((entry) => ({ key: entry.key, path: false, make: () => setEntry(stack, entry) })),
    ]
      .map(({ key, path: isPath, make }) => ({
        make,
        to: printConfigKey(parseConfigPlace(key, project.name, isPath).key),
      }))
      // New keys stand in the order in which the reference appends them; what goes to one key stays in its own.
      .toSorted((one, other) => compareNatural(one.to, other.to))
    for (const { make } of changes) await make()
    const { changed } = await saveConfig(stack, terminal)
    if (!changed) terminal.say('every value is as it should be already')
  })
}

async function setEntry({ config }: Stack, entry: JsonConfigEntry): Promise<void> {
  if ('object' in entry) config.set(entry.key, entry.object)
  else if (entry.secret) await config.setSecret(entry.key, entry.text)
  else config.set(entry.key, entry.text)
}

async function jsonEntries({ flags, terminal, signal }: Invocation): Promise<readonly JsonConfigEntry[]> {
  const given = flags.text('json')
  if (given === undefined) return []
  if (given !== FROM_INPUT) return parseConfigJson(given)
  if (terminal.stdinIsTerminal) throw usageError('--json - reads standard input, which is a terminal', 'pipe it in')
  return parseConfigJson(decodeInput(await terminal.readInput(signal)))
}
