// Replaces a file by one content and the other in turn until it is killed: replace-forever FILE SIZE
import { argv, stdout } from 'node:process'
import { acquireLock } from '../../src/files/file-lock.ts'
import { nodeFileSystem } from '../../src/files/file-system.ts'
import { readTextFile } from '../../src/files/read-file.ts'
import { replaceFile } from '../../src/files/replace-file.ts'

const [, , file = '', size = '0'] = argv
const contents = ['a', 'b'].map((letter) => new TextEncoder().encode(letter.repeat(Number(size))))
await acquireLock(nodeFileSystem, file, { command: 'replace-forever' })
let before = readTextFile(nodeFileSystem, file)?.bytes
stdout.write('running\n')
for (;;) {
  const after = contents[before?.[0] === 0x61 ? 1 : 0] ?? new Uint8Array()
  replaceFile(nodeFileSystem, file, after, before)
  before = after
}
