// Feeds one parser, in a thread of its own: it can be ended when it does not come back, and its memory is bounded.
import { parentPort, workerData } from 'node:worker_threads'

import { mutated } from './mutate.ts'
import { isRefusal, TARGETS } from './targets.ts'

export interface WorkerTask {
  readonly target: string
  readonly seed: number
  readonly seconds: number
  /** The number of the input that is being parsed; the hard ones have negative numbers. */
  readonly at: SharedArrayBuffer
}

const { target: name, seed, seconds, at } = workerData as WorkerTask
const target = TARGETS[name]
if (target === undefined) throw new Error(`no target ${name}`)
const current = new Int32Array(at)
const hard = Object.values(target.hard ?? {})
for (const [i, make] of hard.entries()) await feed(-1 - i, make())
const end = performance.now() + seconds * 1000
let inputs = 0
for (; performance.now() < end; inputs++) await feed(inputs, mutated(target.corpus, target.words, seed, inputs))
Atomics.store(current, 0, inputs)
parentPort?.postMessage({ inputs: inputs + hard.length })

async function feed(n: number, text: string): Promise<void> {
  Atomics.store(current, 0, n)
  try {
    await target?.parse(text)
  } catch (error) {
    if (isRefusal(error)) return
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
    parentPort?.postMessage({ fault: told, n })
    throw error
  }
}
