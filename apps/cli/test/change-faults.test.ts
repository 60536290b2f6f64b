import { chmodSync, chownSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { skipVisibly, whyNoMount, whyNotRoot } from '../../../packages/stack/test/skip-visibly.ts'
import { type Aftermath, type FaultyChange, KilledChange, whyNoStrace } from './support/killed-change.ts'

const THOROUGH = process.env['STACKSEAL_TEST_THOROUGH'] === '1'
const SECRETS = 8
const NOBODY = 65_534

/** What a fault made of a change, and a recovery of that. */
interface Outcome {
  readonly during: FaultyChange
  readonly after: Aftermath
}

/** What has to hold: the error says truthfully whether something was changed, and a recovery leaves one key and nothing else. */
function judgement({ during, after }: Outcome): unknown {
  const isTrue = during.exit === 0 ? during.isChanged : during.said === during.isChanged
  return isTrue && after.exit === 0 && after.leftovers.length === 0 && after.key !== 'mixed'
    ? 'good'
    : { during, after }
}

const allGood = (outcomes: readonly Outcome[]): void => {
  expect(outcomes.map(judgement).filter((each) => each !== 'good')).toEqual([])
}

function tell(what: string, outcomes: readonly Outcome[]): void {
  const count = (of: (outcome: Outcome) => boolean): number => outcomes.filter(of).length
  const counts = {
    cases: outcomes.length,
    failed: count(({ during }) => during.exit !== 0),
    'failed after something was changed': count(({ during }) => during.exit !== 0 && during.isChanged),
    'old key': count(({ after }) => after.key === 'old'),
    'new key': count(({ after }) => after.key === 'new'),
    mixed: count(({ after }) => after.key === 'mixed'),
  }
  // oxlint-disable-next-line no-console -- the counts are what this test is run for
  console.log(`${what}: ${JSON.stringify(counts)}`)
}

/** Calls of a change, and of which every how many is met by default. */
const CALLS = [
  { call: 'fsync', stride: 11 },
  { call: 'rename', stride: 4 },
  { call: 'unlink', stride: 7 },
  { call: 'link', stride: 3 },
  { call: 'write', stride: 2 },
] as const

test.for(CALLS)(
  'the disk fails (EIO) at any $call of a change',
  { timeout: 900_000 },
  async ({ call, stride }, context) => {
    const reason = whyNoStrace()
    if (reason !== undefined) skipVisibly(context, reason)
    const change = await KilledChange.with(SECRETS)
    const outcomes: Outcome[] = []
    const log = join(change.folder, 'strace.log')
    // Node itself writes too, but to no file of ours.
    const only = call === 'write' ? change.everyWritten.flatMap((path) => ['-P', path]) : []
    for (let when = 1; when < 300; when += THOROUGH ? 1 : stride) {
      change.reset()
      const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=EIO:when=${when}`]
      const during = await change.change(['strace', '-f', '-qq', '-o', log, ...inject, ...only])
      if (!readFileSync(log, 'utf8').includes('(INJECTED)')) break
      outcomes.push({ during, after: await change.next(['stack', 'recover']) })
    }
    tell(`EIO at ${call}`, outcomes)
    allGood(outcomes)
    expect(outcomes.length).toBeGreaterThan(THOROUGH ? 2 : 1)
    change.remove()
  },
)

const PLACES = ['project', 'backend'] as const

test.for(PLACES)('the disk of the %s fails (EIO) from some moment on', { timeout: 900_000 }, async (place, context) => {
  const reason = whyNoStrace()
  if (reason !== undefined) skipVisibly(context, reason)
  const change = await KilledChange.with(SECRETS)
  const outcomes: Outcome[] = []
  const log = join(change.folder, 'strace.log')
  const target = place === 'project' ? change.file : change.state
  const staged = change.written.filter((path) => dirname(path) === dirname(target))
  const only = [dirname(target), target, ...staged].flatMap((path) => ['-P', path])
  for (const call of ['fsync', 'rename', 'unlink', 'write', 'openat']) {
    for (let when = 1; when < 60; when += THOROUGH ? 1 : 4) {
      change.reset()
      const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=EIO:when=${when}+`]
      const during = await change.change(['strace', '-f', '-qq', '-o', log, ...inject, ...only])
      if (!readFileSync(log, 'utf8').includes('(INJECTED)')) break
      outcomes.push({ during, after: await change.next(['stack', 'recover']) })
    }
  }
  tell(`EIO on the disk of the ${place} from some moment on`, outcomes)
  allGood(outcomes)
  expect(outcomes.length).toBeGreaterThan(4)
  change.remove()
})

