import { StacksealError } from '@stackseal/core'
import { displayConfigPlace, parseConfigPlace } from '@stackseal/stack'
import type { NewValue } from '@stackseal/stack'
import { changeStack } from '../change-stack.ts'
import type { Invocation } from '../command.ts'
import { usageError } from '../usage-error.ts'

type ValueType = NonNullable<Extract<NewValue, { readonly text: string }>['type']>

/** Sets one value. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation
  const [key = ''] = invocation.arguments
  const secret = flags.on('secret')
  const type = flags.text('type') as ValueType | undefined
  if ([secret, flags.on('plaintext'), type !== undefined].filter(Boolean).length > 1) {
    throw usageError('--secret, --plaintext and --type exclude each other', 'a secret is always text; take one of them')
  }
  await changeStack(invocation, 'config set', async (stack) => {
    const options = { path: flags.on('path') }
    const place = displayConfigPlace(parseConfigPlace(key, stack.project.name, options.path), stack.project.name)
    const value = await valueToSet(invocation, place, secret)
    if (secret) await stack.config.setSecret(key, value, options)
    else stack.config.set(key, type === undefined ? { text: value } : { text: value, type }, options)
    const { changed, replacedDamaged } = await stack.config.save()
    for (const damaged of replacedDamaged) {
      const name = displayConfigPlace(damaged, stack.project.name)
      terminal.warn(`the secret that stood at ${name} did not open, and was replaced`)
    }
    if (!changed) terminal.say(`${place} has this value already`)
  })
}

/** From the command line, else from standard input, else from a person. */
async function valueToSet(
  { arguments: given, flags, terminal, signal }: Invocation,
  place: string,
  secret: boolean,
): Promise<string> {
  const [, value] = given
  if (value !== undefined) {
    if (secret && terminal.stderrIsTerminal) {
      terminal.hint('the shell keeps what was typed in its history; without a value here, stackseal asks for it')
    }
    return value
  }
  if (!terminal.stdinIsTerminal) return inputText(await terminal.readInput(signal), flags.on('raw'))
  if (!terminal.canAsk)
    throw usageError(`there is no value for ${place}`, 'give it as an argument or on standard input')
  return terminal.ask({ text: `Value for ${place}`, secret }, signal)
}

/** The text of standard input, without one line end at its end. */
function inputText(bytes: Uint8Array, raw: boolean): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // A TypeError is the one thing that decoding can throw.
    throw new StacksealError('ERR_INVALID_VALUE', 'standard input is not UTF-8 text', {
      hint: 'encode it first, for example with base64',
    })
  }
  if (raw) return text
  return text.replace(process.platform === 'win32' ? /\r?\n$/ : /\n$/, '')
}
