import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../vectors/pulumi/stacks/cloud', import.meta.url))

export interface RecordedFile {
  readonly path: string
  readonly url: string
  readonly encryptedKey: string
  /** What the key service opened, where it was recorded. */
  readonly dataKey: Buffer | undefined
  readonly keyArn: string | undefined
  readonly secrets: readonly string[]
  /** What the command line printed of secrets with `config --show-secrets --json`, leaf by leaf. */
  readonly shown: readonly string[]
}

interface DataKeyRecord {
  readonly wrapped_base64: string
  readonly plaintext_data_key_base64: string
  readonly key_arn: string
}

/** Every recorded stack file whose key is one of AWS KMS. */
export function recordedKmsFiles(): readonly RecordedFile[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => filesOf(name))
}

function filesOf(name: string): RecordedFile[] {
  const names = readdirSync(`${FOLDER}/${name}`)
  const records: Partial<DataKeyRecord>[] = names
    .filter((file) => file === 'data-key.json')
    .map((file) => JSON.parse(readFileSync(`${FOLDER}/${name}/${file}`, 'utf8')) as Partial<DataKeyRecord>)
  return names
    .filter((file) => /(?:^|\.)Pulumi\.dev\.yaml$/.test(file))
    .flatMap((file) => {
      const text = readFileSync(`${FOLDER}/${name}/${file}`, 'utf8')
      const url = /^secretsprovider: (\S+)$/m.exec(text)?.[1]
      const encryptedKey = /^encryptedkey: (\S+)$/m.exec(text)?.[1]
      if (url?.startsWith('awskms:') !== true || encryptedKey === undefined) return []
      const record = records.find(({ wrapped_base64: wrapped }) => wrapped === encryptedKey)
      const shownFile = `${FOLDER}/${name}/${file.replace('Pulumi.dev.yaml', 'config.show-secrets.json')}`
      const plain = record?.plaintext_data_key_base64
      return [
        {
          path: `${name}/${file}`,
          url,
          encryptedKey,
          dataKey: plain === undefined ? undefined : Buffer.from(plain, 'base64'),
          keyArn: record?.key_arn,
          secrets: [...text.matchAll(/secure: (\S+)$/gm)].flatMap(([, ciphertext]) => ciphertext ?? []),
          shown: leaves(JSON.parse(readFileSync(shownFile, 'utf8'))),
        },
      ]
    })
}

function leaves(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leaves)
  return typeof value === 'string' ? [value] : []
}
