import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { acquireLock } from '../src/files/file-lock.ts'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { nodeProcesses } from '../src/files/process-table.ts'
import { endOf, runChild, startChild } from './child-scripts.ts'
import { temporaryFolder } from './temporary-folder.ts'

const NAME = 'Pulumi.dev.yaml'
const FILES_AT_ONCE = 10
const LOCK = `.${NAME}.stackseal-lock`

test('twenty processes that each add three lines lose none', async () => {
  const folder = temporaryFolder()
  const file = join(folder, NAME)
  const words = Array.from({ length: 20 }, (_, index) => `process-${index}`)
  const ends = await Promise.all(words.map((word) => runChild('append-lines', [file, word, '3'])))
  expect(ends.map(({ status, stderr }) => ({ status, stderr }))).toEqual(words.map(() => ({ status: 0, stderr: '' })))
  const expected = words.flatMap((word) => [1, 2, 3].map((line) => `${word} ${line}`))
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines.toSorted()).toEqual(expected.toSorted())
  expect(readdirSync(folder)).toEqual([NAME])
})

test('a killed holder delays the next by less than 0.2 seconds', async () => {
  const folder = temporaryFolder()
  const file = join(folder, NAME)
  const holder = startChild('hold-lock', [file])
  await once(holder.stdout ?? holder, 'data')
  expect(JSON.parse(readFileSync(join(folder, LOCK), 'utf8')).pid).toBe(holder.pid)
  const ended = endOf(holder)
  holder.kill('SIGKILL')
  const before = performance.now()
  const lock = await acquireLock(nodeFileSystem, file, { command: 'test' })
  const waited = performance.now() - before
  lock.release()
  expect(waited).toBeLessThan(200)
  expect((await ended).signal).toBe('SIGKILL')
  expect(readdirSync(folder)).toEqual([])
})

test('processes that race to break one dead lock: never two holders, in fifty rounds', async () => {
  const folder = temporaryFolder()
  const racers = Array.from({ length: 5 }, () => startChild('race-for-lock', [], 'ipc'))
  onTestFinished(() => {
    for (const racer of racers) racer.disconnect()
  })
  await Promise.all(racers.map((racer) => once(racer, 'message')))
  // A process of this machine that has certainly ended.
  const dead = JSON.stringify({ ...nodeProcesses.self(), pid: 2 ** 30, command: 'dead', time: '' })
  const files = Array.from({ length: 50 }, (_, round) => {
    const lock = join(folder, `.${round}.stackseal-lock`)
    writeFileSync(lock, dead)
    if (round % 3 === 1) writeFileSync(`${lock}.break`, dead)
    if (round % 3 === 2) writeFileSync(`${lock}.break.break`, dead)
    return join(folder, String(round))
  })
  const answers: unknown[] = []
  for (let round = 0; round < files.length; round += FILES_AT_ONCE) {
    const batch = files.slice(round, round + FILES_AT_ONCE)
    const race = async (racer: ChildProcess): Promise<void> => {
      racer.send(batch)
      const [answer] = await once(racer, 'message')
      answers.push(answer)
    }
    await Promise.all(racers.map(race))
  }
  expect(answers.flat()).toEqual(Array.from({ length: racers.length * files.length }, () => 'alone'))
  expect(readdirSync(folder)).toEqual([])
})
