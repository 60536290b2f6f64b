import { createPrivateKey, type KeyObject } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../vectors/pulumi/stacks/cloud', import.meta.url))

export interface RecordedStack {
  readonly name: string
  /** What the vault held. */
  readonly privateKey: KeyObject
  readonly dataKey: Buffer
  readonly files: readonly RecordedFile[]
}

/** A sealed key that Pulumi wrote, and secrets under it: of a stack file or of an exported state. */
export interface RecordedFile {
  readonly path: string
  readonly url: string
  readonly encryptedKey: string
  readonly secrets: readonly string[]
  /** What the command line printed of secrets, leaf by leaf. */
  readonly shown: readonly string[]
}

/** Every recorded stack whose key under a vault was kept. */
export function recordedVaultStacks(): readonly RecordedStack[] {
  return readdirSync(FOLDER).flatMap((name) => {
    const folder = `${FOLDER}/${name}`
    if (!existsSync(`${folder}/azure-key.pem`)) return []
    const { plaintext_data_key_base64: dataKey }: { readonly plaintext_data_key_base64: string } = JSON.parse(
      readFileSync(`${folder}/data-key.json`, 'utf8'),
    )
    const privateKey = createPrivateKey(readFileSync(`${folder}/azure-key.pem`))
    return [{ name, privateKey, dataKey: Buffer.from(dataKey, 'base64'), files: filesOf(folder) }]
  })
}

function filesOf(folder: string): RecordedFile[] {
  const names = readdirSync(folder)
    .filter((name) => /(?:^|\.)Pulumi\.dev\.yaml$|(?:^|\.)export\.json$/.test(name))
    .toSorted((a, b) => a.length - b.length || Number(a > b))
  return names.flatMap((path) => {
    const text = readFileSync(`${folder}/${path}`, 'utf8')
    const url = /(?:^secretsprovider: |"url": ")([^"\s]+)/m.exec(text)?.[1]
    const encryptedKey = /(?:^encryptedkey: |"encryptedkey": ")([^"\s]+)/m.exec(text)?.[1]
    if (url?.startsWith('azurekeyvault:') !== true || encryptedKey === undefined) return []
    const secrets = [...text.matchAll(/(?:secure: |"ciphertext": ")(v1:[^"\s]+)/g)].flatMap(([, each]) => each ?? [])
    const isState = path.endsWith('.json')
    const shownPath = isState
      ? path.replace('export.json', 'export.show-secrets.json')
      : path.replace('Pulumi.dev.yaml', 'config.show-secrets.json')
    return [
      { path, url, encryptedKey, secrets, shown: leaves(JSON.parse(readFileSync(`${folder}/${shownPath}`, 'utf8'))) },
    ]
  })
}

function leaves(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leaves)
  return typeof value === 'string' ? [value] : []
}
