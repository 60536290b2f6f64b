import { chmodSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { makeFolder } from '../src/files/make-folder.ts'
import { ForgettingFileSystem } from './forgetting-file-system.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { thrownBy } from './thrown-by.ts'

test('makes a folder and those above it, with that mode', () => {
  const folder = join(temporaryFolder(), 'a/b')
  makeFolder(nodeFileSystem, folder, 0o700)
  expect([statSync(folder).mode & 0o777, statSync(join(folder, '..')).mode & 0o777]).toEqual([0o700, 0o700])
})

test('leaves a folder that is there, and a link to one, as they are', () => {
  const root = temporaryFolder()
  chmodSync(root, 0o750)
  makeFolder(nodeFileSystem, root, 0o700)
  expect(statSync(root).mode & 0o777).toBe(0o750)
  symlinkSync('.', join(root, 'link'))
  makeFolder(nodeFileSystem, join(root, 'link/inside'), 0o755)
  expect(statSync(join(root, 'inside')).isDirectory()).toBe(true)
})

test('what was made survives a power cut', () => {
  const fs = new ForgettingFileSystem()
  makeFolder(fs, '/state/stackseal', 0o700)
  for (const survivor of fs.survivors()) expect(survivor.readdir('/state')).toEqual(['stackseal'])
})

test('a file in the way is an error', () => {
  const file = join(temporaryFolder(), 'state')
  writeFileSync(file, '')
  for (const folder of [file, join(file, 'stackseal')]) {
    expect(thrownBy(() => makeFolder(nodeFileSystem, folder, 0o700)).code).toBe('ERR_IO')
  }
})
