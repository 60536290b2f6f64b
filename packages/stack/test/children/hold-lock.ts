// Takes the lock of a file, says so, and keeps it until it is killed: hold-lock FILE
import { argv, stdout } from 'node:process'
import { acquireLock } from '../../src/files/file-lock.ts'
import { nodeFileSystem } from '../../src/files/file-system.ts'

const [, , file = ''] = argv
await acquireLock(nodeFileSystem, file, { command: 'hold-lock' })
stdout.write('held\n')
setInterval(() => undefined, 1000)
