import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { umask } from 'node:process'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { replaceFile, stagedPath } from '../src/files/replace-file.ts'
import { bytesOf, temporaryFolder } from './temporary-folder.ts'
import { thrownBy } from './thrown-by.ts'
import { watchedFileSystem } from './watched-file-system.ts'
import { skipVisibly, whyNotRoot } from './skip-visibly.ts'

const OLD = 'config:\n  a: old\n'
const NEW = 'config:\n  a: new\n'

function stackFile(text = OLD): string {
  const file = join(temporaryFolder(), 'Pulumi.dev.yaml')
  writeFileSync(file, text)
  return file
}

function replace(file: string, to: string, from: string | undefined, fs = nodeFileSystem): void {
  replaceFile(fs, file, bytesOf(to), from === undefined ? undefined : bytesOf(from))
}

test('replaces the content and leaves nothing beside the file', () => {
  const file = stackFile()
  replace(file, NEW, OLD)
  expect(readFileSync(file, 'utf8')).toBe(NEW)
  expect(readdirSync(join(file, '..'))).toEqual(['Pulumi.dev.yaml'])
})

test('makes a file that is not there', () => {
  const file = join(temporaryFolder(), 'Pulumi.dev.yaml')
  replace(file, NEW, undefined)
  expect(readFileSync(file, 'utf8')).toBe(NEW)
})

test.each([
  ['an empty file', '', OLD],
  ['to an empty file', OLD, ''],
  ['a megabyte and a half', 'a'.repeat(1_500_000), `${'a'.repeat(1_499_999)}b`],
])('replaces %s', (_, from, to) => {
  const file = stackFile(from)
  replace(file, to, from)
  expect(readFileSync(file, 'utf8') === to).toBe(true)
})

test('writes all bytes where the system takes seven at a time', () => {
  const file = stackFile()
  const slow = {
    ...nodeFileSystem,
    write: (fd: number, bytes: Uint8Array) => nodeFileSystem.write(fd, bytes.subarray(0, 7)),
  }
  replace(file, NEW, OLD, slow)
  expect(readFileSync(file, 'utf8')).toBe(NEW)
})

test('asks nothing of the file system when the bytes are the same', () => {
  const calls: string[] = []
  const watched = watchedFileSystem(nodeFileSystem, (call, run) => {
    calls.push(call)
    return run()
  })
  replace(stackFile(), OLD, OLD, watched)
  expect(calls).toEqual([])
})

test('flushes the file before the rename and the folder after it', () => {
  const calls: string[] = []
  const watched = watchedFileSystem(nodeFileSystem, (call, run) => {
    calls.push(call)
    return run()
  })
  replace(stackFile(), NEW, OLD, watched)
  const order = ['openExclusive', 'write', 'fsync', 'rename', 'fsyncFolder']
  expect(calls.filter((call) => order.includes(call))).toEqual(order)
})

test.each([0o600, 0o640, 0o664, 0o755])(
  'keeps mode %o, and shows no more of the new content before it is done',
  (mode) => {
    const file = stackFile()
    chmodSync(file, mode)
    const during: number[] = []
    const watched = watchedFileSystem(nodeFileSystem, (call, run) => {
      if (call === 'write') during.push(statSync(stagedPath(file)).mode & 0o777)
      return run()
    })
    replace(file, NEW, OLD, watched)
    expect(during).toEqual([0o600])
    expect(statSync(file).mode & 0o777).toBe(mode)
  },
)

test.each([
  [0o022, 0o644],
  [0o002, 0o644],
  [0o077, 0o600],
  [0o027, 0o640],
])('gives a new file 0644 without the umask %o', (mask, mode) => {
  const file = join(temporaryFolder(), 'Pulumi.dev.yaml')
  const before = umask(mask)
  try {
    replace(file, NEW, undefined)
  } finally {
    umask(before)
  }
  expect(statSync(file).mode & 0o777).toBe(mode)
})

test('keeps owner and group where it may', (context) => {
  const reason = whyNotRoot()
  if (reason !== undefined) skipVisibly(context, reason)
  const file = stackFile()
  chownSync(file, 12_345, 23_456)
  chmodSync(file, 0o640)
  replace(file, NEW, OLD)
  const { uid, gid, mode } = statSync(file)
  expect([uid, gid, mode & 0o7777]).toEqual([12_345, 23_456, 0o640])
})

