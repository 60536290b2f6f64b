import { expect, test } from 'vitest'
import { Progress } from '../src/progress.ts'
import { Terminal } from '../src/terminal.ts'
import { Session } from './support/pseudo-terminal.ts'
import { start } from './support/stackseal.ts'
import { largeState } from './support/large-state.ts'

const ESCAPE = '\u001b'

function told({ onTerminal, quiet = false }: { readonly onTerminal: boolean; readonly quiet?: boolean }): {
  readonly terminal: Terminal
  readonly text: () => string
} {
  let text = ''
  const terminal = new Terminal({
    env: {},
    quiet,
    streams: { write: (_fd, what) => void (text += Buffer.from(what).toString()), isTerminal: () => onTerminal },
  })
  return { terminal, text: () => text }
}

/** A clock that is set by hand, in milliseconds. */
function clock(): { now: number; readonly read: () => number } {
  const made = { now: 0, read: () => made.now }
  return made
}

test('says nothing within the first second', () => {
  const { terminal, text } = told({ onTerminal: true })
  const time = clock()
  const progress = new Progress(terminal, { what: 'working', size: 100, now: time.read })
  for (time.now = 0; time.now < 1_000; time.now += 100) progress.secrets(time.now)
  progress.end()
  expect(text()).toBe('')
})

test('draws a bar with counts and the time left on a terminal, in one place, and takes it away', () => {
  const { terminal, text } = told({ onTerminal: true })
  const time = clock()
  const progress = new Progress(terminal, { what: 'working', size: 1_000, now: time.read })
  progress.bytes(250)
  time.now = 2_000
  progress.secrets(1_234_567)
  const line = 'working: [#####...............] 25 %, 1,234,567 secrets, 6 s left'
  expect(text()).toBe(line)
  time.now = 2_050
  progress.secrets(1_300_000)
  expect(text()).toBe(line)
  time.now = 2_100
  progress.bytes(500)
  expect(text()).toBe(`${line}\r${ESCAPE}[Kworking: [##########..........] 50 %, 1,300,000 secrets, 3 s left`)
  progress.end()
  expect(text().endsWith(`left\r${ESCAPE}[K`)).toBe(true)
})

test('makes room for whatever else is said', () => {
  const { terminal, text } = told({ onTerminal: true })
  const time = clock()
  const progress = new Progress(terminal, { what: 'working', size: undefined, now: time.read })
  time.now = 1_500
  progress.bytes(3 * 1024 * 1024)
  expect(text()).toBe('working: 3 MiB read')
  terminal.warn('beware')
  expect(text()).toContain(`read\r${ESCAPE}[K`)
  expect(text().endsWith('beware\n')).toBe(true)
})

test('prints a plain line every five seconds elsewhere', () => {
  const { terminal, text } = told({ onTerminal: false })
  const time = clock()
  const progress = new Progress(terminal, { what: 'working', size: 100, now: time.read })
  for (time.now = 0; time.now <= 12_000; time.now += 500) {
    progress.bytes(time.now / 120)
    progress.secrets(time.now)
  }
  progress.end()
  expect(text()).toBe(
    [
      'working: [#...................] 8 %, 500 secrets, 11 s left\n',
      'working: [##########..........] 50 %, 5,500 secrets, 6 s left\n',
      'working: [##################..] 91 %, 10,500 secrets, 1 s left\n',
    ].join(''),
  )
})

test.each([true, false])('says nothing with --quiet (on a terminal: %s)', (onTerminal) => {
  const { terminal, text } = told({ onTerminal, quiet: true })
  const time = clock()
  const progress = new Progress(terminal, { what: 'working', size: 100, now: time.read })
  time.now = 60_000
  progress.bytes(50)
  progress.end()
  expect(text()).toBe('')
})

test('a state of many secrets shows a bar on a terminal, and ends without it', async () => {
  const { file, env, stackFile } = await largeState()
  const session = new Session([], {
    env,
    script: `$STACKSEAL state rekey ${file} --to-stack-file ${stackFile} >/dev/null`,
  })
  expect(await session.end()).toBe(0)
  expect(session.shown).toMatch(/re-keying: \[#*\.*\] \d+ %, [\d,]+ secrets, \d+ s left/)
  expect(session.shown.endsWith(`\r${ESCAPE}[K`)).toBe(true)
})

test('in a pipe it prints lines, and none with --quiet', async () => {
  const { file, env, stackFile } = await largeState()
  const args = ['state', 'rekey', file, '--to-stack-file', stackFile]
  const plain = start(args, { env })
  plain.child.stdin.end()
  const { stderr, exit } = await plain.bytes
  expect(exit).toBe(0)
  expect(stderr).toMatch(/^re-keying: \[#*\.*\] \d+ %, [\d,]+ secrets, \d+ s left\n/)
  const quiet = start([...args, '--quiet'], { env })
  quiet.child.stdin.end()
  expect((await quiet.bytes).stderr).toBe('')
})
