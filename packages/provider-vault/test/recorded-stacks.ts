import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../vectors/pulumi/stacks/cloud', import.meta.url))

export interface RecordedStack {
  readonly name: string
  readonly keyName: string
  /** What the transit engine held, and so what a server needs to answer. */
  readonly transitKey: Buffer
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

interface DataKeyRecord {
  readonly plaintext_data_key_base64: string
  readonly transit_export: { readonly name: string; readonly keys: Readonly<Record<string, string>> }
}

/** Every recorded stack whose transit key was exported with it. */
export function recordedTransitStacks(): readonly RecordedStack[] {
  return readdirSync(FOLDER).flatMap((name) => {
    const folder = `${FOLDER}/${name}`
    if (!existsSync(`${folder}/data-key.json`)) return []
    const record: Partial<DataKeyRecord> = JSON.parse(readFileSync(`${folder}/data-key.json`, 'utf8'))
    const { transit_export: exported, plaintext_data_key_base64: dataKey } = record
    const transitKey = exported?.keys['1']
    if (exported === undefined || transitKey === undefined || dataKey === undefined) return []
    return [
      {
        name,
        keyName: exported.name,
        transitKey: Buffer.from(transitKey, 'base64'),
        dataKey: Buffer.from(dataKey, 'base64'),
        files: filesOf(folder),
      },
    ]
  })
}

function filesOf(folder: string): RecordedFile[] {
  const names = readdirSync(folder).filter((name) => /(?:^|\.)Pulumi\.dev\.yaml$/.test(name))
  return names
    .toSorted((a, b) => a.length - b.length)
    .flatMap((path) => {
      const text = readFileSync(`${folder}/${path}`, 'utf8')
      const url = /^secretsprovider: (\S+)$/m.exec(text)?.[1]
      const encryptedKey = /^encryptedkey: (\S+)$/m.exec(text)?.[1]
      if (url?.startsWith('hashivault:') !== true || encryptedKey === undefined) return []
      const secrets = [...text.matchAll(/secure: (\S+)$/gm)].flatMap(([, ciphertext]) => ciphertext ?? [])
      const shownPath = `${folder}/${path.replace('Pulumi.dev.yaml', 'config.show-secrets.json')}`
      return [{ path, url, encryptedKey, secrets, shown: leaves(JSON.parse(readFileSync(shownPath, 'utf8'))) }]
    })
}

function leaves(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leaves)
  return typeof value === 'string' ? [value] : []
}
