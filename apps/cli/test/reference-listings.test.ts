import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, vector } from './support/project.ts'

/** What a folder of the vectors says of its stack. */
interface Recorded {
  readonly project: string
  /** Null where it came from a file that was written before. */
  readonly passphrase: string | null
  readonly steps: readonly {
    readonly write?: string
    readonly text?: string
    readonly argv?: readonly string[]
    readonly stdin?: string | null
    readonly exit?: number
    readonly stdout?: string
  }[]
}

/** The passphrase under which a listing was made: what the last rotation before it read, else the recorded one, else a file's. */
function passphraseOf({ passphrase, steps }: Recorded, listing: string): string {
  const before = steps.slice(
    0,
    steps.findIndex((step) => step.stdout === listing),
  )
  const rotation = before.findLast((step) => step.argv?.includes('change-secrets-provider') && step.exit === 0)
  const file = before.find((step) => step.write?.includes('pass'))
  return rotation?.stdin?.trim() ?? passphrase ?? file?.text?.trim() ?? ''
}

const folders = readdirSync(vector()).filter(
  (name) =>
    name !== '13-legacy-files' &&
    existsSync(vector(name, 'config.show-secrets.json')) &&
    existsSync(vector(name, 'Pulumi.dev.yaml')),
)

test('there are stacks to list', () => {
  expect(folders.length).toBeGreaterThan(20)
})

test.each(folders)('%s lists as the reference lists it', async (name) => {
  const recorded = JSON.parse(readFileSync(vector(name, 'commands.json'), 'utf8')) as Recorded
  const printed = (file: string): string => readFileSync(vector(name, file), 'utf8')
  const on = project(readFileSync(vector(name, 'Pulumi.dev.yaml')), recorded.project)
  const listed = async (...flags: string[]): Promise<string> => {
    const env = {
      PULUMI_CONFIG_PASSPHRASE: passphraseOf(recorded, printed('config.show-secrets.json')),
      PULUMI_STACK: 'dev',
    }
    const { stdout, stderr, exit } = await inProcess(['config', ...flags], { cwd: on.folder, env })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    return stdout
  }
  expect(await listed('--show-secrets', '--json')).toBe(printed('config.show-secrets.json'))
  expect(await listed('--json')).toBe(printed('config.json'))
  const table = existsSync(vector(name, 'config.show-secrets.txt')) ? printed('config.show-secrets.txt') : undefined
  expect(await listed('--show-secrets')).toBe(table ?? (await listed('--show-secrets')))
})
