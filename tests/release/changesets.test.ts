import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

// What `changeset version` would do now, in a copy of everything it reads and writes.
const ROOT = join(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'stackseal-changesets-'))
afterAll(() => rmSync(copy, { recursive: true }))

const manifests = globSync('{packages,apps}/*/package.json', { cwd: ROOT })
const changelogs = globSync('{packages,apps}/*/CHANGELOG.md', { cwd: ROOT })
for (const file of ['package.json', 'pnpm-workspace.yaml', '.changeset', ...manifests, ...changelogs]) {
  cpSync(join(ROOT, file), join(copy, file), { recursive: true })
}
const changesets = globSync('.changeset/*.md', { cwd: copy })
  .filter((file) => !file.endsWith('README.md'))
  .map((file) => parseChangeset(readFileSync(join(copy, file), 'utf8')))
const before = versions()

const git = (...options: string[]): Buffer =>
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.invalid', ...options], { cwd: copy })
git('init', '--quiet', '--initial-branch=main')
git('add', '.')
git('commit', '--quiet', '--message=before')
execFileSync('node', [join(ROOT, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: copy })
const after = versions()

test('the packages of the repository are one group', () => {
  expect(before.size).toBe(manifests.length)
  expect(new Set(before.values()).size).toBe(1)
})

test('every package gets the one version that the largest change asks for', () => {
  const [current = ''] = before.values()
  const next = bumped(
    current,
    changesets.flatMap(({ bumps }) => [...bumps.values()]),
  )
  expect(new Set(after.values())).toEqual(new Set([next]))
})

test('the first release is 0.1.0', () => {
  const [current = ''] = before.values()
  const [next = ''] = after.values()
  expect(current === '0.0.0' ? next : '0.1.0').toBe('0.1.0')
})

test('packages go on depending on the versions beside them', () => {
  for (const file of manifests) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(copy, file), 'utf8')) as {
      dependencies?: Record<string, string>
    }
    const own = Object.entries(dependencies).filter(([name]) => before.has(name))
    expect(own.map(([, version]) => version)).toEqual(own.map(() => 'workspace:*'))
  }
})

test.each(manifests)(
  'beside %s the changelog says what the changesets say, word for word, and nothing else',
  (file) => {
    const { name } = JSON.parse(readFileSync(join(copy, file), 'utf8')) as { name: string }
    const [old, changed] = [ROOT, copy].map((root) => textOf(join(root, dirname(file), 'CHANGELOG.md'))) as [
      string,
      string,
    ]
    const said = changesets.filter(({ bumps }) => bumps.has(name)).map(({ text }) => text)
    const entries = said.map((text) => `- ${text.replaceAll(/\n(?=.)/g, '\n  ')}`)
    for (const entry of entries) expect(changed).toContain(entry)
    expect(bullets(changed) - bullets(old)).toBe(entries.length)
    expect(changed.includes(`## ${after.get(name)}\n`)).toBe(changesets.length > 0 || old !== '')
  },
)

test('no changeset is left over', () => {
  expect(globSync('.changeset/*.md', { cwd: copy }).filter((file) => !file.endsWith('README.md'))).toEqual([])
})

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function bullets(changelog: string): number {
  return changelog.match(/^- /gm)?.length ?? 0
}

function versions(): Map<string, string> {
  return new Map(
    manifests.map((file) => {
      const { name, version } = JSON.parse(readFileSync(join(copy, file), 'utf8')) as { name: string; version: string }
      return [name, version]
    }),
  )
}

function parseChangeset(text: string): { readonly bumps: ReadonlyMap<string, string>; readonly text: string } {
  const [, head = '', body = ''] = /^---\n(.*?)^---\n(.*)$/ms.exec(text) ?? []
  const bumps = [...head.matchAll(/^['"]?([^'"\n]+?)['"]?: (major|minor|patch)$/gm)]
  return { bumps: new Map(bumps.map(([, name = '', bump = '']) => [name, bump])), text: body.trim() }
}

function bumped(version: string, bumps: readonly string[]): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (bumps.includes('major')) return `${major + 1}.0.0`
  if (bumps.includes('minor')) return `${major}.${minor + 1}.0`
  return bumps.includes('patch') ? `${major}.${minor}.${patch + 1}` : version
}
