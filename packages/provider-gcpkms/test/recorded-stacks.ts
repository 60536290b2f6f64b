import { createDecipheriv } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../vectors/pulumi/stacks/cloud', import.meta.url))
const TABLES = new URL('../../../vectors/pulumi/tables.json', import.meta.url)

export interface RecordedStack {
  readonly name: string
  /** What the stand-in held, and so what a server needs to answer. */
  readonly kmsKey: Buffer
  readonly dataKey: Buffer
  readonly files: readonly RecordedFile[]
}

export interface RecordedFile {
  readonly path: string
  readonly url: string
  readonly encryptedKey: string
  readonly secrets: readonly string[]
  /** What the command line printed of secrets with `config --show-secrets --json`, leaf by leaf. */
  readonly shown: readonly string[]
}

/** Every recorded stack whose key lay with it in clear. */
export function recordedKmsStacks(): readonly RecordedStack[] {
  return readdirSync(FOLDER).flatMap((name) => {
    const folder = `${FOLDER}/${name}`
    if (!existsSync(`${folder}/gcp-key.hex`)) return []
    const record: { wrapped_base64: string } = JSON.parse(readFileSync(`${folder}/data-key.json`, 'utf8'))
    const kmsKey = Buffer.from(readFileSync(`${folder}/gcp-key.hex`, 'utf8').trim(), 'hex')
    return [{ name, kmsKey, dataKey: unwrapped(record.wrapped_base64, kmsKey), files: filesOf(folder) }]
  })
}

/** As data-key.json tells it: AES-256-GCM, with the nonce in front. */
function unwrapped(text: string, key: Buffer): Buffer {
  const sealed = Buffer.from(text, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}

/** The rows of table cloudKeys that are of Cloud KMS. */
export function recordedCloudKeys(): readonly { readonly secretsprovider: string; readonly encryptedkey: string }[] {
  const tables: { cloudKeys: { secretsprovider?: string; encryptedkey: string }[] } = JSON.parse(
    readFileSync(TABLES, 'utf8'),
  )
  return tables.cloudKeys.flatMap(({ secretsprovider, encryptedkey }) =>
    secretsprovider?.startsWith('gcpkms:') === true ? [{ secretsprovider, encryptedkey }] : [],
  )
}

function filesOf(folder: string): RecordedFile[] {
  const names = readdirSync(folder).filter((name) => /(?:^|\.)Pulumi\.dev\.yaml$/.test(name))
  return names
    .toSorted((a, b) => a.length - b.length)
    .flatMap((path) => {
      const text = readFileSync(`${folder}/${path}`, 'utf8')
      const url = /^secretsprovider: (\S+)$/m.exec(text)?.[1]
      const encryptedKey = /^encryptedkey: (\S+)$/m.exec(text)?.[1]
      if (url?.startsWith('gcpkms:') !== true || encryptedKey === undefined) return []
      const secrets = [...text.matchAll(/secure: (\S+)$/gm)].flatMap(([, ciphertext]) => ciphertext ?? [])
      const shownPath = `${folder}/${path.replace('Pulumi.dev.yaml', 'config.show-secrets.json')}`
      return [{ path, url, encryptedKey, secrets, shown: leaves(JSON.parse(readFileSync(shownPath, 'utf8'))) }]
    })
}

function leaves(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leaves)
  return typeof value === 'string' ? [value] : []
}
