import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acquireLock } from '../src/files/file-lock.ts'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { replaceFile, stagedPath } from '../src/files/replace-file.ts'
import { endOf, startChild } from './child-scripts.ts'
import { bytesOf, temporaryFolder } from './temporary-folder.ts'
import { THOROUGH } from './thorough.ts'

const ROUNDS = THOROUGH ? 200 : 60
const AT_ONCE = 3
const SIZE = 100_000

interface Round {
  /** Whether the process was killed between opening the new file and its rename. */
  readonly between: boolean
  readonly whole: boolean
  readonly written: boolean
}

async function killOnce(): Promise<Round> {
  const file = join(temporaryFolder(), 'Pulumi.dev.yaml')
  writeFileSync(file, 'a'.repeat(SIZE))
  const child = startChild('replace-forever', [file, String(SIZE)])
  const ended = endOf(child)
  await new Promise((running) => child.stdout?.once('data', running))
  await new Promise((later) => setTimeout(later, Math.random() * 5))
  child.kill('SIGKILL')
  await ended
  const between = existsSync(stagedPath(file))
  const left = readFileSync(file)
  const letter = left[0] === 0x61 ? 'a' : 'b'
  const whole = left.toString() === letter.repeat(SIZE)
  // Without waiting at all.
  const lock = await acquireLock(nodeFileSystem, file, { command: 'test', timeoutMs: 0 })
  replaceFile(nodeFileSystem, file, bytesOf('next'), left)
  lock.release()
  return { between, whole, written: readFileSync(file, 'utf8') === 'next' && !existsSync(stagedPath(file)) }
}

test(`a kill at any moment leaves a whole file, ${ROUNDS} times`, async () => {
  const rounds: Round[] = []
  const worker = async (): Promise<void> => {
    while (rounds.length < ROUNDS) rounds.push(await killOnce())
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  expect(rounds.filter(({ whole, written }) => !whole || !written)).toEqual([])
  expect(rounds.filter(({ between }) => between).length).toBeGreaterThanOrEqual(ROUNDS * 0.3)
})
