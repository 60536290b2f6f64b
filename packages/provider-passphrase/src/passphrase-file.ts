import { readFile, stat } from 'node:fs/promises'

import { isStacksealError, StacksealError, untilAborted, utf8Bytes } from '@stackseal/core'

/**
 * The passphrase that a file holds: its bytes without white space at both ends; they need not be text.
 * @throws ERR_PASSPHRASE_MISSING if the file can't be read
 */
export async function readPassphraseFile(path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  try {
    return trimSpace(await untilAborted(() => readBytes(path), signal))
  } catch (error) {
    if (isStacksealError(error)) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const message = `the file ${path}, which PULUMI_CONFIG_PASSPHRASE_FILE names, can not be read: ${REASONS.get(reason) ?? reason}`
    throw new StacksealError('ERR_PASSPHRASE_MISSING', message, {
      hint: 'let PULUMI_CONFIG_PASSPHRASE_FILE name a file that holds the passphrase, or set PULUMI_CONFIG_PASSPHRASE',
      details: { variable: 'PULUMI_CONFIG_PASSPHRASE_FILE', file: path, reason },
    })
  }
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'it is not there'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'no permission'],
])

// A pipe (`<(pass show stack)` in a shell) can be read only once, and a new key is opened again right after it is made.
const pipes = new Map<string, Promise<Uint8Array>>()

async function readBytes(path: string): Promise<Uint8Array> {
  const stats = await stat(path, { bigint: true })
  if (stats.isFile() || stats.isDirectory()) return readFile(path)
  const id = `${stats.dev}:${stats.ino}`
  const reading = pipes.get(id) ?? readFile(path)
  pipes.set(id, reading)
  return reading
}

// White space as Go's unicode.IsSpace has it. JavaScript's trim differs: it leaves U+0085 and takes U+FEFF away.
const SPACES: readonly Uint8Array[] = Array.from(
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000',
  (space) => utf8Bytes(space),
)

/** Takes white space from both ends of bytes that are meant as UTF-8. */
export function trimSpace(bytes: Uint8Array): Uint8Array {
  let rest = bytes
  for (let space = spaceAt(rest, 'start'); space > 0; space = spaceAt(rest, 'start')) rest = rest.subarray(space)
  for (let space = spaceAt(rest, 'end'); space > 0; space = spaceAt(rest, 'end')) {
    rest = rest.subarray(0, rest.length - space)
  }
  return rest
}

/** The length in bytes of the white space character that stands at one end, or 0. */
function spaceAt(bytes: Uint8Array, end: 'start' | 'end'): number {
  for (const space of SPACES) {
    const at = end === 'start' ? 0 : bytes.length - space.length
    if (space.every((byte, i) => bytes[at + i] === byte)) return space.length
  }
  return 0
}
