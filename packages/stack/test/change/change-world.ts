import { decodeBase64, encodeBase64, Envelope, parseKeyUrl, type ProviderV1, Registry } from '@stackseal/core'
import { changeSecretsProvider } from '../../src/change/change-key.ts'
import { changePath } from '../../src/change/change-journal.ts'
import { recoverStack } from '../../src/change/recover-stack.ts'
import { compress, decompress } from '../../src/files/compression.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { ProcessTable } from '../../src/files/process-table.ts'
import { StackFile } from '../../src/stack-file.ts'
import { openStack } from '../../src/stack.ts'
import { StateFile } from '../../src/state/state-file.ts'
import { revealState } from '../../src/state/state-secrets.ts'
import { type ForgettingFileSystem, forgettingFileSystem, textsIn } from '../forgetting-file-system.ts'

const PROJECT = '/home/project'
export const FILE = `${PROJECT}/Pulumi.dev.yaml`
const STACKS = '/backend/.pulumi/stacks/proj'
export const STATE = `${STACKS}/dev.json`
const LOCKS = '/backend/.pulumi/locks/organization/proj/dev'
const NOTES = '/home/.local/state/stackseal'
const JOURNALS = `${NOTES}/changes`

/** A provider without a network and without a derivation: its sealed text is the key itself. */
export const plain: ProviderV1 = {
  contract: 1,
  name: 'Plain',
  schemes: ['plain'],
  createKey: async () => {
    const dataKey = new Uint8Array(32).fill(7)
    return { dataKey: dataKey.slice(), sealed: encodeBase64(dataKey) }
  },
  openKey: async (_url, sealed) => {
    const decoded = decodeBase64(sealed)
    if ('invalidAt' in decoded) throw new Error('not base64')
    return { dataKey: decoded.bytes.slice() }
  },
}
const registry: Registry = new Registry([plain])

const keyOf = (url: string, byte: number): Envelope => {
  const dataKey = new Uint8Array(32).fill(byte)
  return Envelope.fromDataKey(dataKey.slice(), { url: parseKeyUrl(url), sealed: encodeBase64(dataKey) })
}
export const oldKey: Envelope = keyOf('plain://old', 250)
const stateKey = keyOf('plain://state', 251)

const SECRETS = { config: ['first', 'in a list ü'], state: ['"of the state"', '{"a":[1,2]}'] } as const
const [first, inList] = await oldKey.encryptAll(SECRETS.config)

export const OLD_TEXT = `# kept
${StackFile.newText(oldKey.sealedKey).trimEnd()} # and this
config:
  proj:first:
    secure: ${first} # note
  proj:list:
    - deep: { secure: "${inList}" }
    - 5
  proj:plain: value
`

const secretObject = (ciphertext: string | undefined): string =>
  `{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"${ciphertext}"}`

/** As Pulumi writes one: compact. `key` is the state's own, which may be another than that of the stack file. */
export async function stateText(key: Envelope): Promise<string> {
  const sealed = await key.encryptAll(SECRETS.state)
  const { url, sealed: text } = key.sealedKey
  return `{"version":3,"checkpoint":{"stack":"organization/proj/dev","latest":{"manifest":{"time":"2026-01-02T00:00:00Z","magic":"","version":""},"secrets_providers":{"type":"cloud","state":{"url":"${url.text}","encryptedkey":"${text}"}},"resources":[{"urn":"urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev","custom":false,"type":"pulumi:pulumi:Stack","outputs":{"a":${secretObject(sealed[0])},"b":[${secretObject(sealed[1])}],"c":"plain"}}],"metadata":{}}}}`
}

export const OLD_STATE: string = await stateText(oldKey)
export const OTHER_STATE: string = await stateText(stateKey)

export function world(
  state: string = OLD_STATE,
  file: string = OLD_TEXT,
  more: Readonly<Record<string, string | Uint8Array>> = {},
): ForgettingFileSystem {
  return forgettingFileSystem({
    [`${PROJECT}/Pulumi.yaml`]: 'name: proj\nruntime: yaml\n',
    [FILE]: file,
    '/backend/.pulumi/meta.yaml': 'version: 1\n',
    '/backend/.pulumi/locks/organization/proj/dev/.keep.attrs': '',
    [STATE]: state,
    [`${STATE}.attrs`]: '{"md5":"AAAA"}\n',
    [`${STATE}.bak`]: '{"version":0}',
    [`${JOURNALS}/.keep`]: '',
    '/home/.local/state/stackseal/sealed-keys/.keep': '',
    [`${HISTORY}/.keep`]: '',
    [`${BACKUPS}/.keep`]: '',
    ...more,
  })
}

