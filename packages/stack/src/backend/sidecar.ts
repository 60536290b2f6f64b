import type { FileSystem } from '../files/file-system.ts'
import { md5Base64 } from '../files/hash.ts'
import { readBytes } from '../files/read-file.ts'
import { type NextContent, replaceFile } from '../files/replace-file.ts'
import { compressionOf } from '../files/compression.ts'

const ENDING = '.attrs'
const MAX_SIDECAR_BYTES = 1024 * 1024
const CONTENT_TYPES = {
  none: 'text/plain; charset=utf-8',
  gzip: 'application/x-gzip',
  zstd: 'application/octet-stream',
} as const

/** Whether a name is that of a note beside a file; the reference's storage keeps no other file under such a name. */
export function isSidecar(name: string): boolean {
  return name.endsWith(ENDING)
}

export function sidecarOf(path: string): string {
  return `${path}${ENDING}`
}

/**
 * What the reference's storage library notes beside a file of its own: content type and MD5. A reader of the file needs
 * no note, but fails on one that is no JSON, so it is replaced as a whole like everything else.
 */
function sidecarText(content: Uint8Array): string {
  const fields = {
    'user.cache_control': '',
    'user.content_disposition': '',
    'user.content_encoding': '',
    'user.content_language': '',
    'user.content_type': CONTENT_TYPES[compressionOf(content)],
    'user.metadata': null,
    md5: md5Base64(content),
  }
  return `${JSON.stringify(fields)}\n`
}

/**
 * Makes the note beside a file say what is about to be in it, before it is, as the reference does. Where notes are
 * switched off one that is there is renewed all the same: a wrong MD5 serves nobody.
 *
 * @param path the real path of the file
 */
export function writeSidecar(fs: FileSystem, path: string, content: Uint8Array, wanted: boolean): void {
  const next = nextSidecar(fs, path, content, wanted)
  if (next !== undefined) replaceFile(fs, next.path, next.bytes, next.before)
}

/** What {@link writeSidecar} writes; undefined where there is nothing to write. */
export function nextSidecar(
  fs: FileSystem,
  path: string,
  content: Uint8Array,
  wanted: boolean,
): NextContent | undefined {
  const sidecar = sidecarOf(path)
  const before = readBytes(fs, sidecar, MAX_SIDECAR_BYTES)
  if (!wanted && before === undefined) return undefined
  return { path: sidecar, bytes: new TextEncoder().encode(sidecarText(content)), before }
}
