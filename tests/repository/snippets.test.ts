import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Session } from '../../apps/cli/test/support/pseudo-terminal.ts'
import { projectText, ROOT } from './project-files.ts'
import { shownCommands, type Snippet, snippetsOf } from './snippets.ts'

// What the pages show is run, and what they say that it prints is what it prints. docs/cli.md is made of the program's
// own tables and has a test of its own.
const PAGES = globSync(['README.md', '{apps,packages,examples}/*/README.md', 'docs/*.md', 'docs/guides/*.md'], {
  cwd: ROOT,
})
  .filter((page) => page !== 'docs/cli.md')
  .toSorted()
const snippets = PAGES.flatMap((page) => snippetsOf(page, projectText(page)))
const isRun = ({ notRun, from }: Snippet): boolean => notRun === undefined && from === undefined
const of = (...languages: readonly string[]): [string, Snippet][] =>
  snippets
    .filter((snippet) => languages.includes(snippet.language) && isRun(snippet))
    .map((snippet) => [`${snippet.page}:${snippet.line}`, snippet])

const STACKSEAL = join(ROOT, 'apps/cli/dist/stackseal.mjs')
/** What stands on the pages for the folder in which somebody works. */
const SHOWN_FOLDER = '/src/shop'
const ANSWER = 'correct-horse-battery-stable'

const work = realpathSync(mkdtempSync(join(tmpdir(), 'stackseal-snippets-')))
afterAll(() => rmSync(work, { recursive: true }))
mkdirSync(join(work, 'bin'))
writeFileSync(join(work, 'bin/stackseal'), `#!/bin/sh\nexec '${process.execPath}' '${STACKSEAL}' "$@"\n`, {
  mode: 0o755,
})
// Programs find the packages as they are built.
const scope = join(work, 'node_modules/@stackseal')
mkdirSync(scope, { recursive: true })
for (const name of globSync('*', { cwd: join(ROOT, 'packages') }))
  symlinkSync(join(ROOT, 'packages', name), join(scope, name))
symlinkSync(join(ROOT, 'examples/provider-age'), join(work, 'node_modules/stackseal-provider-age'))
symlinkSync(join(ROOT, 'examples/provider-age/node_modules/age-encryption'), join(work, 'node_modules/age-encryption'))
mkdirSync(join(work, 'node_modules/@types'))
symlinkSync(join(ROOT, 'node_modules/@types/node'), join(work, 'node_modules/@types/node'))
writeFileSync(join(work, 'package.json'), '{"type":"module"}')

const env = {
  PATH: `${join(work, 'bin')}:${process.env['PATH'] ?? ''}`,
  HOME: work,
  TERM: 'xterm',
  PULUMI_CONFIG_PASSPHRASE: 'a passphrase for the pages',
}

function folderOf({ page, line }: Snippet): string {
  const folder = join(work, `${page.replaceAll('/', '-')}-${line}`)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Runs a session of a page on a real terminal, in an empty folder, and answers its questions. */
async function play(snippet: Snippet): Promise<string> {
  const cwd = folderOf(snippet)
  for (const { command, shown } of shownCommands(snippet.text)) {
    const session = new Session([], { cwd, env: { ...env, NO_COLOR: '1' }, script: command })
    const question = /^.*: *$/m.exec(shown)?.[0].trimEnd()
    if (question !== undefined) {
      await session.see(question)
      session.type(`${ANSWER}\r`)
    }
    expect({ command, exit: await session.end() }).toEqual({ command, exit: 0 })
    const lines = session.shown.replaceAll('\r\n', '\n').replaceAll(cwd, SHOWN_FOLDER).replaceAll(/ +$/gm, '')
    expect(`$ ${command}\n${lines}`).toBe(`$ ${command}\n${shown}`)
  }
  return cwd
}

describe('a session shows what the page says', () => {
  test.each(of('console'))('%s', async (_name, snippet) => {
    const cwd = await play(snippet)
    expect(shownCommands(snippet.text).length).toBeGreaterThan(0)
    // A program on the same page goes on from there: what it prints stands behind its console.log.
    for (const program of snippets.filter(({ page, language }) => page === snippet.page && language === 'ts')) {
      writeFileSync(join(cwd, 'program.ts'), program.text)
      const { stdout, stderr } = spawnSync(process.execPath, ['program.ts'], { cwd, env, encoding: 'utf8' })
      const said = [...program.text.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text = '']) => text)
      expect({ stdout, stderr }).toEqual({ stdout: said.map((line) => `${line}\n`).join(''), stderr: '' })
      expect(said.length).toBeGreaterThan(0)
    }
  })
})

describe('commands of a page run', () => {
  test.each(of('sh'))('%s', (_name, snippet) => {
    const ran = spawnSync('sh', ['-e', '-c', snippet.text], { cwd: folderOf(snippet), env, encoding: 'utf8' })
    expect({ status: ran.status, failure: /^(?:stackseal|warning):.*$/m.exec(ran.stderr)?.[0] }).toEqual({ status: 0 })
    expect(ran.stdout).not.toBe('')
    expect(ran.stdout).toBe(snippet.output ?? ran.stdout)
  })
})

describe('a program of a page prints what the page says', () => {
  test.each(of('js'))('%s', (_name, snippet) => {
    const cwd = folderOf(snippet)
    writeFileSync(join(cwd, 'program.js'), snippet.text)
    const { stdout, stderr } = spawnSync(process.execPath, ['program.js'], { cwd, env, encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: snippet.output, stderr: '' })
  })
})

test('every TypeScript program of a page has no error of types', () => {
  const folder = join(work, 'types')
  mkdirSync(folder)
  const programs = of('ts')
  for (const [, { page, line, text }] of programs) {
    writeFileSync(join(folder, `${page.replaceAll(/[/.]/g, '-')}-${line}.ts`), text)
  }
  const options = { target: 'es2024', module: 'nodenext', types: ['node'], noEmit: true, skipLibCheck: true }
  const compilerOptions = { ...options, strict: true }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  expect(programs.length).toBeGreaterThan(0)
})

test('what is not run says why, and is not the rule', () => {
  const shells = snippets.filter(({ language }) => language === 'sh')
  const notRun = snippets.filter((snippet) => snippet.notRun !== undefined)
  const run = of('sh', 'console', 'js', 'ts')
  console.log(`snippets: ${run.length} run; not run, with the reason on the page: ${notRun.length}`)
  expect(shells.filter((snippet) => !isRun(snippet) && (snippet.notRun ?? '').length < 10)).toEqual([])
  // A change of this number is meant to be seen.
  expect(notRun.length).toBe(21)
})

test('every part of a file that a page shows names a file that is there', () => {
  const parts = snippets.filter(({ from }) => from !== undefined)
  for (const { from = '' } of parts) expect(projectText(from)).not.toBe('')
})
