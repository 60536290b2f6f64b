import { expect, test } from 'vitest'
import { projectFiles, projectText } from './project-files.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly license?: string
  readonly author?: string
  readonly type?: string
  readonly files?: readonly string[]
  readonly engines?: { readonly node?: string }
  readonly publishConfig?: { readonly access?: string }
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const files = projectFiles()
const published = files
  .filter((file) => /^(?:packages|apps)\/[^/]+\/package\.json$/.test(file))
  .map((file) => ({
    folder: file.replace(/\/package\.json$/, ''),
    manifest: JSON.parse(projectText(file)) as Manifest,
  }))
  .filter(({ manifest }) => manifest.private !== true)

test('there are packages to publish', () => {
  expect(published.length).toBeGreaterThan(3)
})

test.each(published)('$folder says what it is and ships its licence and readme', ({ folder, manifest }) => {
  expect(manifest).toMatchObject({
    license: 'Apache-2.0',
    author: 'The Stackseal authors',
    type: 'module',
    files: ['dist', 'LICENSE', 'README.md'],
    engines: { node: '>=22.15' },
    publishConfig: { access: 'public' },
  })
  expect(projectText(`${folder}/LICENSE`)).toBe(projectText('LICENSE'))
  expect(projectText(`${folder}/README.md`)).toMatch(new RegExp(`^# ${manifest.name}\n\n\\S`))
})

test('packages that are released together have one version', () => {
  expect(new Set(published.map(({ manifest }) => manifest.version)).size).toBe(1)
})

test.each(published)('$folder runs nothing when it is installed', ({ manifest }) => {
  const atInstall = ['preinstall', 'install', 'postinstall', 'prepare']
  expect(Object.keys(manifest.scripts ?? {}).filter((name) => atInstall.includes(name))).toEqual([])
})

test('core and the command line have no runtime dependency', () => {
  const none = published.filter(({ manifest }) => Object.keys(manifest.dependencies ?? {}).length === 0)
  expect(none.map(({ manifest }) => manifest.name)).toEqual(expect.arrayContaining(['@stackseal/core', 'stackseal']))
})

test('every dependency has one exact version', () => {
  const root = JSON.parse(projectText('package.json')) as Manifest
  const loose = [{ folder: '.', manifest: root }, ...published].flatMap(({ folder, manifest }) =>
    Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
      .filter(([, version]) => !/^(?:\d+\.\d+\.\d+(?:-[\w.]+)?|workspace:\*|npm:[\w@/-]+@\d+\.\d+\.\d+)$/.test(version))
      .map(([name, version]) => `${folder}: ${name} ${version}`),
  )
  expect(loose).toEqual([])
})
