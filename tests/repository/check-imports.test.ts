import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { checkImports } from '../../tools/check-imports.ts'

const MANIFESTS = {
  'packages/core/package.json': '{ "name": "@stackseal/core" }',
  'packages/stack/package.json': '{ "name": "@stackseal/stack" }',
  'packages/provider-passphrase/package.json': '{ "name": "@stackseal/provider-passphrase" }',
  'packages/provider-other/package.json':
    '{ "name": "@stackseal/provider-other", "dependencies": { "other-sdk": "1.0.0" } }',
  'packages/provider-testkit/package.json': '{ "name": "@stackseal/provider-testkit" }',
  'apps/cli/package.json': '{ "name": "stackseal" }',
  'examples/provider-file/package.json': '{ "name": "example" }',
}

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** Makes a tree of the given files and says what the check finds in it, as `file:line rule`. */
function findings(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'stackseal-imports-'))
  folders.push(root)
  for (const [file, text] of Object.entries({ ...MANIFESTS, ...files })) {
    mkdirSync(join(root, dirname(file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  return checkImports(root).map(({ file, line, rule }) => `${file}:${line} ${rule}`)
}

const ALLOWED: readonly [file: string, text: string][] = [
  ['packages/core/src/aes.ts', "import { createCipheriv } from 'node:crypto'\nexport const a = createCipheriv"],
  ['packages/core/src/a.ts', "import type { B } from './b.ts'\nexport const a = { process: 1 as B }"],
  ['packages/core/src/index.ts', "export { a } from './a.ts'"],
  ['packages/core/src/property.ts', 'export const pid = (world: { process: { pid: number } }) => world.process.pid'],
  [
    'packages/provider-other/src/connect.ts',
    "import type { C } from 'other-sdk'\nexport const c = () => import('other-sdk')",
  ],
  ['packages/provider-other/src/file.ts', "import { readFileSync } from 'node:fs'\nexport const r = readFileSync"],
  ['packages/provider-passphrase/src/derive.ts', "import { pbkdf2 } from 'node:crypto'\nexport const p = pbkdf2"],
  [
    'packages/stack/src/file.ts',
    "import { join } from 'node:path'\nimport { parseDocument } from 'yaml'\nexport const x = [join, parseDocument]",
  ],
  ['packages/stack/src/lock.ts', "import { kill, pid } from 'node:process'\nexport const l = [kill, pid]"],
  ['packages/stack/src/hash.ts', "import { createHash } from 'node:crypto'\nexport const h = createHash"],
  [
    'apps/cli/src/main.ts',
    "import { argv } from 'node:process'\nimport { Stack } from '@stackseal/stack'\nexport const m = [argv, Stack, process.pid]",
  ],
  ['apps/cli/src/providers.ts', "export const p = () => import('@stackseal/provider-passphrase')"],
  [
    'apps/cli/src/version.ts',
    "import manifest from '../package.json' with { type: 'json' }\nexport const v = manifest",
  ],
  [
    'examples/provider-file/src/provider.ts',
    "import { wrappingProvider } from '@stackseal/core'\nexport const w = wrappingProvider",
  ],
]

test.each(ALLOWED)('allows what %s does', (file, text) => {
  expect(findings({ [file]: text })).toEqual([])
})

const REFUSED: readonly [what: string, file: string, text: string, rule: string][] = [
  [
    'core importing a module of Node',
    'packages/core/src/a.ts',
    "import { readFileSync } from 'node:fs'",
    'packages/core may not import node:fs',
  ],
  [
    'core importing a type of Node',
    'packages/core/src/a.ts',
    "import type { Stats } from 'node:fs'",
    'packages/core may not import node:fs',
  ],
  ['core importing a package', 'packages/core/src/a.ts', "import 'yaml'", 'packages/core may not import yaml'],
  [
    'core importing another room',
    'packages/core/src/a.ts',
    "import { x } from '@stackseal/stack'",
    'packages/core may not import @stackseal/stack',
  ],
  [
    'core re-exporting another room',
    'packages/core/src/a.ts',
    "export { x } from '@stackseal/stack'",
    'packages/core may not import @stackseal/stack',
  ],
  [
    'core naming another room in a type',
    'packages/core/src/a.ts',
    "export type X = import('@stackseal/stack').X",
    'packages/core may not import @stackseal/stack',
  ],
  [
    'core touching the global process',
    'packages/core/src/a.ts',
    'export const e = process.env',
    'packages/core may not touch process',
  ],
  [
    'core touching process by way of globalThis',
    'packages/core/src/a.ts',
    "export const e = globalThis['process']",
    'packages/core may not touch process',
  ],
  [
    'a provider statically importing its SDK',
    'packages/provider-other/src/a.ts',
    "import { C } from 'other-sdk'",
    'packages/provider-other may load other-sdk only by import()',
  ],
  [
    'a provider importing stack',
    'packages/provider-other/src/a.ts',
    "import { S } from '@stackseal/stack'",
    'packages/provider-other may not import @stackseal/stack',
  ],
  [
    'a provider importing another provider',
    'packages/provider-other/src/a.ts',
    "await import('@stackseal/provider-passphrase')",
    'packages/provider-other may not import @stackseal/provider-passphrase',
  ],
  [
    'a provider importing node:crypto',
    'packages/provider-other/src/a.ts',
    "import { createHash } from 'node:crypto'",
    'packages/provider-other may not import node:crypto',
  ],
  [
    'a provider reading the environment',
    'packages/provider-other/src/a.ts',
    "import { env } from 'node:process'",
    'packages/provider-other may not import node:process',
  ],
  [
    'the passphrase provider opening a connection',
    'packages/provider-passphrase/src/a.ts',
    "import 'node:net'",
    'packages/provider-passphrase may not import node:net',
  ],
  [
    'the passphrase provider loading a package',
    'packages/provider-passphrase/src/a.ts',
    "await import('other-sdk')",
    'packages/provider-passphrase may not import other-sdk',
  ],
  [
    'the testkit importing vitest',
    'packages/provider-testkit/src/a.ts',
    "import { test } from 'vitest'",
    'packages/provider-testkit may not import vitest',
  ],
  [
    'the testkit importing a provider',
    'packages/provider-testkit/src/a.ts',
    "import '@stackseal/provider-other'",
    'packages/provider-testkit may not import @stackseal/provider-other',
  ],
  [
    'stack importing a provider',
    'packages/stack/src/a.ts',
    "import '@stackseal/provider-passphrase'",
    'packages/stack may not import @stackseal/provider-passphrase',
  ],
  [
    'stack loading a provider',
    'packages/stack/src/a.ts',
    "await import('@stackseal/provider-passphrase')",
    'packages/stack may not import @stackseal/provider-passphrase',
  ],
  [
    'stack importing node:process',
    'packages/stack/src/a.ts',
    "import { env } from 'node:process'",
    'packages/stack may import only kill and pid from node:process',
  ],
  [
    'stack touching the global process',
    'packages/stack/src/a.ts',
    'const { cwd } = process',
    'packages/stack may not touch process',
  ],
  [
    'stack importing another package',
    'packages/stack/src/a.ts',
    "import 'js-yaml'",
    'packages/stack may not import js-yaml',
  ],
  [
    'stack importing the CLI',
    'packages/stack/src/a.ts',
    "import 'stackseal'",
    'packages/stack may not import stackseal',
  ],
  [
    'stack loading something computed',
    'packages/stack/src/a.ts',
    'export const l = (m: string) => import(m)',
    'packages/stack may import() only a literal, so that it can be seen what is loaded',
  ],
  [
    'the CLI statically importing a provider',
    'apps/cli/src/a.ts',
    "import { p } from '@stackseal/provider-other'",
    'apps/cli may load @stackseal/provider-other only by import()',
  ],
  [
    'the CLI importing a known SDK',
    'apps/cli/src/a.ts',
    "await import('@aws-sdk/client-kms')",
    'apps/cli may not import @aws-sdk/client-kms: an SDK belongs in its provider',
  ],
  [
    'the CLI importing what a provider depends on',
    'apps/cli/src/a.ts',
    "import type { C } from 'other-sdk'",
    'apps/cli may not import other-sdk: an SDK belongs in its provider',
  ],
  [
    'an example reaching into stack',
    'examples/provider-file/src/a.ts',
    "import '@stackseal/stack'",
    'examples/provider-file may not import @stackseal/stack',
  ],
  [
    'a relative path into another package',
    'packages/stack/src/a.ts',
    "import '../../core/src/errors.ts'",
    '../../core/src/errors.ts leaves the sources of packages/stack: import a package by its name',
  ],
  [
    'a file inside another package',
    'packages/stack/src/a.ts',
    "import '@stackseal/core/src/errors.ts'",
    'import @stackseal/core, not a file inside it',
  ],
  [
    'the own index.ts',
    'packages/core/src/a.ts',
    "import type { X } from './index.ts'",
    'nobody imports the index.ts of their own package',
  ],
  [
    'the own package by its name',
    'packages/core/src/a.ts',
    "import { X } from '@stackseal/core'",
    '@stackseal/core is this package: import the file that holds it',
  ],
  [
    'export * in an index.ts',
    'packages/core/src/index.ts',
    "export * from './a.ts'",
    'an index.ts is a list of named exports, without export *',
  ],
  ['a module of Node without node:', 'packages/stack/src/a.ts', "import 'fs'", 'write node:fs'],
  ['require', 'packages/stack/src/a.ts', "require('yaml')", 'packages/stack is an ES module: import, not require'],
  [
    'a file importing itself',
    'packages/core/src/a.ts',
    "import type { X } from './a.ts'",
    'a circle: packages/core/src/a.ts → packages/core/src/a.ts',
  ],
  [
    'a package without a row in the table',
    'packages/new/src/a.ts',
    'export const a = 1',
    'packages/new has no row in tools/rooms.ts',
  ],
]

test.each(REFUSED)('refuses %s', (_, file, text, rule) => {
  expect(findings({ [file]: text })).toEqual([`${file}:1 ${rule}`])
})

test('names the line of a broken rule', () => {
  const text = "import type { A } from './b.ts'\n\nexport const later = () => import('node:fs')\n"
  expect(findings({ 'packages/core/src/a.ts': text })).toEqual([
    'packages/core/src/a.ts:3 packages/core may not import node:fs',
  ])
})

test('refuses node:crypto in a second file of a package, and names both', () => {
  const text = "import { createHash } from 'node:crypto'"
  const rule = 'node:crypto belongs in one file of packages/stack; it is in a.ts, b.ts'
  expect(findings({ 'packages/stack/src/a.ts': text, 'packages/stack/src/b.ts': text })).toEqual([
    `packages/stack/src/a.ts:1 ${rule}`,
    `packages/stack/src/b.ts:1 ${rule}`,
  ])
})

test('refuses node:process in a second file of stack, and the whole module in the first', () => {
  const rule = 'node:process belongs in one file of packages/stack; it is in a.ts, b.ts'
  const files = {
    'packages/stack/src/a.ts': "import { pid } from 'node:process'",
    'packages/stack/src/b.ts': "import { kill } from 'node:process'",
  }
  expect(findings(files)).toEqual([`packages/stack/src/a.ts:1 ${rule}`, `packages/stack/src/b.ts:1 ${rule}`])
  const only = 'packages/stack/src/a.ts:1 packages/stack may import only kill and pid from node:process'
  expect(findings({ 'packages/stack/src/a.ts': "import process from 'node:process'" })).toEqual([only])
  expect(findings({ 'packages/stack/src/a.ts': "import * as process from 'node:process'" })).toEqual([only])
})

test('refuses a circle of three files, also where one arrow is a type and one is import()', () => {
  expect(
    findings({
      'packages/stack/src/a.ts': "import { b } from './b.ts'",
      'packages/stack/src/b.ts': "import type { C } from './c.ts'",
      'packages/stack/src/c.ts': "export const later = () => import('./a.ts')",
    }),
  ).toEqual([
    'packages/stack/src/a.ts:1 a circle: packages/stack/src/a.ts → packages/stack/src/b.ts → packages/stack/src/c.ts → packages/stack/src/a.ts',
  ])
})
