// A program written with the public types alone. Nothing here runs: the compiler is the test.
import { isStacksealError, Registry, type Secret } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'
import {
  type ConfigView,
  openStack,
  type OpenStackOptions,
  type SaveResult,
  type Stack,
  type StackConfig,
} from '@stackseal/stack'

interface Database {
  readonly host: string
  readonly password: Secret
}

export async function program(): Promise<string> {
  const options: OpenStackOptions = { cwd: '.', stack: 'dev', registry: new Registry([passphrase()]), env: {} }
  const stack: Stack = await openStack(options)
  const { config }: { readonly config: StackConfig } = stack
  const region: string = config.require('region')
  const replicas: number | undefined = config.getNumber('replicas')
  const verbose: boolean = config.requireBoolean('verbose')
  const tags: readonly string[] | undefined = config.getObject<readonly string[]>('tags')
  const password: Secret = await config.requireSecret('password')
  const port: Secret<number> | undefined = await config.getSecretNumber('port')
  const whole: Secret<{ readonly a: number }> = await config.requireSecretObject<{ readonly a: number }>('whole')
  const database: Database = await config.requireObjectWithSecrets<Database>('database')
  const length: Secret<number> = password.map((text) => text.length)
  const aws: ConfigView = config.namespace('aws')
  const profile: string | undefined = aws.get('profile')
  const length2: Secret<number> | undefined = port?.map((it) => it + whole.reveal().a)
  return [region, replicas, verbose, tags, database.host, length, length2, profile].join()
}

export async function edits({ config }: Stack, other: StackConfig): Promise<SaveResult> {
  config.set('region', 'eu-west-1')
  config.set('count', { text: '5', type: 'int' })
  config.set('list', ['a', 1n, { text: 'x' }.text])
  await config.setSecret('password', 'given')
  await config.setAll({ plaintext: [['a', 'b']], secret: [['c', 'd']] })
  await config.copyTo(other, ['region'])
  config.remove('list[0]', { path: true })
  await config.encryptMarked()
  await config.validate()
  return config.save()
}

export async function wrong({ config }: Stack): Promise<unknown> {
  try {
    // @ts-expect-error -- a secret is no text: it has to be revealed
    const text: string = await config.requireSecret('password')
    // @ts-expect-error -- what may be absent has to be asked for
    const number: number = config.getNumber('n')
    // @ts-expect-error -- numbers of a configuration are bigint, or text with a type
    config.set('when', new Date())
    // @ts-expect-error -- there is no such type
    config.set('x', { text: '5', type: 'integer' })
    return [text, number]
  } catch (error) {
    return isStacksealError(error) ? error.code : undefined
  }
}
