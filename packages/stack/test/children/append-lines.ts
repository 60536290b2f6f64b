// Appends lines to a file, each under its lock by reading and replacing: append-lines FILE WORD COUNT
import { argv } from 'node:process'
import { acquireLock } from '../../src/files/file-lock.ts'
import { nodeFileSystem } from '../../src/files/file-system.ts'
import { readTextFile } from '../../src/files/read-file.ts'
import { replaceFile } from '../../src/files/replace-file.ts'

const [, , file = '', word = '', count = '1'] = argv
for (let line = 1; line <= Number(count); line++) {
  const lock = await acquireLock(nodeFileSystem, file, { command: 'append-lines', timeoutMs: 30_000 })
  try {
    const before = readTextFile(nodeFileSystem, file)
    const after = `${before?.text ?? ''}${word} ${line}\n`
    replaceFile(nodeFileSystem, file, new TextEncoder().encode(after), before?.bytes)
  } finally {
    lock.release()
  }
}
