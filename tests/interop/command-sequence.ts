import { isStacksealError } from '@stackseal/core'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { anyCommand, type Command, type StackName, STACKS } from './command.ts'
import { mayBeRefused, mayLoseItsType } from './known-differences.ts'
import { placeOf, type Reading, valueAt } from './library-side.ts'
import type { Sides } from './edit-sequence.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Ran } from './run-command.ts'

/** A project with two stacks: its own file and theirs, by their names. */
export interface StartingProject {
  readonly projectFile: string
  readonly projectText: string
  /** `.yaml`, `.yml` or `.json`: that of the project file. */
  readonly extension: string
  readonly stacks: Readonly<Record<StackName, string>>
}

type Files = Readonly<Record<StackName, Buffer>>

/**
 * Plays commands on two copies of a project, Stackseal's built command line on one and Pulumi on the other. Either each
 * goes on with its own files, or both go on with those of one of them, now this one's, now that one's.
 */
export class CommandSequence {
  readonly #sides: Sides
  readonly #random: SeededRandom
  readonly #start: StartingProject
  readonly #ours: string
  readonly #theirs: string
  readonly #apart: boolean
  readonly #said: string[] = []

  constructor(sides: Sides, name: string, random: SeededRandom, start: StartingProject, apart: boolean) {
    this.#sides = sides
    this.#random = random
    this.#start = start
    this.#apart = apart
    const projects = join(sides.playground.folder, 'projects')
    this.#ours = join(projects, `${name}-ours`)
    this.#theirs = join(projects, `${name}-theirs`)
    for (const folder of [this.#ours, this.#theirs]) {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, start.projectFile), start.projectText)
      for (const stack of STACKS) writeFileSync(this.#file(folder, stack), start.stacks[stack])
    }
  }

  /** Throws an error that tells the whole step where the two part; gives the number of steps played. */
  async play(steps: number): Promise<number> {
    for (let step = 0; step < steps; step++) {
      const before = this.#files(this.#ours)
      this.#said.splice(0, Infinity, `step ${step + 1}`, ...shownFiles('before it', before))
      const command = anyCommand(this.#random, {
        dev: (await this.#read(this.#ours, 'dev')).entries,
        prod: (await this.#read(this.#ours, 'prod')).entries,
      })
      this.#said.push(`the command: ${JSON.stringify(command.arguments)} < ${JSON.stringify(command.stdin)}`)
      await this.#both(command)
    }
    return steps
  }

  async #both(command: Command): Promise<void> {
    const before = this.#files(this.#ours)
    const theirsBefore = this.#files(this.#theirs)
    const readingBefore = await this.#read(this.#ours, command.changes)
    const { playground } = this.#sides
    const [ours, theirs] = await Promise.all([
      playground.stackseal(this.#ours, command.arguments, command.stdin),
      playground.pulumi(this.#theirs, command.arguments, command.stdin),
    ])
    const after = this.#files(this.#ours)
    this.#said.push(`ours: exit ${ours.exit} ${ours.stderr}`, ...shownFiles('ours', after))
    this.#said.push(
      `Pulumi: exit ${theirs.exit} ${theirs.stderr}`,
      ...shownFiles('of Pulumi', this.#files(this.#theirs)),
    )
    const other = command.changes === 'dev' ? 'prod' : 'dev'
    this.#same(after[other].toString(), before[other].toString(), 'the other stack is not touched')
    if (ours.exit !== 0) {
      this.#same(after[command.changes].toString(), before[command.changes].toString(), 'a refusal changes nothing')
    }
    if ((ours.exit === 0) !== (theirs.exit === 0)) {
      this.#checkRefusal(command, ours, theirs)
      // One has made what the other has not: both go on from where they were.
      this.#put(this.#ours, before)
      this.#put(this.#theirs, theirsBefore)
      return
    }
    if (ours.exit !== 0) return
    await this.#compare(command, readingBefore)
    if (this.#apart) return
    const from = this.#random.chance(60) ? this.#ours : this.#theirs
    this.#put(this.#ours, this.#files(from))
    this.#put(this.#theirs, this.#files(from))
  }

  /** Both command lines' listings of their own files, and Pulumi's of the file of Stackseal. */
  async #compare(command: Command, before: Reading): Promise<void> {
    const { playground } = this.#sides
    const listing = ['config', '-s', command.changes, '--show-secrets', '--json']
    const crosswise = this.#random.chance(30)
    const [ours, theirs, readByPulumi] = await Promise.all([
      crosswise
        ? playground.stackseal(this.#ours, listing)
        : this.#read(this.#ours, command.changes).then((reading) => ({ exit: 0, stdout: reading.listing, stderr: '' })),
      playground.pulumi(this.#theirs, listing),
      crosswise || !this.#apart ? playground.pulumi(this.#ours, listing) : undefined,
    ])
    for (const ran of [ours, theirs, readByPulumi]) {
      if (ran !== undefined && ran.exit !== 0) throw new Error(this.#report(`a listing fails: ${ran.stderr}`))
    }
    if (readByPulumi !== undefined) this.#same(ours.stdout, readByPulumi.stdout, 'Pulumi reads our file as we do')
    const lost = command.edits
      .filter((edit) => mayLoseItsType(edit, valueAt(before.entries, placeOf(edit) ?? [])))
      .map((edit) => placeOf(edit)?.[0])
    this.#same(without(ours.stdout, lost), without(theirs.stdout, lost), 'both have the same values')
    await this.#sameSecrets(command.changes, lost)
  }

  /** Listings do not tell a secret inside a value from a plain text: the models do. */
  async #sameSecrets(stack: StackName, lost: readonly (string | undefined)[]): Promise<void> {
    const [ours, theirs] = [await this.#read(this.#ours, stack), await this.#read(this.#theirs, stack)]
    this.#same(without(ours.model, lost), without(theirs.model, lost), 'both have the same secrets')
  }

  #checkRefusal(command: Command, ours: Ran, theirs: Ran): void {
    const by = ours.exit === 0 ? 'pulumi' : 'stackseal'
    const said = by === 'pulumi' ? theirs.stderr : ours.stderr
    const known = command.edits.some((edit) => mayBeRefused(by, said, edit, placeOf(edit) ?? [], []))
    if (!known) throw new Error(this.#report('one side refused what the other side made'))
  }

  #file(folder: string, stack: StackName): string {
    return join(folder, `Pulumi.${stack}${this.#start.extension}`)
  }

  #files(folder: string): Files {
    return { dev: readFileSync(this.#file(folder, 'dev')), prod: readFileSync(this.#file(folder, 'prod')) }
  }

  #put(folder: string, files: Files): void {
    for (const stack of STACKS) writeFileSync(this.#file(folder, stack), files[stack])
  }

  async #read(folder: string, stack: StackName): Promise<Reading> {
    try {
      return await this.#sides.library.read(folder, stack)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      throw new Error(this.#report(`a file can not be read: ${error.message} (${error.code})`), { cause: error })
    }
  }

  #same(actual: string, expected: string, claim: string): void {
    if (actual === expected) return
    throw new Error(this.#report(`does not hold: ${claim}\nfound:\n${actual}\nexpected:\n${expected}`))
  }

  #report(what: string): string {
    return [what, ...this.#said].join('\n\n')
  }
}

function shownFiles(whose: string, files: Files): string[] {
  return STACKS.map((stack) => `the file of ${stack}, ${whose}:\n${files[stack].toString()}`)
}

/** A listing without the keys at which the reference may have kept a text where a number was set. */
function without(listing: string, keys: readonly (string | undefined)[]): string {
  if (keys.length === 0) return listing
  return JSON.stringify(Object.entries(JSON.parse(listing) as object).filter(([key]) => !keys.includes(key)))
}
