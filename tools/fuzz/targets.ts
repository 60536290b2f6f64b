import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'

import { parseCiphertext } from '../../packages/core/src/ciphertext.ts'
import { isStacksealError } from '../../packages/core/src/errors.ts'
import { parseKeyUrl } from '../../packages/core/src/key-url.ts'
import { parseEncryptionSalt, printEncryptionSalt } from '../../packages/provider-passphrase/src/encryption-salt.ts'
import { parseConfigKey, parseConfigKeyArgument, printConfigKey } from '../../packages/stack/src/config/config-key.ts'
import { parsePropertyPath, printPropertyPath } from '../../packages/stack/src/config/property-path.ts'
import { decompress } from '../../packages/stack/src/files/compression.ts'
import { nodeFileSystem } from '../../packages/stack/src/files/file-system.ts'
import { findProject } from '../../packages/stack/src/project.ts'
import { StackFile } from '../../packages/stack/src/stack-file.ts'
import { decompressState } from '../../packages/stack/src/state/state-compression.ts'
import { exportStateBytes } from '../../packages/stack/src/state/state-export.ts'
import { StateFile } from '../../packages/stack/src/state/state-file.ts'
import { inspectState } from '../../packages/stack/src/state/state-work.ts'

const VECTORS = join(import.meta.dirname, '../../vectors')
const MEBIBYTE = 1024 * 1024

/** A parser, texts to begin with, and words that its grammar knows. */
export interface Target {
  /** Parses a text. Only a StacksealError may leave it; a {@link BrokenPromise} where it does not keep what it promises. */
  readonly parse: (text: string) => unknown
  readonly corpus: readonly string[]
  readonly words: readonly string[]
  /** Texts of a size or shape that small changes do not reach. */
  readonly hard?: Readonly<Record<string, () => string>>
}

export class BrokenPromise extends Error {}

const YAML_WORDS = words(
  'config:\n¦  ¦proj:a: ¦secure: ¦- ¦: ¦\n¦#¦&a ¦*a¦<<: ¦!secret ¦!!binary ¦{¦}¦[¦]¦,¦|¦|2-\n¦>+\n¦---\n¦...\n¦? ¦~¦0x1F¦.inf',
  '2020-01-02¦"\\u¦encryptionsalt: ¦secretsprovider: ¦encryptedkey: ¦environment:\n¦v1:AAAAAAAAAAAAAAAA:AAAA',
)
const JSON_WORDS = words('{¦}¦[¦]¦,¦:¦"¦\\u00¦null¦true¦-0¦1e400¦"secure":¦"config":¦"proj:a":¦    ¦\n')

const deep = (open: string, close = ''): string => open.repeat(100_000) + close.repeat(100_000)
const HARD_YAML = {
  'an alias bomb': () => {
    const levels = Array.from({ length: 30 }, (_, i) => `  l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(10)}]\n`)
    return `config:\n  l0: &l0 [x]\n${levels.join('')}`
  },
  'a plain scalar of 60 MB': () => `config:\n  proj:a: ${'a'.repeat(60 * MEBIBYTE)}\n`,
  'a quoted scalar of 60 MB': () => `config: {"proj:a": "${'a'.repeat(60 * MEBIBYTE)}"}\n`,
  'a block scalar of 60 MB': () =>
    `config:\n  proj:a: |\n${'    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n'.repeat(MEBIBYTE)}`,
  'deep flow sequences': () => `config: ${deep('[', ']')}`,
  'deep flow mappings': () => `config: ${deep('{a: ', '}')}`,
  'deep block sequences': () => deep('- '),
  'deep explicit keys': () => deep('? '),
  'deep indentation': () => Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
  '300,000 keys': () => `config:\n${Array.from({ length: 300_000 }, (_, i) => `  proj:k${i}: v\n`).join('')}`,
  __proto__: () =>
    'config:\n  proj:__proto__: {__proto__: 1, constructor: {prototype: 2}}\n  __proto__:\n    - secure: x\n',
  'half a pair': () => 'config:\n  proj:a: \ud800\n',
  'a NUL': () => 'config:\n  proj:a: "\0"\n  proj:b: \0\n',
}
const HARD_JSON = {
  'a text of 60 MB': () => `{"config": {"proj:a": "${'a'.repeat(60 * MEBIBYTE)}"}}`,
  'deep lists': () => `{"config": ${deep('[', ']')}}`,
  'deep objects': () => `{"config": ${deep('{"a":', '}')}}`,
  'deep and cut': () => deep('['),
  __proto__: () => '{"config": {"proj:__proto__": {"__proto__": 1}, "__proto__": []}}',
  'half a pair': () => '{"config": {"proj:a": "\\ud800"}}',
  'a NUL': () => '{"config": {"proj:a": "\\u0000"}}',
}
const SIGNATURE = '"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"'
const STATE_WORDS = words(
  `${SIGNATURE}¦"ciphertext":"v1:AA==:AA=="¦"plaintext":"\\"x\\""¦"\\u0034dabf18193072939515e22adb298388d":¦"resources":[¦"outputs":{`,
  '"secrets_providers":{"type":"passphrase","state":{"salt":"v1:"}}¦"version":3,¦"deployment":{¦"checkpoint":{¦"latest":{',
  '{¦}¦[¦]¦,¦:¦"¦\\¦\\u¦\ud800¦null¦1e400¦-0¦    ¦\n',
)
const SMALL_STATE = `{"version":3,"deployment":{"manifest":{},"secrets_providers":{"type":"passphrase","state":{"salt":"v1:AA==:v1:AA==:AA=="}},"resources":[{"urn":"urn:pulumi:dev::p::t::n","type":"t","outputs":{"a":{${SIGNATURE},"ciphertext":"v1:AA==:AA=="}}}]}}`
const HARD_STATE = {
  'a text of 100 MB': () => SMALL_STATE.replace('"v1:AA==:AA=="', `"${'A'.repeat(100 * MEBIBYTE)}"`),
  'a text of 100 MB elsewhere': () => SMALL_STATE.replace('"type":"t"', `"type":"${'t'.repeat(100 * MEBIBYTE)}"`),
  'deep lists': () => SMALL_STATE.replace('"v1:AA==:AA=="', deep('[', ']')),
  'deep outputs': () => SMALL_STATE.replace('{"a":', '{"a":'.repeat(100_000)),
  'a million secrets in a list': () =>
    `{"version":3,"deployment":{"resources":[{"urn":"u","outputs":{"l":[${`{${SIGNATURE},"ciphertext":"v1:AA==:AA=="},`.repeat(200_000)}1]}}]}}`,
}
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const packed = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const HARD_CONTAINERS = {
  'a gzip of 4 GiB of zeros in layers': () => packed(gzipSync(gzipSync(Buffer.alloc(512 * MEBIBYTE)))),
  'a gzip of 600 MB': () => packed(gzipSync(Buffer.alloc(600 * MEBIBYTE, 0x20))),
  'a zstd of 600 MB': () => packed(zstdCompressSync(Buffer.alloc(600 * MEBIBYTE, 0x20))),
}
const LONG = {
  'a long text': () => 'a'.repeat(20 * MEBIBYTE),
  colons: () => ':'.repeat(20 * MEBIBYTE),
  brackets: () => '['.repeat(20 * MEBIBYTE),
}