const HISTORY = '/backend/.pulumi/history/proj/dev'
const BACKUPS = '/backend/.pulumi/backups/proj/dev'

/** The history of two updates: one ciphertext each, in a record, in checkpoints, packed and not, and in a backup. */
export const ARCHIVES = {
  bak: `${STATE}.bak`,
  record: `${HISTORY}/dev-1.history.json`,
  packedRecord: `${HISTORY}/dev-2.history.json.gz`,
  checkpoint: `${HISTORY}/dev-1.checkpoint.json`,
  packedCheckpoint: `${HISTORY}/dev-2.checkpoint.json.gz`,
  backup: `${BACKUPS}/dev.1.json.zst`,
} as const

/** As the reference writes one: the configuration of an update, and no key. */
export const OLD_RECORD = `{"kind":"update","startTime":1,"message":"<é>","environment":{"config":"{\\"secure\\":\\"v1:x:y\\"}"},"config":{"proj:first":{"secure":"${first}"},"proj:list":[{"deep":{"secure":"${inList}"}},5],"proj:object":{"secure":"v1:not:one","more":true},"proj:plain":"010"},"version":0,"result":"succeeded","endTime":2}`

/** A world with a history, all of it under the key of the stack file. */
export function worldWithHistory(more: Readonly<Record<string, string | Uint8Array>> = {}): ForgettingFileSystem {
  const bytes = new TextEncoder()
  return world(OLD_STATE, OLD_TEXT, {
    [ARCHIVES.bak]: OLD_STATE,
    [`${ARCHIVES.bak}.attrs`]: '{"md5":"AAAA"}\n',
    [ARCHIVES.record]: OLD_RECORD,
    [`${ARCHIVES.record}.attrs`]: '{"md5":"AAAA"}\n',
    [ARCHIVES.packedRecord]: compress(bytes.encode(OLD_RECORD), 'gzip'),
    [ARCHIVES.checkpoint]: OLD_STATE,
    [ARCHIVES.packedCheckpoint]: compress(bytes.encode(OLD_STATE), 'gzip'),
    [ARCHIVES.backup]: compress(bytes.encode(OLD_STATE), 'zstd'),
    ...more,
  })
}

export function archiveText(fs: ForgettingFileSystem, path: string): string {
  return new TextDecoder().decode(decompress(fs.contentOf(path) ?? new Uint8Array(), path, 1 << 20))
}

/** The keys of the whole history: the URLs that its secrets open under, each to its value. */
export async function keyUrlsOfHistory(fs: ForgettingFileSystem): Promise<ReadonlySet<string>> {
  const urls = new Set<string>()
  const keys = new Map<string, Envelope>([['plain://old', oldKey]])
  const states = [ARCHIVES.bak, ARCHIVES.checkpoint, ARCHIVES.packedCheckpoint, ARCHIVES.backup]
  for (const path of states) {
    const state = StateFile.parse(archiveText(fs, path))
    const key = await Envelope.open(state.sealedKey, registry, { env: {} })
    keys.set(state.sealedKey.url.text, key)
    const opened = (await revealState(state, key)).slots.map(({ text }) => text)
    urls.add(opened.join('|') === SECRETS.state.join('|') ? state.sealedKey.url.text : `broken: ${path}`)
  }
  for (const path of [ARCHIVES.record, ARCHIVES.packedRecord]) {
    const ciphertexts = [...archiveText(fs, path).matchAll(/"secure":"(v1:[^"]{20,})"/g)].map(([, text]) => text ?? '')
    let found = `broken: ${path}`
    for (const [url, key] of keys) {
      const opened = (await key.decryptAll(ciphertexts)).map((it) => ('plaintext' in it ? it.plaintext : '?'))
      if (opened.join('|') === SECRETS.config.join('|')) found = url
    }
    urls.add(found)
  }
  return urls
}

