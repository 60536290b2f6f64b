import { isStacksealError } from '@stackseal/core'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { anyEdit, argumentsOf, type Edit, inputOf } from './edit.ts'
import { mayBeRefused, mayLoseItsType, setsLostText } from './known-differences.ts'
import { type LibrarySide, placeOf, type Reading, valueAt } from './library-side.ts'
import type { Playground } from './playground.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SharedPlace, StartingFile } from './starting-file.ts'

const LISTING = ['config', '-s', 'dev', '--show-secrets', '--json']

/** What became of an edit: made, or refused with the words of whoever refused it. */
interface Outcome {
  readonly refused?: string
  /** It was made, and then neither side could read the file. */
  readonly unreadable?: boolean
}

export interface Sides {
  readonly playground: Playground
  readonly library: LibrarySide
}

/** Plays a few edits, each by both sides from the same file, and goes on with the file of one of them. */
export class EditSequence {
  readonly #sides: Sides
  readonly #random: SeededRandom
  readonly #ours: string
  readonly #theirs: string
  readonly #file: string
  readonly #hasProjectConfig: boolean
  #shared: readonly SharedPlace[]
  #text: Buffer
  #reading: Reading | undefined
  /** What has been done so far, for whoever has to understand a failure. */
  readonly #said: string[] = []

  constructor(sides: Sides, name: string, random: SeededRandom, start: StartingFile) {
    this.#sides = sides
    this.#random = random
    this.#shared = start.shared
    this.#text = Buffer.from(start.text)
    const { playground } = sides
    this.#hasProjectConfig = start.project !== undefined
    const isJson = start.format === 'json'
    this.#file = isJson ? 'Pulumi.dev.json' : 'Pulumi.dev.yaml'
    const [ours, theirs] = [`${name}-ours`, `${name}-theirs`]
    this.#ours = isJson ? playground.jsonProject(ours) : playground.project(ours, undefined, start.project)
    this.#theirs = isJson ? playground.jsonProject(theirs) : playground.project(theirs, undefined, start.project)
  }

  /** Throws an error that tells the whole step where the two part; gives the number of steps played. */
  async play(steps: number): Promise<number> {
    for (let step = 0; step < steps; step++) {
      this.#restore()
      this.#said.splice(0, Infinity, `step ${step + 1}`, `the file before it:\n${this.#text.toString()}`)
      this.#reading = await this.#read(this.#ours, 'the file before the edit')
      const edit = this.#nextEdit(this.#reading)
      this.#said.push(`the edit: ${shown(edit)}`)
      // The first file is hand-written: its layout has to live through an edit of ours before Pulumi prints it anew.
      await this.#both(edit, step === 0 || this.#random.chance(60))
    }
    return steps
  }