export const TARGETS: Readonly<Record<string, Target>> = {
  'stack-file-yaml': {
    parse: (text) => useStackFile(text, 'Pulumi.dev.yaml'),
    corpus: texts('pulumi/stacks/**/Pulumi.*.yaml', 'fuzz/stack-file-yaml/*'),
    words: YAML_WORDS,
    hard: HARD_YAML,
  },
  'project-file': {
    parse: useProject,
    corpus: ['name: proj\nruntime: yaml\n', ...texts('pulumi/stacks/**/Pulumi.yaml', 'fuzz/project-file/*')],
    words: ['name: ', 'stackConfigDir: ', 'config:\n', 'backend:\n  url: ', ...YAML_WORDS],
    hard: HARD_YAML,
  },
  'stack-file-json': {
    parse: (text) => useStackFile(text, 'Pulumi.dev.json'),
    corpus: [
      '{"encryptionsalt": "v1:AA==:v1:AA==:AA==", "config": {"proj:a": "b", "proj:c": {"d": [1, {"secure": "v1:AA==:AA=="}]}}}\n',
      ...texts('pulumi/stacks/**/Pulumi.*.json', 'fuzz/stack-file-json/*'),
    ],
    words: JSON_WORDS,
    hard: HARD_JSON,
  },
  state: {
    parse: useState,
    corpus: [SMALL_STATE, ...texts('pulumi/stacks/**/*export*.json', 'fuzz/state/*')],
    words: STATE_WORDS,
    hard: HARD_STATE,
  },
  'state-container': {
    async parse(text) {
      const bytes = bytesOf(text)
      parsedOrRefused(() => decompress(bytes, 'a state', 256 * MEBIBYTE))
      let length = 0
      for await (const chunk of decompressState([bytes.subarray(0, 3), bytes.subarray(3)])) length += chunk.length
    },
    corpus: [packed(gzipSync(SMALL_STATE)), packed(zstdCompressSync(Buffer.from(SMALL_STATE))), SMALL_STATE],
    words: [packed(Buffer.from([0x1f, 0x8b, 8])), packed(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])), '\0', '\u00ff'],
    hard: HARD_CONTAINERS,
  },
  'config-key': {
    parse(text) {
      parsedOrRefused(() => parseConfigKeyArgument(text, 'proj', true))
      const key = parseConfigKey(text)
      keep(printConfigKey(parseConfigKey(printConfigKey(key))) === printConfigKey(key), 'the printed key is the key')
    },
    corpus: ['proj:a', 'a:config:b', 'aws:region', 'a.b[0]', ...texts('fuzz/config-key/*')],
    words: [':', 'config', '.', '[', ']', '"'],
    hard: LONG,
  },
  'property-path': {
    parse(text) {
      const path = parsePropertyPath(text)
      const again = parsePropertyPath(printPropertyPath(path))
      // As in the reference, an empty name is printed as nothing, and a backslash before a quote has no spelling.
      const hasNoSpelling = path.some((segment) => segment === '' || String(segment).includes('\\'))
      keep(hasNoSpelling || again.join('\n') === path.join('\n'), 'the printed path is the path')
    },
    corpus: ['a.b', 'root[0]', 'a["b"].c', '["x"]', 'a[*]', 'a..b', ...texts('fuzz/property-path/*')],
    words: ['.', '[', ']', '"', '["', '"]', '[0]', '[-1]', '\\"', '[99999999999999999999]'],
    hard: LONG,
  },
  'key-url': {
    parse: (text) => keep(parseKeyUrl(text).text === text, 'the URL is printed back byte for byte'),
    corpus: [
      'awskms://alias/app?region=us-west-2&context_a=b',
      'awskms:///arn:aws:kms:us-east-1:111122223333:key/2b8e-4b',
      'azurekeyvault://v.vault.azure.net/keys/k/1?algorithm=RSA-OAEP-256',
      'gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k',
      'hashivault://[::1]:8200/a%20b?engine=foo%2fbar#x',
      'passphrase:',
      ...texts('fuzz/key-url/*'),
    ],
    words: [
      '://',
      ':',
      '/',
      '?',
      '&',
      '=',
      '#',
      '%',
      '%2f',
      '%zz',
      ';',
      '+',
      '@',
      '[',
      ']',
      '..',
      'secrets+',
      'keeper+',
    ],
    hard: LONG,
  },
  ciphertext: {
    parse: parseCiphertext,
    corpus: ['v1:oKGio6Slpqeoqaqr:AAAAAAAAAAAAAAAAAAAAAA==', ...texts('fuzz/ciphertext/*')],
    words: ['v1:', ':', '=', '+', '/', '-', '_', 'AAAA'],
    hard: LONG,
  },
  salt: {
    parse: (text) => {
      const salt = parseEncryptionSalt(text)
      keep(parseEncryptionSalt(printEncryptionSalt(salt)).check === salt.check, 'the printed salt is the salt')
    },
    corpus: ['v1:fPQbN+UuwUU=:v1:oKGio6Slpqeoqaqr:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==', ...texts('fuzz/salt/*')],
    words: ['v1:', ':', '=', '+', '/', '-', '_', 'AAAA'],
    hard: LONG,
  },
}

