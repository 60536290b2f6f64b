// Appends lines to a file, each under its lock by reading and replacing: append-lines FILE WORD COUNT
import { argv } from 'node:process'
import { acquireLock } from '../../src/file-lock.ts'
import { nodeFileSystem } from '../../src/file-system.ts'
import { readTextFile } from '../../src/read-file.ts'
import { replaceFile } from '../../src/replace-file.ts'

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
