import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Envelope, type ProviderContext, type ProviderV1, Registry, type SealedKey } from '@stackseal/core'

const stacks = new URL('../../../../vectors/pulumi/stacks/', import.meta.url)

export interface ExportVector {
  /** For a test's name: folder and step. */
  readonly name: string
  /** What `pulumi stack export` printed. */
  readonly sealed: string
  /** What `pulumi stack export --show-secrets` printed. */
  readonly shown: string
  /** The file of the file backend at that moment. */
  readonly backendFile: string | undefined
  readonly folder: URL
}

let found: readonly ExportVector[] | undefined

/** Every pair of exports that the real command line made, with and without its secrets in clear. */
export function exportVectors(): readonly ExportVector[] {
  found ??= findVectors()
  return found
}

function findVectors(): readonly ExportVector[] {
  return folders(stacks).flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /(^|\.)export\.json$/.test(file))
      .flatMap((file) => {
        const show = [
          file.replace(/export\.json$/, 'export.show-secrets.json'),
          file.replace(/export\.json$/, 'export-show.json'),
        ].find((other) => existsSync(new URL(other, folder)))
        const raw = [
          file.replace(/export\.json$/, 'backend-file.json'),
          file.replace(/export\.json$/, 'raw.json'),
        ].find((other) => existsSync(new URL(other, folder)))
        if (show === undefined) return []
        const name = `${folder.pathname.split('/stacks/')[1] ?? ''}${file}`
        const sealed = readFileSync(new URL(file, folder), 'utf8')
        noteLikelyPassphrase(name, sealed)
        return {
          name,
          sealed,
          shown: readFileSync(new URL(show, folder), 'utf8'),
          backendFile: raw === undefined ? undefined : readFileSync(new URL(raw, folder), 'utf8'),
          folder,
        }
      }),
  )
}

export function readStackVector(path: string): string {
  return readFileSync(new URL(path, stacks), 'utf8')
}

function folders(root: URL): URL[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => {
      const folder = new URL(`${encodeURIComponent(entry.name)}/`, root)
      return [folder, ...folders(folder)]
    })
}

// Deriving a key takes a good part of a second, so the passphrase that is likely comes first.
const PASSPHRASES = ['correct horse', 'pw1', 'pp', 'rotated', 'new']
const likelyPassphrase = new Map<string, string>()

function noteLikelyPassphrase(name: string, text: string): void {
  const salt = /"salt":\s*"([^"]+)"/.exec(text)?.[1]
  if (salt === undefined) return
  if (name.includes('to-passphrase.')) likelyPassphrase.set(salt, 'pp')
  else if (name.includes('rotated.')) likelyPassphrase.set(salt, 'rotated')
  else if (name.startsWith('20-')) likelyPassphrase.set(salt, 'new')
}
const keysOfSalt = new Map<string, string>()

/** Derives the key of an `encryptionsalt` with one of the vectors' passphrases, by Node alone. */
function passphraseKey(sealed: string): Uint8Array {
  const known = keysOfSalt.get(sealed)
  if (known !== undefined) return Buffer.from(known, 'hex')
  const [, salt = '', , nonce = '', check = ''] = sealed.split(':')
  const likely = likelyPassphrase.get(sealed)
  for (const phrase of likely === undefined ? PASSPHRASES : [likely, ...PASSPHRASES]) {
    const key = pbkdf2Sync(phrase, Buffer.from(salt, 'base64'), 1_000_000, 32, 'sha256')
    if (!opens(key, Buffer.from(nonce, 'base64'), Buffer.from(check, 'base64'))) continue
    keysOfSalt.set(sealed, key.toString('hex'))
    return key
  }
  throw new Error('none of the vectors passphrases opens this salt')
}

function opens(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): boolean {
  return openGcm(key, nonce, sealed) !== undefined
}

function openGcm(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
  } catch {
    return undefined // the tag does not fit: another key
  }
}

const cloudKeys = new Map<string, Uint8Array | undefined>()

function cloudKey(sealed: string): Uint8Array | undefined {
  if (!cloudKeys.has(sealed)) cloudKeys.set(sealed, findCloudKey(sealed))
  return cloudKeys.get(sealed)
}

/** The data key that `data-key.json` of some vector tells for this wrapped one; undefined where none does. */
function findCloudKey(sealed: string): Uint8Array | undefined {
  const wrapped = Buffer.from(sealed, 'base64')
  for (const folder of folders(new URL('cloud/', stacks))) {
    const file = new URL('data-key.json', folder)
    if (!existsSync(file)) continue
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is fixed by the vectors' README
    const told = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>
    const same = [told['wrapped'], told['encryptedkey_decoded_once']].includes(wrapped.toString('latin1'))
    if (told['plaintext_data_key_base64'] !== undefined && (same || told['wrapped_base64'] === sealed)) {
      return Buffer.from(told['plaintext_data_key_base64'], 'base64')
    }
    const wrappingKey = new URL('gcp-key.hex', folder)
    if (existsSync(wrappingKey)) {
      const key = Buffer.from(readFileSync(wrappingKey, 'utf8').trim(), 'hex')
      const opened = openGcm(key, wrapped.subarray(0, 12), wrapped.subarray(12))
      if (opened !== undefined) return opened
    }
  }
  return undefined
}

/** Opens the sealed keys of the vectors; the cloud ones by the data keys that were noted beside them. */
function vectorProvider(): ProviderV1 {
  return {
    contract: 1,
    name: 'the keys of the vectors',
    schemes: ['passphrase', 'awskms', 'azurekeyvault', 'gcpkms', 'hashivault'],
    createKey: () => Promise.reject(new Error('no vector makes a key')),
    openKey: (url, sealed) => {
      const dataKey = url.scheme === 'passphrase' ? passphraseKey(sealed) : cloudKey(sealed)
      return dataKey === undefined
        ? Promise.reject(new Error('no vector tells this data key'))
        : Promise.resolve({ dataKey: Uint8Array.from(dataKey) })
    },
  }
}

const registry = new Registry([vectorProvider()])
const context: ProviderContext = { env: {} }

export function openVectorKey(sealedKey: SealedKey): Promise<Envelope> {
  return Envelope.open(sealedKey, registry, context)
}

/** Tells whether the vectors say what data key this is. */
export function isKnownKey({ url, sealed }: SealedKey): boolean {
  return url.scheme === 'passphrase' || cloudKey(sealed) !== undefined
}

/** An envelope with a key of its own. */
export function testEnvelope(byte: number, sealedKey: SealedKey): Envelope {
  return Envelope.fromDataKey(new Uint8Array(32).fill(byte), sealedKey)
}
