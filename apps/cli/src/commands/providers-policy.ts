import { parseKeyUrl } from '@stackseal/core'
import type { Invocation } from '../command.ts'
import { keyPolicy } from '../key-policy/key-policy.ts'

/** Prints the least rights that somebody needs to use a key. */
export async function run({ arguments: [url = ''], flags, options, terminal, env }: Invocation): Promise<void> {
  const { parts, notes } = keyPolicy(parseKeyUrl(url), { principal: flags.text('principal'), env })
  if (options.json) {
    terminal.out(`${JSON.stringify({ parts, notes }, undefined, 2)}\n`)
    return
  }
  terminal.out(parts.map(({ title, text }) => `# ${title}\n${text}\n`).join('\n'))
  for (const note of notes) terminal.say(`note: ${note}`)
}
