import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder } from './stackseal.ts'

const SECRETS = 60_000
const PER_RESOURCE = 20

export interface LargeState {
  /** An export with very many secrets. */
  readonly file: string
  /** The stack file that has the key. */
  readonly stackFile: string
  readonly env: Readonly<Record<string, string>>
}

let made: Promise<LargeState> | undefined

/** A state on which every command works for longer than a second; made once. */
export function largeState(): Promise<LargeState> {
  made ??= make()
  return made
}

async function make(): Promise<LargeState> {
  const env = { PULUMI_CONFIG_PASSPHRASE: 'a passphrase' }
  const envelope = await Envelope.create(parseKeyUrl('passphrase:'), new Registry([passphrase()]), { env })
  const salt = envelope.sealedKey.sealed
  const texts = await envelope.encryptAll(Array.from({ length: SECRETS }, (_, i) => JSON.stringify(`value ${i}`)))
  const resources = Array.from({ length: SECRETS / PER_RESOURCE }, (_, i) => {
    const outputs = texts
      .slice(i * PER_RESOURCE, (i + 1) * PER_RESOURCE)
      .map(
        (text, j) =>
          `"s${j}":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"${text}"}`,
      )
    const urn = `urn:pulumi:dev::large::pkg:index:Thing::thing${i}`
    return `{"urn":"${urn}","custom":false,"type":"pkg:index:Thing","outputs":{${outputs.join(',')}}}`
  })
  const at = folder('large')
  const file = join(at, 'state.json')
  const stackFile = join(at, 'Pulumi.dev.yaml')
  writeFileSync(join(at, 'Pulumi.yaml'), 'name: large\nruntime: yaml\n')
  writeFileSync(stackFile, `encryptionsalt: ${salt}\n`)
  writeFileSync(
    file,
    `{"version":3,"deployment":{"manifest":{"time":"2026-01-01T00:00:00Z","magic":"","version":""},` +
      `"secrets_providers":{"type":"passphrase","state":{"salt":"${salt}"}},"resources":[${resources.join(',')}],"metadata":{}}}`,
  )
  return { file, stackFile, env }
}