/** Reads it, and takes its first secret or value out and puts one in: the edit is checked by the file itself. */
async function useStackFile(text: string, name: string): Promise<void> {
  const file = await StackFile.parse(text, 'proj', name)
  parsedOrRefused(() => file.sealedKey)
  await settled(file.set({ key: { namespace: 'proj', name: 'fuzzed' }, path: [] }, 'a\nb'))
  const [first] = file.config.values()
  if (first !== undefined) await settled(file.remove({ key: first.key, path: [] }))
}

/** Reads it whole and as it comes, in small chunks: both find the same. The slots that are put back are the same bytes. */
async function useState(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text)
  const streamed = await inspectState(chunksOf(bytes)).catch((error: unknown) => error)
  let state: StateFile
  try {
    state = StateFile.parse(bytes)
  } catch (error) {
    if (isRefusal(error)) keep(isRefusal(streamed) || bytes.length > LARGE_STATE, 'a stream is refused as a whole is')
    throw error
  }
  if (streamed instanceof Error) throw streamed
  const same = state.withSlots(state.slots.map((slot) => ({ slot, member: slot.member, text: slot.text })))
  keep(Buffer.compare(same.bytes, bytes) === 0 || text.includes('\\'), 'what is put back in its place is the same')
  parsedOrRefused(() => exportStateBytes(bytes))
}

/** Larger ones come as a whole: a chunk for every 7 bytes would be the cost. */
const LARGE_STATE = 200_000

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  const length = bytes.length > LARGE_STATE ? bytes.length : 7
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function useProject(text: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'stackseal-fuzz-'))
  try {
    writeFileSync(join(folder, 'Pulumi.yaml'), text)
    await findProject(nodeFileSystem, folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function words(...lists: readonly string[]): string[] {
  return lists.flatMap((list) => list.split('¦'))
}

function texts(...patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) =>
    globSync(pattern, { cwd: VECTORS })
      .toSorted()
      .map((file) => readFileSync(join(VECTORS, file), 'utf8')),
  )
}

function keep(holds: boolean, promise: string): void {
  if (!holds) throw new BrokenPromise(promise)
}

/** What a parser may throw. A fault inside Stackseal has a code as well, and is one. */
export function isRefusal(error: unknown): boolean {
  return isStacksealError(error) && error.code !== 'ERR_INTERNAL'
}

/** A refusal is an answer like another; anything else that is thrown goes on to the runner. */
function parsedOrRefused(use: () => unknown): void {
  try {
    use()
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

async function settled(use: Promise<unknown>): Promise<void> {
  try {
    await use
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}
