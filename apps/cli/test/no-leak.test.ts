import { spawn } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { namesIn } from './support/folder-state.ts'
import { LEAK_CASES, PASSPHRASE, PLAIN_SECRET, SECRET } from './support/leak-cases.ts'
import { project } from './support/project.ts'
import type { TestProject } from './support/project.ts'
import { cleanEnv, folder, PROGRAM, stackseal } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

// No error, trace, log or crash report holds a passphrase or a secret. Marks stand in for both: they are looked for, as
// they are and in base64 and hex, in all that a command prints or leaves.
const MARKS = [PASSPHRASE, SECRET, PLAIN_SECRET]

/** A text that holds a mark in some spelling, however it is aligned in base64. */
function spellings(mark: string): string[] {
  const bytes = Buffer.from(mark)
  // Whole groups of three bytes, from each of the three places where the mark can begin.
  const aligned = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + Math.floor((bytes.length - skip) / 3) * 3))
  return [
    mark,
    ...aligned.map((part) => part.toString('base64')),
    ...aligned.map((part) => part.toString('base64url')),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    [...bytes].join(','),
    encodeURIComponent(mark).replaceAll('-', '%2D'),
  ]
}

const LOOKED_FOR = MARKS.flatMap(spellings)

function found(text: string): string[] {
  return LOOKED_FOR.filter((spelling) => text.includes(spelling))
}

/** Every mark in the files below a folder. */
function foundIn(at: string): string[] {
  return namesIn(at).flatMap((name) => {
    const path = join(at, name)
    return lstatSync(path).isFile() ? found(readFileSync(path, 'latin1')).map((mark) => `${name}: ${mark}`) : []
  })
}

/** A process's places: home, temporary folder, working folder. */
interface Places {
  readonly on: TestProject
  readonly env: Record<string, string>
  readonly folders: readonly string[]
}

async function places(passphrase = PASSPHRASE): Promise<Places> {
  const on = project('')
  const [home, temporary, reports] = [folder('home'), folder('tmp'), folder('reports')] as [string, string, string]
  const env = {
    HOME: home,
    PULUMI_HOME: join(home, '.pulumi'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_STATE_HOME: join(home, '.state'),
    TMPDIR: temporary,
    PULUMI_STACK: 'dev',
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    NODE_OPTIONS: `--report-uncaught-exception --report-on-fatalerror --report-on-signal --report-directory=${reports}`,
  }
  writeFileSync(on.file, await sealedFile())
  return { on, env, folders: [on.folder, home, temporary, reports] }
}

/** A stack file under the marked passphrase with the marked secret in it; made once. */
let sealed: Promise<string> | undefined
function sealedFile(): Promise<string> {
  sealed ??= makeSealedFile()
  return sealed
}

async function makeSealedFile(): Promise<string> {
  const on = project('', 'vec')
  const options = { cwd: on.folder, env: { PULUMI_STACK: 'dev', PULUMI_CONFIG_PASSPHRASE: PASSPHRASE } }
  await stackseal(['stack', 'init', 'dev'], options)
  await stackseal(['config', 'set', '--secret', 's'], { ...options, stdin: SECRET })
  await stackseal(['config', 'set', '--secret', '--path', 'o.list[0]'], { ...options, stdin: SECRET })
  await stackseal(['config', 'set', 'plain', 'hello'], options)
  expect(on.text().match(/secure: v1:/g)?.length).toBe(2)
  return on.text()
}

describe('with --debug', () => {
  test.each(LEAK_CASES)('$name', async ({ args, stdin, prepare, env, exit }) => {
    const { on, env: base, folders } = await places()
    prepare?.(on)
    const waiting = on.text()
    const ran: Ran = await stackseal([...args, '--debug'], {
      cwd: on.folder,
      env: { ...base, ...env },
      stdin: stdin ?? '',
    })
    expect({ exit: ran.exit, failed: ran.exit !== 0 }).toEqual({ exit: exit ?? ran.exit, failed: exit === undefined })
    expect(ran.stderr).toMatch(/^(debug|stackseal|\{"error")/m)
    expect(found(ran.stdout + ran.stderr)).toEqual([])
    // A secret that waits in plain text stands in the file that was prepared, and nowhere else.
    const own = found(waiting).map((mark) => `Pulumi.dev.yaml: ${mark}`)
    const inProjectFile = found(readFileSync(join(on.folder, 'Pulumi.yaml'), 'utf8')).map(
      (mark) => `Pulumi.yaml: ${mark}`,
    )
    expect(folders.flatMap(foundIn).toSorted()).toEqual([...own, ...inProjectFile].toSorted())
  })
})

test('a report on a running process holds no environment', async (context) => {
  context.skip(process.platform === 'win32', 'Windows has no signal that asks for a report')
  const { on, env, folders } = await places()
  const reports = folders[3] ?? ''
  const child = spawn(process.execPath, [PROGRAM, 'config', 'set', '--secret', 'new', '--debug'], {
    cwd: on.folder,
    env: cleanEnv(env),
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const closed = Promise.withResolvers<number | null>()
  child.on('close', closed.resolve)
  let told = ''
  const reading = Promise.withResolvers<void>()
  child.stderr.on('data', (part: Buffer) => {
    told += part.toString()
    // The file was read: now it waits for the value on standard input.
    if (told.includes('read ')) reading.resolve()
  })
  await reading.promise
  child.stdin.write(SECRET)
  child.kill('SIGUSR2')
  const deadline = Date.now() + 20_000
  const written = (): boolean =>
    readdirSync(reports).some((name) => readFileSync(join(reports, name), 'utf8').trimEnd().endsWith('}'))
  while (!written() && Date.now() < deadline) await new Promise((later) => setTimeout(later, 50))
  child.stdin.end()
  expect(await closed.promise).toBe(0)
  expect(readdirSync(reports).length).toBe(1)
  expect(folders.flatMap(foundIn)).toEqual([])
  expect(found(told)).toEqual([])
})

test('the marks are found where they are', () => {
  for (const mark of MARKS) {
    for (const before of ['', 'x', 'xy']) {
      const text = Buffer.from(`${before}${mark} and more`)
      expect(found(text.toString('base64')).length).toBeGreaterThan(0)
      expect(found(text.toString('hex')).length).toBeGreaterThan(0)
    }
  }
  const at = folder('found')
  mkdirSync(join(at, 'deep'))
  writeFileSync(join(at, 'deep', '.hidden'), SECRET)
  expect(foundIn(at)).toEqual([`deep/.hidden: ${SECRET}`])
})
