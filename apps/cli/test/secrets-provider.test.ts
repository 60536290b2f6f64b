import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { BUILT_IN_PROVIDERS } from '../src/providers.ts'
import { inProcess } from './support/in-process.ts'
import { project } from './support/project.ts'

interface Row {
  readonly value: string
  readonly valid: boolean
}

const TABLES = fileURLToPath(new URL('../../../vectors/pulumi/tables.json', import.meta.url))
const rows = (JSON.parse(readFileSync(TABLES, 'utf8')) as { readonly secretsProviderFlag: readonly Row[] })
  .secretsProviderFlag
const schemes = BUILT_IN_PROVIDERS.flatMap((provider) => provider.schemes)
const name = ({ value }: Row): string => JSON.stringify(value)

/** Makes a stack with a value of --secrets-provider, in a world without any server or credential but a passphrase. */
async function init(value: string): Promise<{ exit: number | null; code: string | undefined; files: string }> {
  const { folder: cwd } = project('config: {}\n')
  const env = { PULUMI_CONFIG_PASSPHRASE: 'correct horse', AWS_EC2_METADATA_DISABLED: 'true' }
  const line = ['stack', 'init', 'new', '--secrets-provider', value, '--timeout', '2', '--json']
  const { exit, stderr } = await inProcess(line, { cwd, env })
  const made = await inProcess(['stack', 'ls'], { cwd })
  return { exit, code: /"code":"(ERR_[A-Z_]+)"/.exec(stderr)?.[1], files: made.stdout }
}

test('every row of the table is here', () => {
  expect(rows.length).toBeGreaterThanOrEqual(10)
})

test.each(rows.filter(({ valid }) => !valid).map((row) => [name(row), row] as const))(
  'what the reference refuses is refused, and makes nothing: %s',
  async (_, { value }) => {
    const { exit, code, files } = await init(value)
    expect(exit).toBe(2)
    expect(['ERR_INVALID_KEY_URL', 'ERR_UNKNOWN_PROVIDER', 'ERR_USAGE']).toContain(code)
    expect(files).not.toContain('new')
  },
)

const schemeOf = ({ value }: Row): string => value.replace(/:.*/, '')
const valid = rows.filter((row) => row.valid)
const named = (some: readonly Row[]): [string, Row][] => some.map((row) => [name(row), row])
const ofPassphrase = valid.filter((row) => ['passphrase', 'default'].includes(schemeOf(row)))
const ofService = valid.filter((row) => !ofPassphrase.includes(row) && schemes.includes(schemeOf(row)))

test.each(named(ofPassphrase))('%s is a passphrase', async (_, { value }) => {
  expect(await init(value)).toMatchObject({ exit: 0, files: expect.stringContaining('new') })
})

test.each(named(ofService))('%s has a provider', async (_, { value }) => {
  const { exit, code } = await init(value)
  // Nothing answers here, or the provider wants more of its URL: both are its answers, and not that it is unknown.
  expect(code).toMatch(/^ERR_(?!UNKNOWN_PROVIDER)/)
  expect(exit).not.toBe(0)
})

test.each(named(valid.filter((row) => !ofPassphrase.includes(row) && !ofService.includes(row))))(
  '%s has no provider in this version',
  async (_, { value }) => {
    expect(await init(value)).toMatchObject({ exit: 2, code: 'ERR_UNKNOWN_PROVIDER' })
  },
)
