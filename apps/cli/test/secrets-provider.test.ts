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

interface Tables {
  readonly secretsProviderFlag: readonly Row[]
  readonly cloudErrors: readonly { readonly secretsprovider: string; readonly error: string }[]
}

const TABLES = fileURLToPath(new URL('../../../vectors/pulumi/tables.json', import.meta.url))
const tables: Tables = JSON.parse(readFileSync(TABLES, 'utf8'))
const { secretsProviderFlag: rows, cloudErrors } = tables
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

// What the reference says of a key URL in a stack file, and the code that means the same.
const MEANINGS = [
  [/^open secrets\.Keeper: no driver registered for "(\w+)"/, 'ERR_UNKNOWN_PROVIDER', 2],
  [/^open secrets\.Keeper: no scheme in URL/, 'ERR_MALFORMED_FILE', 3],
  [/unknown query parameter "(\w+)"$/, 'ERR_INVALID_KEY_URL', 2],
  [/neither (VAULT_SERVER_URL) nor VAULT_ADDR environment variables are set$/, 'ERR_CREDENTIALS_MISSING', 4],
] as const

test.each(cloudErrors.map((row) => [row.secretsprovider, row] as const))(
  'a stack file with %s is refused for the reason of the reference, on reading and on writing',
  async (_, { secretsprovider, error }) => {
    const meant = MEANINGS.find(([pattern]) => pattern.test(error))
    if (meant === undefined) throw new TypeError(`nothing is known of: ${error}`)
    const [pattern, code, exit] = meant
    const told = pattern.exec(error)?.[1] ?? ''
    const header = `secretsprovider: ${JSON.stringify(secretsprovider)}\nencryptedkey: dmF1bHQ6djE6AAAA\n`
    const text = `${header}config:\n  vec:a:\n    secure: v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n`
    const { folder: cwd, file } = project(text)
    for (const line of [
      ['config', 'get', 'a'],
      ['config', 'set', '--secret', 'b', 'hunter2'],
    ]) {
      const ran = await inProcess([...line, '--stack', 'dev', '--json'], { cwd })
      expect(ran).toMatchObject({ exit, stdout: '' })
      expect(ran.stderr).toContain(`"code":"${code}"`)
      expect(ran.stderr).toContain(told)
      expect(readFileSync(file, 'utf8')).toBe(text)
    }
  },
)