export const changeWithHistory = (fs: FileSystem, processes?: ProcessTable): Promise<unknown> =>
  changeSecretsProvider({ ...options(fs, processes), secretsProvider: 'plain://new', includeHistory: true })

export const options = (fileSystem: FileSystem, processes?: ProcessTable) => ({
  cwd: PROJECT,
  env: { HOME: '/home', PULUMI_BACKEND_URL: 'file:///backend' },
  registry,
  fileSystem,
  stack: 'dev',
  lockTimeout: 0,
  processes,
})

export const change = (fs: FileSystem, processes?: ProcessTable): Promise<unknown> =>
  changeSecretsProvider({ ...options(fs, processes), secretsProvider: 'plain://new' })

export const recover = (fs: FileSystem, processes?: ProcessTable): Promise<unknown> =>
  recoverStack(options(fs, processes))

export async function setPlain(fs: FileSystem, processes?: ProcessTable): Promise<unknown> {
  const stack = await openStack(options(fs, processes))
  stack.config.set('later', '1')
  return stack.config.save()
}

export function textOf(fs: ForgettingFileSystem, path: string): string | undefined {
  const bytes = fs.contentOf(path)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

/** The key under which every secret of both documents opens to its value; undefined for anything else. */
export async function keyUrlOf(fs: ForgettingFileSystem): Promise<string | undefined> {
  const file = await StackFile.parse(textOf(fs, FILE) ?? '', 'proj', 'Pulumi.dev.yaml')
  const state = StateFile.parse(textOf(fs, STATE) ?? '')
  const { sealedKey } = file
  if (sealedKey === undefined || !isSame(sealedKey, state.sealedKey)) return undefined
  const envelope = await Envelope.open(sealedKey, registry, { env: {} })
  const config = await envelope.decryptAll([...file.secrets()].map(({ secret }) => secret.ciphertext))
  const opened = await revealState(state, envelope)
  const values = [...config.map((it) => ('plaintext' in it ? it.plaintext : '?')), ...opened.slots.map((it) => it.text)]
  return values.join('|') === [...SECRETS.config, ...SECRETS.state].join('|') ? sealedKey.url.text : undefined
}

function isSame(a: Envelope['sealedKey'], b: Envelope['sealedKey']): boolean {
  return a.url.text === b.url.text && a.sealed === b.sealed
}

/** Whether each document opens by itself, with whatever key it names: true at every moment. */
export async function opensEach(fs: ForgettingFileSystem): Promise<boolean> {
  const file = await StackFile.parse(textOf(fs, FILE) ?? '', 'proj', 'Pulumi.dev.yaml')
  const state = StateFile.parse(textOf(fs, STATE) ?? '')
  if (file.sealedKey === undefined) return false
  const config = await Envelope.open(file.sealedKey, registry, { env: {} })
  const ofState = await Envelope.open(state.sealedKey, registry, { env: {} })
  const opened = await config.decryptAll([...file.secrets()].map(({ secret }) => secret.ciphertext))
  const revealed = await revealState(state, ofState)
  return (
    opened.map((it) => ('plaintext' in it ? it.plaintext : '?')).join('|') === SECRETS.config.join('|') &&
    revealed.slots.map((it) => it.text).join('|') === SECRETS.state.join('|')
  )
}

/** Everything that a change may leave beside its files: prepared files, locks, journals. */
export function leftovers(fs: ForgettingFileSystem): string[] {
  const names = (folder: string): string[] => Object.keys(textsIn(fs, folder)).map((name) => `${folder}/${name}`)
  return [
    ...names(PROJECT),
    ...names(STACKS),
    ...names(HISTORY),
    ...names(BACKUPS),
    ...names(LOCKS),
    ...names(JOURNALS),
    ...names(`${NOTES}/sealed-keys`),
  ].filter(
    (path) =>
      !path.includes('.keep') && (path.includes('stackseal-') || path.startsWith(LOCKS) || path.startsWith(JOURNALS)),
  )
}

export const isStaged = (fs: ForgettingFileSystem): boolean =>
  fs.contentOf(changePath(FILE)) !== undefined || fs.contentOf(changePath(STATE)) !== undefined
