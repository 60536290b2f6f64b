import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errnoOf } from '../src/files/io-error.ts'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { skipVisibly, whyNoPipe } from './skip-visibly.ts'

function errnoThrownBy(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    return errnoOf(error)
  }
  return undefined
}

test('makes a new file only where no name is, not even that of a link to nothing', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'there'), 'keep')
  symlinkSync('nothing', join(folder, 'link'))
  expect(errnoThrownBy(() => nodeFileSystem.openExclusive(join(folder, 'there'), 0o600))).toBe('EEXIST')
  expect(errnoThrownBy(() => nodeFileSystem.openExclusive(join(folder, 'link'), 0o600))).toBe('EEXIST')
  expect(readFileSync(join(folder, 'there'), 'utf8')).toBe('keep')
  expect(readdirSync(folder).toSorted()).toEqual(['link', 'there'])
})

test('gives a second name only where none is', () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'a'), 'a')
  writeFileSync(join(folder, 'b'), 'b')
  expect(errnoThrownBy(() => nodeFileSystem.link(join(folder, 'a'), join(folder, 'b')))).toBe('EEXIST')
  expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('b')
})

test('tells files, folders, links and everything else apart', (context) => {
  const reason = whyNoPipe()
  if (reason !== undefined) skipVisibly(context, reason)
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'file'), 'five!', { mode: 0o640 })
  mkdirSync(join(folder, 'folder'))
  symlinkSync('file', join(folder, 'link'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const kinds = ['file', 'folder', 'link', 'pipe'].map((name) => nodeFileSystem.lstat(join(folder, name)).kind)
  expect(kinds).toEqual(['file', 'folder', 'link', 'other'])
  expect(nodeFileSystem.stat(join(folder, 'link'))).toMatchObject({ kind: 'file', size: 5, mode: 0o640 })
})

test('a refusal has its errno; an error of another kind has none', () => {
  expect(errnoThrownBy(() => nodeFileSystem.lstat(join(temporaryFolder(), 'missing')))).toBe('ENOENT')
  expect(errnoOf(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' }))).toBeUndefined()
  expect(errnoOf(undefined)).toBeUndefined()
  expect(errnoOf('ENOENT')).toBeUndefined()
})

test('flushes a folder, and says when there is none', () => {
  const folder = temporaryFolder()
  nodeFileSystem.fsyncFolder(folder)
  expect(errnoThrownBy(() => nodeFileSystem.fsyncFolder(join(folder, 'missing')))).toBe('ENOENT')
})
