import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { CliService } from '../cli/cli-service.ts'
import { ServiceStack } from '../cli/service-stack.ts'
import { vaultCliService } from '../vault/vault-cli-service.ts'
import { LeakRecord } from './leak-record.ts'

const BUILT = join(import.meta.dirname, '../../../apps/cli/dist')
// What the bundler calls the function and the constant is its own matter.
const MAKES_A_KEY = /const dataKey = randomBytes[$\d]*\((?:32|DATA_KEY_BYTES)\);/g
const VALUE = 'a value that leaks'

let service: CliService
let folder: string

beforeAll(async () => {
  service = await vaultCliService()
  folder = mkdtempSync(join(tmpdir(), 'stackseal-leaks-'))
  cpSync(BUILT, join(folder, 'dist'), { recursive: true })
})
afterAll(async () => {
  await service.stop()
  rmSync(folder, { recursive: true })
})

/** What is found of a build that does this with each new data key. */
async function leaksOf(name: string, statement: string): Promise<readonly string[]> {
  const core = readFileSync(join(BUILT, 'core.mjs'), 'utf8')
  expect(core.match(MAKES_A_KEY)).toHaveLength(1)
  writeFileSync(
    join(folder, 'dist/core.mjs'),
    core.replace(MAKES_A_KEY, (line) => line + statement),
  )
  const record = new LeakRecord(join(folder, name))
  record.keepSecret(VALUE, ...service.secrets)
  const stack = new ServiceStack(service, { program: join(folder, 'dist/stackseal.mjs'), record })
  await stack.do('stack', 'init', 'dev', '--secrets-provider', service.keyUrl)
  await stack.do('config', 'set', '--secret', 'token', VALUE)
  expect(await stack.do('config', 'get', 'token')).toBe(`${VALUE}\n`)
  stack.remove()
  const { outputs, secrets, leaks } = record.search()
  // The value, two tokens, the data key.
  expect(secrets).toBeGreaterThanOrEqual(4)
  expect(outputs).toBeGreaterThan(3)
  return leaks
}

const inStandardError = ['a data key in Vault: stackseal stack init, standard error']

test.each([
  ['in clear', `process.stderr.write(dataKey);`, inStandardError],
  ['in base64', `console.error('key:', Buffer.from(dataKey).toString('base64'));`, inStandardError],
  ['in base64 inside a longer text', `console.error(btoa('key ' + String.fromCharCode(...dataKey)));`, inStandardError],
  ['in hex', `console.error(Buffer.from(dataKey).toString('hex'));`, inStandardError],
  ['as Node prints bytes', `console.error(dataKey.join(','));`, inStandardError],
  [
    'the token of the environment',
    `console.error(JSON.stringify(process.env));`,
    ['a secret text in Vault: stackseal stack init, standard error'],
  ],
])('a build that tells its data key %s is found out', async (name, statement, leaks) => {
  expect(await leaksOf(name.replaceAll(' ', '-'), statement)).toEqual(leaks)
})

test('a build that writes its data key to a file is found out', async () => {
  const statement = `import('node:fs').then((fs) => fs.writeFileSync('debug.log', dataKey));`
  expect(await leaksOf('file', statement)).toEqual(['a data key in Vault: files: debug.log'])
})

test('the build as it is tells nothing', async () => {
  expect(await leaksOf('as-it-is', '')).toEqual([])
})
