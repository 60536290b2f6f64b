import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { acquireLock } from '../src/files/file-lock.ts'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { replaceFile, stagedPath } from '../src/files/replace-file.ts'
import { skipVisibly } from './skip-visibly.ts'
import { runInjected, whyNoStrace } from './strace.ts'
import { bytesOf, temporaryFolder } from './temporary-folder.ts'

const NAME = 'Pulumi.dev.yaml'
const OLD = 'config:\n  a: old\n'
const NEW = 'config:\n  a: new\n'

/** System calls of a locked write, and how often it makes each at least. */
const CALLS = [
  { call: 'write', least: 1 },
  { call: 'fsync', least: 3 },
  { call: 'fchmod', least: 1 },
  { call: 'link', least: 1 },
  { call: 'rename', least: 1 },
  { call: 'unlink', least: 2 },
] as const

interface Left {
  readonly text: string
  readonly names: readonly string[]
}

function start(): { file: string; look: () => Left } {
  const file = join(temporaryFolder(), NAME)
  writeFileSync(file, OLD)
  return { file, look: () => ({ text: readFileSync(file, 'utf8'), names: readdirSync(dirname(file)) }) }
}

/** The next command's work: nothing that is left may be in its way. */
async function writeNext(file: string): Promise<void> {
  const lock = await acquireLock(nodeFileSystem, file, { command: 'test', timeoutMs: 0 })
  replaceFile(nodeFileSystem, file, bytesOf('next'), readFileSync(file))
  lock.release()
  expect(readdirSync(dirname(file))).toEqual([NAME])
  expect(readFileSync(file, 'utf8')).toBe('next')
}

/** Only the staged file's: Node writes to pipes of its own. */
function pathsFor(call: string, file: string): { readonly paths?: readonly string[] } {
  return call === 'write' ? { paths: [stagedPath(file)] } : {}
}

test.for(CALLS)(
  'killed at each $call: the old or the new file, and nothing in the way',
  async ({ call, least }, context) => {
    const reason = whyNoStrace()
    if (reason !== undefined) skipVisibly(context, reason)
    let kills = 0
    for (let when = 1, met = true; met; when++) {
      const { file, look } = start()
      const injection = { call, what: 'signal=KILL', when, ...pathsFor(call, file) }
      const injected = await runInjected({ child: 'replace-once' }, [file, NEW], injection)
      ;({ met } = injected)
      if (met) kills++
      expect(met ? [OLD, NEW] : [NEW]).toContain(look().text)
      await writeNext(file)
    }
    expect(kills).toBeGreaterThanOrEqual(least)
  },
)

const REFUSED = CALLS.map(({ call, least }) => ({ call, least, errno: call === 'write' ? 'ENOSPC' : 'EIO' }))

test.for(REFUSED)(
  '$errno at each $call: the error says what became of the file',
  async ({ call, least, errno }, context) => {
    const reason = whyNoStrace()
    if (reason !== undefined) skipVisibly(context, reason)
    let refusals = 0
    for (let when = 1, met = true; met; when++) {
      const { file, look } = start()
      const injection = { call, what: `error=${errno}`, when, ...pathsFor(call, file) }
      const injected = await runInjected({ child: 'replace-once' }, [file, NEW], injection)
      ;({ met } = injected)
      if (met) refusals++
      const { text, names } = look()
      const { code, details } = JSON.parse(injected.stdout)
      const changed = code === 'done' || details.changed === true
      expect(['done', 'ERR_IO']).toContain(code)
      expect(text).toBe(changed ? NEW : OLD)
      expect(names).not.toContain(basename(stagedPath(file)))
      await writeNext(file)
    }
    expect(refusals).toBeGreaterThanOrEqual(least)
  },
)
