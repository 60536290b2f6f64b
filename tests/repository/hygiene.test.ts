import { homedir } from 'node:os'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { brokenLinks } from './links.ts'
import { projectFiles, projectText, ROOT } from './project-files.ts'

const files = projectFiles()
const texts = new Map(files.map((file) => [file, projectText(file)]))

/** Every line of the project that fits a pattern, as `file:line`. */
function linesWith(pattern: RegExp, where: (file: string) => boolean = () => true): string[] {
  return [...texts].filter(([file]) => where(file)).flatMap(([file, text]) => matchingLines(file, text, pattern))
}

function matchingLines(file: string, text: string, pattern: RegExp): string[] {
  if (!pattern.test(text)) return []
  return text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : []))
}

const isTest = (file: string): boolean => /\.(?:test|bench)\.ts$/.test(file)

// `context.skip('why')` inside a test is the one way to leave it out: the run prints the reason.
const SWITCHED_OFF = /\b(?:describe|suite|it|test|bench)(?:\.\w+)*\.(?:only|skip|todo|skipIf|runIf|fails)\b/
const SKIP_WITHOUT_REASON = /\bskip\((?!.*['"`])/

test('no test is singled out, switched off or made conditional', () => {
  expect(linesWith(SWITCHED_OFF, isTest)).toEqual([])
})

test('a test that can not run here says why', () => {
  expect(linesWith(SKIP_WITHOUT_REASON, isTest)).toEqual([])
})

test.each([
  ['test', '.only(', "'x', run)"],
  ['it', '.skip(', "'x', run)"],
  ['describe.concurrent', '.todo', "('x')"],
  ['test', '.skipIf', '(here)'],
])('finds %s%s', (...parts) => {
  expect(parts.join('')).toMatch(SWITCHED_OFF)
})

test('finds a skip without a reason, and lets one with a reason pass', () => {
  expect(['context.skip', '()'].join('')).toMatch(SKIP_WITHOUT_REASON)
  expect(['context.skip', '(noUnshare)'].join('')).toMatch(SKIP_WITHOUT_REASON)
  expect("context.skip(noUnshare, 'unshare is not permitted here')").not.toMatch(SKIP_WITHOUT_REASON)
})

// Put together here, so that this file does not name them either.
const REGISTRIES = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['npm', 'pkg', 'github', 'com'],
  ['proxy', 'golang', 'org'],
  ['sum', 'golang', 'org'],
  ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['crates', 'io'],
  ['deb', 'debian', 'org'],
  ['repo1', 'maven', 'org'],
].map((parts) => parts.join(String.raw`\.`))
const REGISTRY_SETTING = /(?:resolved|tarball|registry|index-url|GOPROXY)["' :=]+https?:\/\//

test('no file names the host of a package registry', () => {
  expect(linesWith(new RegExp(REGISTRIES.join('|')))).toEqual([])
  expect(linesWith(REGISTRY_SETTING)).toEqual([])
})

test('the check for registries finds one', () => {
  expect(['"resolved": ', '"https://example.invalid/x.tgz"'].join('')).toMatch(REGISTRY_SETTING)
  expect(['https://registry', 'npmjs', 'org/x'].join('.')).toMatch(new RegExp(REGISTRIES.join('|')))
})

// Folders that every machine has: a text may speak of them.
const EVERYWHERE = new Set(['/', '/tmp', '/home', '/usr', '/opt', '/srv', '/var', '/mnt', '/var/tmp', '/usr/src'])

test('no file names a folder of the machine it was written on', () => {
  const folders = [ROOT.replace(/\/$/, ''), dirname(ROOT), homedir()].filter((folder) => !EVERYWHERE.has(folder))
  expect(folders.length).toBeGreaterThan(0)
  for (const folder of folders) {
    const escaped = folder.replaceAll(/[.+?^${}()|[\]\\*]/g, String.raw`\$&`)
    expect(linesWith(new RegExp(`(?<![\\w.])${escaped}/`))).toEqual([])
  }
})

test('every link between pages leads somewhere', () => {
  const pages = new Map([...texts].filter(([file]) => file.endsWith('.md') && !file.startsWith('vectors/pulumi/')))
  expect(pages.size).toBeGreaterThan(0)
  expect([...pages.keys()].flatMap((page) => brokenLinks(page, pages, new Set(files)))).toEqual([])
})

test('a link to a missing page or heading is found, and code is not a link', () => {
  const pages = new Map([
    [
      'docs/a.md',
      '# One `two` three!\n[b](b.md#head) [c](c.md) [d](#one-two-three) [e](#no)\n`[f](f.md)`\n```\n[g](g.md)\n```\n[h]: ../h.md\n',
    ],
    ['docs/b.md', '## Head\n'],
  ])
  const found = brokenLinks('docs/a.md', pages, new Set(pages.keys()))
  expect(found).toEqual(['docs/a.md: c.md', 'docs/a.md: #no', 'docs/a.md: ../h.md'])
})
