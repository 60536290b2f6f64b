import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { passphrase } from '../../../../packages/provider-passphrase/src/index.ts'
import { vault } from '../../../../packages/provider-vault/src/index.ts'
import { folder } from './stackseal.ts'

/** A folder of projects, each with the stack prod. */
export interface ManyStacks {
  readonly folder: string
  readonly files: readonly string[]
  readonly path: (i: number) => string
  readonly text: (i: number) => string
  readonly write: (i: number, text: string) => void
}

/** Makes `count` stack files, each with one secret, that share `keys` sealed keys under one key URL in turn. */
export async function manyStacks(
  count: number,
  keys: number,
  env: Readonly<Record<string, string>>,
  url = 'hashivault://app',
): Promise<ManyStacks> {
  const at = folder('many')
  const registry = new Registry([vault(), passphrase()])
  const envelopes: Envelope[] = []
  for (let i = 0; i < keys; i++) envelopes.push(await Envelope.create(parseKeyUrl(url), registry, { env }))
  await registry.close()
  const path = (i: number): string => join(at, `stacks/p${i}/Pulumi.prod.yaml`)
  for (let i = 0; i < count; i++) {
    const envelope = envelopes[i % keys] as Envelope
    mkdirSync(dirname(path(i)), { recursive: true })
    writeFileSync(join(dirname(path(i)), 'Pulumi.yaml'), `name: p${i}\nruntime: yaml\n`)
    const secret = await envelope.encrypt(`value ${i}`)
    const { sealed } = envelope.sealedKey
    const header =
      url === 'passphrase:' ? `encryptionsalt: ${sealed}\n` : `secretsprovider: ${url}\nencryptedkey: ${sealed}\n`
    writeFileSync(path(i), `${header}config:\n  p${i}:token:\n    secure: ${secret}\n`)
  }
  return {
    folder: at,
    files: Array.from({ length: count }, (_, i) => `stacks/p${i}/Pulumi.prod.yaml`),
    path,
    text: (i) => readFileSync(path(i), 'utf8'),
    write: (i, text) => writeFileSync(path(i), text),
  }
}
