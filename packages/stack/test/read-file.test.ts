import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type FileSystem, nodeFileSystem } from '../src/files/file-system.ts'
import { MAX_TEXT_FILE_BYTES, readTextFile } from '../src/files/read-file.ts'
import { skipVisibly, whyNoPipe } from './skip-visibly.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { thrownBy } from './thrown-by.ts'

function fileWith(bytes: string | Uint8Array): string {
  const file = join(temporaryFolder(), 'Pulumi.dev.yaml')
  writeFileSync(file, bytes)
  return file
}

test.each(['', 'config:\n  a: b\n', '\uFEFFa: 1\r\n', 'grüße: \u{1F642}\n', 'a: "\uFFFD"\n', '\0'])(
  'reads %j as bytes and as text',
  (text) => {
    const file = readTextFile(nodeFileSystem, fileWith(text))
    expect(file?.text).toBe(text)
    expect(Buffer.from(file?.bytes ?? [1]).toString('utf8')).toBe(text)
  },
)

test('a file that is not there is undefined', () => {
  expect(readTextFile(nodeFileSystem, join(temporaryFolder(), 'Pulumi.dev.yaml'))).toBeUndefined()
  expect(readTextFile(nodeFileSystem, join(temporaryFolder(), 'missing/Pulumi.dev.yaml'))).toBeUndefined()
})

test.each([
  ['a lone continuation', [0x61, 0x80], 1],
  ['a cut sequence at the end', [0x61, 0x62, 0xe2, 0x82], 2],
  ['a cut sequence in the middle', [0xc3, 0xa4, 0xf0, 0x9f, 0x41], 2],
  ['an overlong slash', [0x61, 0xc0, 0xaf], 1],
  ['half a surrogate pair', [0xed, 0xa0, 0x80], 0],
  ['beyond the last code point', [0xf4, 0x90, 0x80, 0x80], 0],
  ['a bad byte after a true U+FFFD', [0xef, 0xbf, 0xbd, 0xef, 0xbf, 0xbd, 0xff], 6],
  ['a bad byte after a byte order mark', [0xef, 0xbb, 0xbf, 0xff], 3],
  ['Latin-1', [0x67, 0x72, 0xfc, 0xdf, 0x65], 2],
])('refuses %s, with the offset of the first bad byte', (_, bytes, offset) => {
  const file = fileWith(Uint8Array.from(bytes))
  const error = thrownBy(() => readTextFile(nodeFileSystem, file))
  expect(error.code).toBe('ERR_MALFORMED_FILE')
  expect(error.details).toEqual({ file, offset })
})

test('recognises UTF-16', () => {
  const error = thrownBy(() => readTextFile(nodeFileSystem, fileWith(Buffer.from('\uFEFFa: 1', 'utf16le'))))
  expect([error.code, error.hint]).toEqual(['ERR_MALFORMED_FILE', 'the file is UTF-16: save it as UTF-8'])
})

test('reads 64 MiB, and refuses one byte more before it reads', () => {
  const file = fileWith('')
  truncateSync(file, MAX_TEXT_FILE_BYTES)
  expect(readTextFile(nodeFileSystem, file)?.bytes.length).toBe(64 * 1024 * 1024)
  truncateSync(file, MAX_TEXT_FILE_BYTES + 1)
  const blind: FileSystem = {
    ...nodeFileSystem,
    read: () => {
      throw new Error('read')
    },
  }
  const error = thrownBy(() => readTextFile(blind, file))
  expect(error.code).toBe('ERR_FILE_TOO_LARGE')
  expect(error.message).toBe('Pulumi.dev.yaml is larger than 64 MiB')
})

test('a file that grows while it is read is read to its end, up to the limit', () => {
  const file = fileWith('x'.repeat(1000))
  const growing: FileSystem = { ...nodeFileSystem, fstat: (fd) => ({ ...nodeFileSystem.fstat(fd), size: 10 }) }
  expect(readTextFile(growing, file)?.text).toBe('x'.repeat(1000))
  expect(readTextFile(growing, file, 1000)?.text.length).toBe(1000)
  expect(thrownBy(() => readTextFile(growing, file, 999)).code).toBe('ERR_FILE_TOO_LARGE')
})

test('refuses what is no file, and never hangs on it', (context) => {
  const reason = whyNoPipe()
  if (reason !== undefined) skipVisibly(context, reason)
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'folder'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  for (const [path, what] of [
    [join(folder, 'folder'), 'folder is a folder'],
    [join(folder, 'pipe'), 'pipe is a pipe, socket or device'],
    ['/dev/zero', 'zero is a pipe, socket or device'],
  ] as const) {
    const error = thrownBy(() => readTextFile(nodeFileSystem, path))
    expect([error.code, error.message]).toEqual(['ERR_MALFORMED_FILE', `${what}, not a file`])
  }
})

test('does not follow a link', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'precious'), 'secret')
  symlinkSync('precious', join(folder, 'Pulumi.dev.yaml'))
  expect(thrownBy(() => readTextFile(nodeFileSystem, join(folder, 'Pulumi.dev.yaml'))).code).toBe(
    'ERR_LINK_NOT_FOLLOWED',
  )
})

test('a refusal of the system is ERR_IO in plain words', () => {
  const error = thrownBy(() => readTextFile(nodeFileSystem, join(fileWith(''), 'Pulumi.dev.yaml')))
  expect([error.code, error.message]).toEqual([
    'ERR_IO',
    'Pulumi.dev.yaml could not be read: a part of its path is not a folder',
  ])
})
