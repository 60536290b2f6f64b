import { setTimeout as sleep } from 'node:timers/promises'

import type { FileSystem } from './files/file-system.ts'
import { readTextFile, type TextFile } from './files/read-file.ts'

/** How long an empty stack file may be one that the reference is about to fill, in milliseconds; 61 were seen. */
const EMPTY_FOR_A_MOMENT_MS = 500
const LOOK_AGAIN_MS = 10

/**
 * Reads a stack file. The reference empties it and then writes it anew: taken at that moment as what it looks like, an
 * empty configuration, all of it would be lost with the next change.
 */
export async function readStackText(fs: FileSystem, target: string): Promise<TextFile | undefined> {
  let read = readTextFile(fs, target)
  for (let waited = 0; read?.bytes.length === 0 && waited < EMPTY_FOR_A_MOMENT_MS; waited += LOOK_AGAIN_MS) {
    await sleep(LOOK_AGAIN_MS)
    read = readTextFile(fs, target)
  }
  return read
}
