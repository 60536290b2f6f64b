import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Playground } from './playground.ts'
import type { Ran } from './run-command.ts'

export const FILE = 'Pulumi.dev.yaml'

/** One `config set` of a key of its own, from before it was started to after it had ended (milliseconds). */
export interface Attempt {
  readonly key: string
  readonly from: number
  readonly to: number
  readonly ran: Ran
  /** The file right after the command had ended. */
  readonly text: string
}

/** What two loops of `config set` on one file did, and how often the file was found empty, whole or cut meanwhile. */
export interface Loops {
  readonly theirs: readonly Attempt[]
  readonly ours: readonly Attempt[]
  readonly seen: ReadonlyMap<string, number>
}

/** Runs a loop of Pulumi beside a loop of ours, on a stack file that holds nothing but its salt. */
export class SetLoops {
  readonly #playground: Playground
  readonly #folder: string
  readonly #file: string
  readonly #head: string
  readonly #theirs: Attempt[] = []
  readonly #ours: Attempt[] = []
  #over = false

  constructor(playground: Playground, folder: string) {
    this.#playground = playground
    this.#folder = folder
    this.#file = join(folder, FILE)
    this.#head = readFileSync(this.#file, 'utf8')
  }

  async run(rounds: number): Promise<Loops> {
    const [seen] = await Promise.all([
      this.#watch(),
      // Whoever fails ends the other loops too.
      this.#pulumiSets(rounds).finally(() => (this.#over = true)),
      this.#weSet().finally(() => (this.#over = true)),
    ])
    return { theirs: this.#theirs, ours: this.#ours, seen }
  }

  async #pulumiSets(rounds: number): Promise<void> {
    for (let i = 0; i < rounds && !this.#over; i++) {
      const words = ['config', 'set', '-s', 'dev', `theirs${i}`, `${i}`]
      this.#theirs.push(await this.#attempt(`proj:theirs${i}`, () => this.#playground.pulumi(this.#folder, words)))
      // Now and then one of ours, the second from now, has the file to itself.
      const enough = i % 3 === 2 ? this.#ours.length + 2 : 0
      while (this.#ours.length < enough && !this.#over) await sleep(5)
    }
  }

  async #weSet(): Promise<void> {
    for (let i = 0; !this.#over; i++) {
      const words = ['config', 'set', '-s', 'dev', ...(i % 4 === 3 ? ['--secret'] : []), `ours${i}`, `${i}`]
      this.#ours.push(await this.#attempt(`proj:ours${i}`, () => this.#playground.stackseal(this.#folder, words)))
    }
  }

  async #attempt(key: string, run: () => Promise<Ran>): Promise<Attempt> {
    const from = performance.now()
    const ran = await run()
    return { key, from, ran, text: readFileSync(this.#file, 'utf8'), to: performance.now() }
  }

  async #watch(): Promise<Map<string, number>> {
    const seen = new Map<string, number>()
    while (!this.#over) {
      const state = this.#state(readFileSync(this.#file, 'utf8'))
      seen.set(state, (seen.get(state) ?? 0) + 1)
      await sleep(1)
    }
    return seen
  }

  #state(text: string): 'empty' | 'whole' | 'cut' {
    if (text === '') return 'empty'
    return text.startsWith(this.#head) && text.endsWith('\n') ? 'whole' : 'cut'
  }
}