test.for(PLACES)('a full disk (ENOSPC) of the %s', { timeout: 300_000 }, async (place, context) => {
  const reason = whyNoMount()
  if (reason !== undefined) skipVisibly(context, reason)
  const outcomes: Outcome[] = []
  // Each file of ours takes one page: so many more find room.
  for (let room = 0; room <= 12; room += THOROUGH ? 1 : 3) {
    const change = await KilledChange.with(SECRETS)
    await change.inNamespace(`
      cp -a ${place} original; mkdir report
      mount -t tmpfs -o size=256k tmpfs ${place}; cp -a original/. ${place}
      for i in $(seq 1 ${room}); do head -c 4096 /dev/zero >${place}/room$i; done
      cat /dev/zero >${place}/filler 2>/dev/null || true
      rm -f ${place}/room*
      change "$1" report/error && echo 0 >report/exit || echo $? >report/exit
      cp project/Pulumi.dev.yaml report/file; cp backend/.pulumi/stacks/vec/dev.json report/state
      rm ${place}/filler
      cp -a ${place} left`)
    const report = (name: string): string => readFileSync(join(change.folder, 'report', name), 'utf8')
    // What lay on that disk lies here now, where there is room.
    await change.inNamespace(`rm -r ${place}; mv left ${place}`)
    copyFileSync(join(change.folder, 'report/file'), change.file)
    copyFileSync(join(change.folder, 'report/state'), change.state)
    const during = change.judged(Number(report('exit')), report('error'))
    outcomes.push({ during, after: await change.next(['stack', 'recover']) })
    change.remove()
  }
  tell(`ENOSPC on the disk of the ${place}`, outcomes)
  allGood(outcomes)
  const failed = outcomes.map(({ during }) => during).filter(({ exit }) => exit !== 0)
  for (const during of failed) {
    expect(during).toMatchObject({ code: 'ERR_IO', message: expect.stringContaining('the disk is full') as string })
  }
  expect(new Set(outcomes.map(({ during }) => during.exit))).toEqual(new Set([0, 1]))
})

test.for([...PLACES, 'notes'] as const)(
  'a read-only disk (EROFS) of the %s',
  { timeout: 120_000 },
  async (place, context) => {
    const reason = whyNoMount()
    if (reason !== undefined) skipVisibly(context, reason)
    const change = await KilledChange.with(SECRETS)
    await change.inNamespace(`
    mkdir report; mount --bind ${place} ${place}; mount -o remount,ro,bind ${place}
    change "$1" report/error && echo 0 >report/exit || echo $? >report/exit`)
    const report = (name: string): string => readFileSync(join(change.folder, 'report', name), 'utf8')
    const during = change.judged(Number(report('exit')), report('error'))
    expect(during).toMatchObject({
      exit: 1,
      code: 'ERR_IO',
      message: expect.stringContaining('read-only') as string,
      said: false,
      isChanged: false,
    })
    expect(await change.next(['stack', 'recover'])).toMatchObject({ exit: 0, key: 'old', leftovers: [] })
    expect(await change.change()).toMatchObject({ exit: 0, isChanged: true })
    change.remove()
  },
)

const FORBIDDEN = [
  ['the folder of the stack file', 'project', 0o555],
  ['the stack file', 'project/Pulumi.dev.yaml', 0o444],
  ['the folder of the state', 'backend/.pulumi/stacks/vec', 0o555],
  ['the state', 'backend/.pulumi/stacks/vec/dev.json', 0o444],
  ['the folder of the locks', 'backend/.pulumi/locks/organization/vec/dev', 0o555],
  ['the folder of the journal', 'notes/changes', 0o555],
] as const

test.for(FORBIDDEN)('another user may not write to %s (EACCES)', async ([, path, mode], context) => {
  const reason = whyNotRoot()
  if (reason !== undefined) skipVisibly(context, reason)
  const change = await KilledChange.with(SECRETS)
  give(change.folder, NOBODY)
  const forbidden = join(change.folder, path)
  const { mode: before } = statSync(forbidden)
  chownSync(forbidden, 0, 0)
  chmodSync(forbidden, mode)
  const during = await change.change([], NOBODY)
  expect(during).toMatchObject({ exit: 1, code: 'ERR_IO', said: false, isChanged: false })
  expect(during.message).toContain('permission denied')
  chownSync(forbidden, NOBODY, NOBODY)
  chmodSync(forbidden, before & 0o777)
  expect(await change.next(['stack', 'recover'])).toMatchObject({ exit: 0, key: 'old', leftovers: [] })
  give(change.folder, NOBODY)
  expect(await change.change([], NOBODY)).toMatchObject({ exit: 0, isChanged: true })
  expect(existsSync(change.file)).toBe(true)
  change.remove()
})

/** Gives everything below a folder, and the folder, to a user. */
function give(folder: string, uid: number): void {
  chownSync(folder, uid, uid)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) chownSync(join(folder, name), uid, uid)
}
