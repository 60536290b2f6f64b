// At each message, takes the locks of files in competition with others, and answers where it was alone: race-for-lock
import { closeSync, openSync, unlinkSync } from 'node:fs'
import process from 'node:process'
import { acquireLock } from '../../src/files/file-lock.ts'
import { nodeFileSystem } from '../../src/files/file-system.ts'
import { watchedFileSystem } from '../watched-file-system.ts'

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

// Slow at random places, so that the others come between any two calls.
const slow = watchedFileSystem(nodeFileSystem, (_call, run) => {
  if (Math.random() < 0.2) sleep(Math.random() * 3)
  return run()
})

async function race(file: string): Promise<'alone' | 'not alone'> {
  const lock = await acquireLock(slow, file, { command: 'race-for-lock', timeoutMs: 30_000 })
  try {
    const marker = `${file}.marker`
    closeSync(openSync(marker, 'wx'))
    sleep(1)
    unlinkSync(marker)
    return 'alone'
  } catch {
    return 'not alone' // the marker was there, or is gone
  } finally {
    lock.release()
  }
}

process.on('message', (files) => {
  const races = Array.isArray(files) ? files.map((file) => race(String(file)).catch(String)) : []
  void Promise.all(races).then((answers) => process.send?.(answers))
})
process.send?.('ready')
