import { StacksealError } from '@stackseal/core'
import { displayConfigPlace, parseConfigKeyArgument, parseConfigPlace, printConfigKey } from '@stackseal/stack'
import type { ConfigKey, NewValue } from '@stackseal/stack'
import { changeStack } from '../change-stack.ts'
import type { Invocation } from '../command.ts'
import { givenValue } from '../given-value.ts'
import { looksLikeSecret } from '../looks-like-secret.ts'
import { saveConfig } from '../save-config.ts'
import { usageError } from '../usage-error.ts'

type ValueType = NonNullable<Extract<NewValue, { readonly text: string }>['type']>

/** Sets one value. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, terminal } = invocation
  const [key = '', given] = invocation.arguments
  const secret = flags.on('secret')
  const type = flags.text('type') as ValueType | undefined
  if ([secret, flags.on('plaintext'), type !== undefined].filter(Boolean).length > 1) {
    throw usageError('--secret, --plaintext and --type exclude each other', 'a secret is always text; take one of them')
  }
  await changeStack(invocation, 'config set', async (stack) => {
    const options = { path: flags.on('path') }
    const place = displayConfigPlace(parseConfigPlace(key, stack.project.name, options.path), stack.project.name)
    const value = await givenValue(invocation, {
      given,
      what: `value for ${place}`,
      question: `Value for ${place}`,
      secret,
      raw: flags.on('raw'),
    })
    if (!secret && !flags.on('plaintext')) {
      await checkIsPlain(parseConfigKeyArgument(key, stack.project.name, options.path), value)
    }
    if (secret) await stack.config.setSecret(key, value, options)
    else stack.config.set(key, type === undefined ? { text: value } : { text: value, type }, options)
    const { changed } = await saveConfig(stack, terminal)
    if (!changed) terminal.say(`${place} has this value already`)
  })
}

async function checkIsPlain(key: ConfigKey, value: string): Promise<void> {
  if (!(await looksLikeSecret(key.name, value))) return
  throw new StacksealError(
    'ERR_LOOKS_LIKE_SECRET',
    `config value for '${printConfigKey(key)}' looks like a secret; rerun with --secret to encrypt it, or --plaintext if you meant to store in plaintext`,
  )
}
