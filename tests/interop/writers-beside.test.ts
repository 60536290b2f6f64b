import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LibrarySide } from './library-side.ts'
import { Playground, skipWithoutPulumi } from './playground.ts'
import type { Ran } from './run-command.ts'

const FILE = 'Pulumi.dev.yaml'
const ROUNDS_OF_PULUMI = 25
/** One `config set` of a key of its own, from before it was started to after it had ended (milliseconds). */
interface Attempt {
  readonly key: string
  readonly from: number
  readonly to: number
  readonly ran: Ran
  /** The file right after the command had ended. */
  readonly text: string
}

// Pulumi takes no lock and truncates the file in place (docs/format.md, "Replacing the file"), so a change of ours can be
// overwritten by a run of Pulumi that had read the file before. What must hold: we never say that a change was made when
// it was not, whatever we lost was lost to a run of Pulumi at the same time, and the file is never cut or emptied by us.
test('sets beside sets of Pulumi: none of ours is lost silently, and the file stays whole', { timeout: 300_000 }, async (context) => {
  skipWithoutPulumi(context)
  using playground = new Playground()
  const folder = playground.project('shop')
  const file = join(folder, FILE)
  expect(await playground.pulumi(folder, ['stack', 'init', 'dev'])).toMatchObject({ exit: 0 })
  const salt = readFileSync(file, 'utf8')

  const set = async (key: string, run: () => Promise<Ran>): Promise<Attempt> => {
    const from = performance.now()
    const ran = await run()
    return { key, from, text: readFileSync(file, 'utf8'), to: performance.now(), ran }
  }
  const theirs: Attempt[] = []
  const mine: Attempt[] = []
  let pulumiIsDone = false
  const pulumis = async (): Promise<void> => {
    for (let i = 0; i < ROUNDS_OF_PULUMI; i++) {
      theirs.push(await set(`proj:theirs${i}`, () => playground.pulumi(folder, ['config', 'set', '-s', 'dev', `theirs${i}`, `${i}`])))
      // Now and then one of ours, the second from now, has the file to itself.
      const enough = i % 3 === 2 ? mine.length + 2 : 0
      while (mine.length < enough && !context.signal.aborted) await sleep(5)
    }
    pulumiIsDone = true
  }
  const ours = async (): Promise<void> => {
    for (let i = 0; !pulumiIsDone; i++) {
      const secret = i % 4 === 3 ? ['--secret'] : []
      mine.push(await set(`proj:ours${i}`, () => playground.stackseal(folder, ['config', 'set', '-s', 'dev', ...secret, `ours${i}`, `${i}`])))
    }
  }
  const wholeFiles = async (): Promise<Map<string, number>> => {
    const seen = new Map<string, number>()
    while (!pulumiIsDone) {
      const text = readFileSync(file, 'utf8')
      const what = text === '' ? 'empty' : text.startsWith(salt) && text.endsWith('\n') ? 'whole' : `cut: ${text}`
      seen.set(what, (seen.get(what) ?? 0) + 1)
      await sleep(1)
    }
    return seen
  }
  const [samples] = await Promise.all([wholeFiles(), pulumis(), ours()])

  // Each of ours was made, or was refused because the file was changing, and says so.
  const made = mine.filter(({ ran }) => ran.exit === 0)
  for (const { ran } of mine.filter((it) => !made.includes(it))) {
    expect(ran.stderr).toMatch(/ERR_CHANGED_MEANWHILE|ERR_MALFORMED_FILE|ERR_MISSING_SEALED_KEY|ERR_NO_SECRETS_PROVIDER/)
    expect(ran.stderr).toContain(`${FILE} was not changed`)
  }
  const last = await set('proj:last', () => playground.stackseal(folder, ['config', 'set', '-s', 'dev', 'last', 'x']))
  expect(last.ran.exit, last.ran.stderr).toBe(0)

  // The end: a whole file that both read alike, with the salt of the beginning and nothing left lying beside it.
  const listing = (await new LibrarySide(playground.env).read(folder)).listing
  expect((await playground.pulumi(folder, ['config', '-s', 'dev', '--show-secrets', '--json'])).stdout).toBe(listing)
  expect(readFileSync(file, 'utf8').startsWith(salt)).toBe(true)
  expect(readdirSync(folder).toSorted()).toEqual([FILE, 'Pulumi.yaml'].toSorted())
  expect([...samples.keys()].filter((what) => what.startsWith('cut'))).toEqual([])

  const kept = new Set(Object.keys(JSON.parse(listing) as object))
  const meets = (a: Attempt, b: Attempt): boolean => a.from < b.to && b.from < a.to
  const lost = made.filter(({ key }) => !kept.has(key))
  // Lost to a run of Pulumi that was under way while ours was, and to nothing else.
  expect(lost.filter((it) => !theirs.some((run) => meets(it, run)))).toEqual([])
  // What was not in the file any more when our command had ended had been written over by such a run.
  expect(made.filter((it) => !it.text.includes(`${it.key}:`) && !theirs.some((run) => meets(it, run)))).toEqual([])
  expect(kept.has('proj:last')).toBe(true)
  // And the other way round: no change of Pulumi is lost but to one of ours at the same time.
  const theirLost = theirs.filter(({ key, ran }) => ran.exit === 0 && !kept.has(key))
  expect(theirLost.filter((it) => !mine.some((run) => meets(it, run)))).toEqual([])
  // The case is worth nothing if the two never met, or always did.
  expect(made.filter((it) => theirs.some((run) => meets(it, run))).length).toBeGreaterThan(0)
  expect(made.filter((it) => !theirs.some((run) => meets(it, run))).length).toBeGreaterThan(0)

  console.log(
    `beside ${theirs.length} sets of Pulumi: ${mine.length} of ours, ${made.length} made (${lost.length} of them written over by Pulumi), ` +
      `${mine.length - made.length} refused (${refusals(mine)}); ${theirLost.length} of Pulumi's written over by ours; seen in between: ${JSON.stringify(Object.fromEntries(samples))}`,
  )
})

/** The codes of refusals, once each. */
function refusals(sets: readonly Attempt[]): string {
  return [...new Set(sets.flatMap(({ ran }) => /ERR_\w+/.exec(ran.stderr) ?? []))].join(', ')
}

// What Pulumi does to the file, one step at a time: on a busy disk some 60 ms lie between the truncation and the write.
test('a set while Pulumi has emptied the file and not yet written it costs nothing of the file', async () => {
  using playground = new Playground()
  const folder = playground.project('shop')
  const file = join(folder, FILE)
  expect(await playground.stackseal(folder, ['stack', 'init', 'dev'])).toMatchObject({ exit: 0 })
  expect(await playground.stackseal(folder, ['config', 'set', 'before', '1'])).toMatchObject({ exit: 0 })
  const text = readFileSync(file, 'utf8')

  const fd = openSync(file, 'w')
  const ours = playground.stackseal(folder, ['config', 'set', 'ours', '2'])
  await sleep(350)
  writeSync(fd, `${text}  proj:theirs: "3"\n`)
  closeSync(fd)
  const { exit, stderr } = await ours
  const now = readFileSync(file, 'utf8')
  expect(now.startsWith(`${text}  proj:theirs: "3"\n`), now).toBe(true)
  // Made after theirs, or refused because the file was changing.
  if (exit === 0) expect(now).toContain('proj:ours: "2"')
  else expect(stderr).toMatch(/ERR_CHANGED_MEANWHILE/)
})
