// `npm run fuzz`: changed texts into every parser. Only a StacksealError may come out, soon, and in bounded memory.
//   --seconds N   in all, shared by the targets (60)
//   --seed N      other inputs; the same seed gives the same ones (1)
//   --target T    one parser alone
//   --input N     parse that input of that target alone, to see it fail
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { exit } from 'node:process'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

import { mutated } from './mutate.ts'
import { TARGETS } from './targets.ts'
import type { WorkerTask } from './worker.ts'

/** No input of these sizes may take longer; a scalar of 60 MB takes a second or two. */
const LONGEST_MS = 20_000
const HEAP_MEBIBYTES = 2048
const FOUND = join(import.meta.dirname, '../../.cache/fuzz')

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    input: { type: 'string' },
  },
})
const seed = Number(values.seed)
const names = values.target === undefined ? Object.keys(TARGETS) : [values.target]
if (values.input !== undefined) {
  await TARGETS[names[0] ?? '']?.parse(inputOf(names[0] ?? '', Number(values.input)))
  exit(0)
}

const workers = Math.min(2, availableParallelism())
const seconds = (Number(values.seconds) * workers) / names.length
const waiting = [...names]
let faults = 0
await Promise.all(Array.from({ length: workers }, work))
console.log(`${names.length - faults} passed, ${faults} failed`)
exit(faults === 0 ? 0 : 1)

async function work(): Promise<void> {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const { inputs, fault, n } = await feed(name)
    if (fault === undefined) {
      console.log(`${name}: ${inputs} inputs`)
      continue
    }
    faults++
    mkdirSync(FOUND, { recursive: true })
    const file = join(FOUND, `${name}-${seed}-${n}`)
    writeFileSync(file, inputOf(name, n))
    console.error(`${name}: input ${n} of seed ${seed} (kept in ${file}):\n${fault}`)
  }
}

interface Outcome {
  readonly inputs: number
  readonly fault: string | undefined
  readonly n: number
}

function feed(target: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const at = new SharedArrayBuffer(4)
  const current = new Int32Array(at)
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { target, seed, seconds, at } satisfies WorkerTask,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
  })
  let last = 0
  let since = performance.now()
  const watch = setInterval(() => {
    const n = Atomics.load(current, 0)
    if (n !== last) [last, since] = [n, performance.now()]
    else if (performance.now() - since > LONGEST_MS) end({ inputs: 0, fault: `it takes over ${LONGEST_MS} ms`, n })
  }, 500)
  const end = (outcome: Outcome): void => {
    clearInterval(watch)
    resolve(outcome)
    void worker.terminate()
  }
  worker.on('message', (message: { inputs?: number; fault?: string; n?: number }) =>
    end({ inputs: message.inputs ?? 0, fault: message.fault, n: message.n ?? 0 }),
  )
  worker.on('error', (error) => end({ inputs: 0, fault: String(error), n: Atomics.load(current, 0) }))
  return promise
}

function inputOf(name: string, n: number): string {
  const { corpus = [], words = [], hard = {} } = TARGETS[name] ?? {}
  return n < 0 ? (Object.values(hard)[-1 - n]?.() ?? '') : mutated(corpus, words, seed, n)
}
