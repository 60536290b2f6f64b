import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { LibrarySide } from './library-side.ts'
import { Playground, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'
import { type Attempt, FILE, SetLoops } from './set-loops.ts'

const ROUNDS_OF_PULUMI = 25

// Pulumi takes no lock and truncates the file in place (docs/format.md, "Replacing the file"), so a change of ours can be
// overwritten by a run of Pulumi that had read the file before. What must hold: we never say that a change was made when
// it was not, whatever we lost was lost to a run of Pulumi at the same time, and the file is never cut or emptied by us.
test(
  'sets beside sets of Pulumi: none of ours is lost silently, and the file stays whole',
  { timeout: 300_000 },
  async (context) => {
    skipWithoutPulumi(context)
    using playground = new Playground()
    const folder = playground.project('shop')
    await out(playground.pulumi(folder, ['stack', 'init', 'dev']))
    const salt = readFileSync(join(folder, FILE), 'utf8')
    const { theirs, ours, seen } = await new SetLoops(playground, folder).run(ROUNDS_OF_PULUMI)

    // Each of ours was made, or was refused because the file was changing, and says so.
    const made = ours.filter(({ ran }) => ran.exit === 0)
    const refused = ours.filter(({ ran }) => ran.exit !== 0)
    expect(refused.filter(({ ran }) => !ran.stderr.includes('ERR_CHANGED_MEANWHILE'))).toEqual([])
    expect(refused.filter(({ ran }) => !ran.stderr.includes(`${FILE} was not changed`))).toEqual([])

    // The end: a whole file that both read alike, with the salt of the beginning and nothing left lying beside it.
    await out(playground.stackseal(folder, ['config', 'set', '-s', 'dev', 'last', 'x']))
    const { listing } = await new LibrarySide(playground.env).read(folder)
    expect(await out(playground.pulumi(folder, ['config', '-s', 'dev', '--show-secrets', '--json']))).toBe(listing)
    expect(readFileSync(join(folder, FILE), 'utf8').startsWith(salt)).toBe(true)
    expect(readdirSync(folder).toSorted()).toEqual([FILE, 'Pulumi.yaml'])
    expect(seen.get('cut')).toBeUndefined()

    // Lost to a run of Pulumi that was under way while ours was, and to nothing else; and the other way round.
    const kept = new Set(Object.keys(JSON.parse(listing) as object))
    const lost = made.filter(({ key }) => !kept.has(key))
    const theirLost = theirs.filter(({ key, ran }) => ran.exit === 0 && !kept.has(key))
    expect(kept).toContain('proj:last')
    expect(lost.filter((attempt) => !meetsAny(attempt, theirs))).toEqual([])
    expect(theirLost.filter((attempt) => !meetsAny(attempt, ours))).toEqual([])
    // What was not in the file any more when our command had ended had been written over by such a run.
    const gone = made.filter(({ key, text }) => !text.includes(`${key}:`))
    expect(gone.filter((attempt) => !meetsAny(attempt, theirs))).toEqual([])
    // The case is worth nothing if the two never met, or always did.
    expect(made.some((attempt) => meetsAny(attempt, theirs))).toBe(true)
    expect(made.some((attempt) => !meetsAny(attempt, theirs))).toBe(true)

    console.log(
      `beside ${theirs.length} sets of Pulumi ${made.length} of ours were made (Pulumi wrote over ${lost.length}) and ` +
        `${refused.length} refused; ours wrote over ${theirLost.length}; seen: ${JSON.stringify(Object.fromEntries(seen))}`,
    )
  },
)

// What Pulumi does to the file, one step at a time: on a busy disk some 60 ms lie between the truncation and the write.
test('a set while Pulumi has emptied the file and not yet written it costs nothing of the file', async () => {
  using playground = new Playground()
  const folder = playground.project('shop')
  const file = join(folder, FILE)
  await out(playground.stackseal(folder, ['stack', 'init', 'dev']))
  await out(playground.stackseal(folder, ['config', 'set', 'before', '1']))
  const theirs = `${readFileSync(file, 'utf8')}  proj:theirs: "3"\n`

  const fd = openSync(file, 'w')
  const ours = playground.stackseal(folder, ['config', 'set', 'ours', '2'])
  await sleep(350)
  writeSync(fd, theirs)
  closeSync(fd)
  const { exit, stderr } = await ours
  // Made after theirs, or refused because the file was changing.
  const refused = stderr.includes('ERR_CHANGED_MEANWHILE')
  expect({ exit, file: readFileSync(file, 'utf8') }).toEqual(
    refused ? { exit: 5, file: theirs } : { exit: 0, file: `${theirs}  proj:ours: "2"\n` },
  )
})

function meetsAny(attempt: Attempt, others: readonly Attempt[]): boolean {
  return others.some((other) => attempt.from < other.to && other.from < attempt.to)
}