test('takes from another group what the old one alone was allowed', (context) => {
  const reason = whyNotRoot()
  if (reason !== undefined) skipVisibly(context, reason)
  const file = stackFile()
  chownSync(file, 12_345, 23_456)
  chmodSync(file, 0o664)
  const refusing = {
    ...nodeFileSystem,
    fchown: (): never => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'fchown' })
    },
  }
  replace(file, NEW, OLD, refusing)
  expect(readFileSync(file, 'utf8')).toBe(NEW)
  expect(statSync(file).mode & 0o7777).toBe(0o644)
})

test('removes what a killed process left under its working name, without following a link there', () => {
  const file = stackFile()
  const precious = join(temporaryFolder(), 'precious')
  writeFileSync(precious, 'keep')
  symlinkSync(precious, stagedPath(file))
  replace(file, NEW, OLD)
  expect(readFileSync(file, 'utf8')).toBe(NEW)
  expect(readFileSync(precious, 'utf8')).toBe('keep')
  expect(existsSync(stagedPath(file))).toBe(false)
})

test('works under a hidden name that no program lists as a stack', () => {
  expect(stagedPath('/p/Pulumi.dev.yaml')).toBe('/p/.Pulumi.dev.yaml.stackseal-new')
  expect(stagedPath('/p/s.json')).not.toMatch(/\.(json|ya?ml|gz|zst|bak|attrs)$/)
})

test('another name of the file keeps the old content', () => {
  const file = stackFile()
  linkSync(file, `${file}.backup`)
  replace(file, NEW, OLD)
  expect(readFileSync(`${file}.backup`, 'utf8')).toBe(OLD)
})

const NOT_CHANGED = /Pulumi\.dev\.yaml was not changed$/

test.each([
  ['changed', 'somebody else', OLD],
  ['changed by one byte of the same length', OLD.replace('old', 'odd'), OLD],
  ['made', 'somebody else', undefined],
])('refuses a file that was %s since it was read', (_, there, expected) => {
  const file = stackFile(there)
  const error = thrownBy(() => replace(file, NEW, expected))
  expect(error.code).toBe('ERR_CHANGED_MEANWHILE')
  expect(error.message).toMatch(NOT_CHANGED)
  expect(error.details).toMatchObject({ file, changed: false })
  expect(readFileSync(file, 'utf8')).toBe(there)
  expect(existsSync(stagedPath(file))).toBe(false)
})

test('refuses a file that was removed since it was read', () => {
  const file = join(temporaryFolder(), 'Pulumi.dev.yaml')
  const error = thrownBy(() => replace(file, NEW, OLD))
  expect([error.code, error.details['changed'], existsSync(file)]).toEqual(['ERR_CHANGED_MEANWHILE', false, false])
})

test('sees a change that comes while the new content is written', () => {
  const file = stackFile()
  const watched = watchedFileSystem(nodeFileSystem, (call, run) => {
    if (call === 'fsync') writeFileSync(file, 'somebody else')
    return run()
  })
  const error = thrownBy(() => replace(file, NEW, OLD, watched))
  expect(error.code).toBe('ERR_CHANGED_MEANWHILE')
  expect(readFileSync(file, 'utf8')).toBe('somebody else')
  expect(existsSync(stagedPath(file))).toBe(false)
})

test('refuses when other bytes are read back than were written', () => {
  const file = stackFile()
  const lossy = {
    ...nodeFileSystem,
    write: (fd: number, bytes: Uint8Array) =>
      nodeFileSystem.write(
        fd,
        bytes.map((byte) => byte ^ 1),
      ),
  }
  const error = thrownBy(() => replace(file, NEW, OLD, lossy))
  expect(error.code).toBe('ERR_IO')
  expect(error.message).toMatch(NOT_CHANGED)
  expect(readFileSync(file, 'utf8')).toBe(OLD)
  expect(existsSync(stagedPath(file))).toBe(false)
})

test('refuses to put a file in the place of a folder or of a link', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'Pulumi.dev.yaml'))
  symlinkSync('elsewhere', join(folder, 'Pulumi.prod.yaml'))
  for (const name of ['Pulumi.dev.yaml', 'Pulumi.prod.yaml']) {
    const error = thrownBy(() => replace(join(folder, name), NEW, OLD))
    expect(error.code).toBe('ERR_NOT_REPLACEABLE')
    expect(error.message.endsWith(`${name} was not changed`)).toBe(true)
  }
  expect(readdirSync(folder).toSorted()).toEqual(['Pulumi.dev.yaml', 'Pulumi.prod.yaml'])
})
