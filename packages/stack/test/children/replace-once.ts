// Replaces a file's content and prints what became of it as JSON: replace-once FILE TEXT [unlocked|TIMEOUT_MS] [UID]
import { argv, setgid, setgroups, setuid, stdout } from 'node:process'
import { isStacksealError } from '@stackseal/core'
import { nodeFileSystem } from '../../src/files/file-system.ts'
import { acquireLock } from '../../src/files/file-lock.ts'
import { readTextFile } from '../../src/files/read-file.ts'
import { replaceFile } from '../../src/files/replace-file.ts'

const [, , file = '', text = '', locking = '10000', uid = ''] = argv
if (uid !== '') {
  // Here and not by the one who starts it: that user may not read where Node or this script lies.
  setgroups?.([])
  setgid?.(Number(uid))
  setuid?.(Number(uid))
}
try {
  const timeoutMs = Number(locking)
  const lock =
    locking === 'unlocked' ? undefined : await acquireLock(nodeFileSystem, file, { command: 'replace-once', timeoutMs })
  try {
    const before = readTextFile(nodeFileSystem, file)?.bytes
    replaceFile(nodeFileSystem, file, new TextEncoder().encode(text), before)
  } finally {
    lock?.release()
  }
  stdout.write('{"code":"done"}\n')
} catch (error) {
  if (!isStacksealError(error)) throw error
  stdout.write(`${JSON.stringify(error)}\n`)
}