  #restore(): void {
    for (const folder of [this.#ours, this.#theirs]) writeFileSync(join(folder, this.#file), this.#text)
  }

  #nextEdit(reading: Reading): Edit {
    for (;;) {
      const edit = anyEdit(this.#random, reading.entries)
      if (!setsLostText(edit)) return edit
    }
  }

  async #both(edit: Edit, goOnWithOurs: boolean): Promise<void> {
    const [ours, theirs] = await Promise.all([this.#editByUs(edit), this.#editByPulumi(edit)])
    const oursText = readFileSync(join(this.#ours, this.#file))
    const theirsText = readFileSync(join(this.#theirs, this.#file))
    this.#said.push(`ours: ${ours.refused ?? 'made'}`, `the file of ours:\n${oursText.toString()}`)
    this.#said.push(`Pulumi: ${theirs.refused ?? 'made'}`, `the file of Pulumi:\n${theirsText.toString()}`)
    if (ours.unreadable === true) {
      if (theirs.unreadable !== true) throw new Error(this.#report('Pulumi reads its own file, and nobody reads ours'))
      return
    }
    if (ours.refused !== undefined)
      this.#same(oursText.toString(), this.#text.toString(), 'a refused edit changes nothing')
    if ((ours.refused === undefined) !== (theirs.refused === undefined)) {
      this.#checkRefusal(edit, ours, theirs)
      if (ours.refused !== undefined) {
        this.#goOn(theirsText)
        return
      }
      const alone = await this.#read(this.#ours, 'our file after the edit')
      this.#same(
        alone.listing,
        await this.#pulumisListing(this.#ours, alone.listing),
        'Pulumi lists what it refused to set',
      )
      return
    }
    if (ours.refused !== undefined) return
    const reading = await this.#read(this.#ours, 'our file after the edit')
    const theirReading = await this.#read(this.#theirs, "Pulumi's file after the edit")
    const typeIsLost = reading.model !== theirReading.model && this.#mayLoseItsType(edit)
    const [model = '', theirModel = ''] = [reading, theirReading].map((it) =>
      typeIsLost ? without(it.model, edit) : it.model,
    )
    this.#same(model, theirModel, 'the values of our file are those of the file of Pulumi')
    this.#checkCiphertexts(edit, reading)
    const folder = goOnWithOurs ? this.#ours : this.#theirs
    const listing = (goOnWithOurs ? reading : theirReading).listing
    this.#same(
      listing,
      await this.#pulumisListing(folder, listing),
      `our listing of ${goOnWithOurs ? 'our file' : "Pulumi's file"} is that of Pulumi`,
    )
    if (goOnWithOurs) this.#text = oursText
    else this.#goOn(theirsText)
  }

  #mayLoseItsType(edit: Edit): boolean {
    return mayLoseItsType(edit, valueAt(this.#reading?.entries ?? [], placeOf(edit) ?? []))
  }

  #goOn(text: Buffer): void {
    this.#text = text
    this.#shared = [] // Pulumi writes every alias and merge key out
  }

  /** By the built command line now and then; it is the library otherwise, which is ten times as fast. */
  async #editByUs(edit: Edit): Promise<Outcome> {
    if (this.#random.chance(25)) {
      const ran = await this.#sides.playground.stackseal(this.#ours, ['--json', ...argumentsOf(edit)], inputOf(edit))
      return ran.exit === 0 ? this.#madeBy(this.#ours) : { refused: ran.stderr }
    }
    try {
      await this.#sides.library.edit(this.#ours, edit)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      return { refused: `${error.message} (${error.code})` }
    }
    return this.#madeBy(this.#ours)
  }

  async #editByPulumi(edit: Edit): Promise<Outcome> {
    const { playground } = this.#sides
    const ran = await playground.pulumi(this.#theirs, argumentsOf(edit), inputOf(edit))
    return ran.exit === 0 ? this.#madeBy(this.#theirs) : { refused: ran.stderr }
  }

  /** A file that was written is read by both sides or by neither, whoever wrote it. */
  async #madeBy(folder: string): Promise<Outcome> {
    const { playground, library } = this.#sides
    try {
      await library.read(folder)
      return {}
    } catch (error) {
      if (!isStacksealError(error)) throw error
      const listed = await playground.pulumi(folder, LISTING)
      // Only a project's configuration gives a reason to write what can not be read afterwards.
      const isOurs = folder === this.#ours
      if (listed.exit === 0 || (isOurs && !this.#hasProjectConfig)) throw error
      return { refused: `it wrote a file that it can not read: ${listed.stderr}`, unreadable: true }
    }
  }

  #checkRefusal(edit: Edit, ours: Outcome, theirs: Outcome): void {
    const place = placeOf(edit) ?? []
    const known =
      ours.refused === undefined
        ? mayBeRefused('pulumi', theirs.refused ?? '', edit, place, this.#shared)
        : mayBeRefused('stackseal', ours.refused, edit, place, this.#shared)
    if (!known) throw new Error(this.#report('one side refused what the other side made'))
  }

  /** Every secret that the edit does not name keeps its ciphertext, wherever it has moved to. */
  #checkCiphertexts(edit: Edit, after: Reading): void {
    const place = placeOf(edit) ?? []
    const now = new Set(after.secrets.map(({ ciphertext }) => ciphertext))
    const lost = this.#reading?.secrets.filter(({ path, ciphertext }) => {
      const inside = place.every((name, i) => path[i] === name)
      // What stands above a place that gets a value gives way to a mapping or a list.
      const above = path.every((name, i) => place[i] === name)
      return !inside && !above && !now.has(ciphertext)
    })
    this.#same(JSON.stringify(lost), '[]', 'secrets that did not change keep their ciphertexts')
  }

  async #pulumisListing(folder: string, ours: string): Promise<string> {
    const { playground } = this.#sides
    const byProgram = this.#random.chance(15)
    const [pulumi, built] = await Promise.all([
      playground.pulumi(folder, LISTING),
      byProgram ? playground.stackseal(folder, LISTING) : undefined,
    ])
    if (pulumi.exit !== 0) throw new Error(this.#report(`Pulumi can not list: ${pulumi.stderr}`))
    if (built !== undefined) this.#same(built.stdout, ours, 'the command line prints what the library says')
    return pulumi.stdout
  }

  async #read(folder: string, what: string): Promise<Reading> {
    try {
      return await this.#sides.library.read(folder)
    } catch (error) {
      if (!isStacksealError(error)) throw error
      const { stdout, stderr } = await this.#sides.playground.pulumi(folder, LISTING)
      this.#said.push(`Pulumi reads:\n${stdout}${stderr}`)
      throw new Error(this.#report(`${what} can not be read: ${error.message} (${error.code})`), { cause: error })
    }
  }

  #same(actual: string, expected: string, claim: string): void {
    if (actual === expected) return
    this.#said.push(firstDifference(actual, expected))
    throw new Error(this.#report(`does not hold: ${claim}`))
  }

  #report(what: string): string {
    return [what, ...this.#said].join('\n\n')
  }
}

function shown(edit: Edit): string {
  return `${JSON.stringify(argumentsOf(edit))}${inputOf(edit) === '' ? '' : ` < ${JSON.stringify(inputOf(edit))}`}`
}

/** A listing without the key that an edit names. */
function without(listing: string, edit: Edit): string {
  const [printed = ''] = placeOf(edit) ?? []
  return JSON.stringify(Object.entries(JSON.parse(listing) as object).filter(([key]) => key !== printed))
}

/** The lines from the first one in which two texts differ, a few of each. */
function firstDifference(actual: string, expected: string): string {
  const [a, b] = [actual.split('\n'), expected.split('\n')]
  const at = a.findIndex((line, i) => line !== b[i])
  const from = Math.max(0, at < 0 ? a.length - 1 : at - 2)
  return `found:\n${a.slice(from, from + 8).join('\n')}\n\nexpected:\n${b.slice(from, from + 8).join('\n')}`
}
