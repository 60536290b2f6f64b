import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Playground, ROOT, skipWithoutPulumi } from './playground.ts'
import { out } from './run-command.ts'

const VECTORS = join(ROOT, 'vectors/pulumi/stacks')

/** Stacks that Pulumi made, each of another kind; the passphrase stands beside them. */
const STACKS = ['03-path-objects', '06-multiline', '08-empty', '09-yaml-traps', '13-legacy-files']

const HAND_WRITTEN = `# the settings of dev
encryptionsalt: "SALT"   # do not lose
config:
  region: eu-west-1      # bare
  "proj:quoted": 'it''s'
  proj:config:legacy: 010
  aws:region: us-east-1

  proj:date: 2020-01-02
  proj:null: ~
  proj:empty:
  proj:long: >-
    folded
    text
  proj:deep: {list: [1, 1.0, 0x1F, 2020-01-02, ~, yes], "a.b": {c: [[], {}]}}
  proj:base: &base {x: 1, y: "<&>"}
  proj:merged:
    <<: *base
    y: own
  proj:unicode: "gr\\u00fc\\U0001F642"
  proj:wide: 日本語
other: [kept]
`

const LISTINGS = [[], ['--json'], ['--show-secrets']] as const
const GETS_PER_STACK = 4

interface Case {
  readonly project: string
  readonly stackFile: string
  readonly env: Readonly<Record<string, string>>
}

function vector(name: string): Case {
  const commands = JSON.parse(readFileSync(join(VECTORS, name, 'commands.json'), 'utf8')) as { passphrase: string }
  return {
    project: readFileSync(join(VECTORS, name, 'Pulumi.yaml'), 'utf8'),
    stackFile: readFileSync(join(VECTORS, name, 'Pulumi.dev.yaml'), 'utf8'),
    env: { PULUMI_CONFIG_PASSPHRASE: commands.passphrase },
  }
}

/** Has both read the stack, each in a folder of its own (reading, Pulumi may write); gives what they print differently. */
async function differences({ project, stackFile, env }: Case): Promise<unknown[]> {
  using playground = new Playground(env)
  const ours = playground.project('ours', stackFile, project)
  const theirs = playground.project('theirs', stackFile, project)
  await out(playground.pulumi(playground.project('empty', undefined, project), ['stack', 'init', 'dev']))

  const different: unknown[] = []
  const both = async (args: readonly string[]): Promise<string> => {
    const command = [...args, '-s', 'dev']
    const [our, their] = await Promise.all([
      playground.stackseal(ours, command),
      out(playground.pulumi(theirs, command)),
    ])
    if (our.exit !== 0 || our.stdout !== their) different.push({ args, ours: our, pulumi: their })
    return their
  }
  for (const flags of LISTINGS) await both(['config', ...flags])
  for (const place of placesOf(await both(['config', '--show-secrets', '--json']))) {
    await both(['config', 'get', ...place])
    await both(['config', 'get', '--json', ...place])
  }
  if (readFileSync(join(ours, 'Pulumi.dev.yaml'), 'utf8') !== stackFile) different.push('our reading changed the file')
  return different
}

/** Some of the keys, evenly spread, and a place inside each value that has any. */
function placesOf(listing: string): string[][] {
  const keys = Object.entries(JSON.parse(listing) as Record<string, { objectValue?: unknown }>)
  const apart = Math.max(1, Math.floor(keys.length / GETS_PER_STACK))
  return keys
    .filter((_, i) => i % apart === 0)
    .slice(0, GETS_PER_STACK)
    .map(([key, { objectValue }]) => {
      const inside = firstStep(objectValue)
      const [namespace = '', name = ''] = key.split(/:(.*)/s)
      return inside === undefined ? [key] : ['--path', `${namespace}:${name}${inside}`]
    })
}

function firstStep(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return value.length === 0 ? undefined : '[0]'
  const name = Object.keys(value)[0]
  return name === undefined ? undefined : `[${JSON.stringify(name)}]`
}

describe.concurrent('config and config get print what Pulumi prints, byte for byte', () => {
  test.for(STACKS)('for the stack %s', async (name, context) => {
    skipWithoutPulumi(context)
    expect(await differences(vector(name))).toEqual([])
  })

  test('for a stack file that a person wrote', async (context) => {
    skipWithoutPulumi(context)
    const { stackFile, env } = vector('01-simple')
    const salt = /^encryptionsalt: (\S+)$/m.exec(stackFile)?.[1] ?? ''
    const handWritten = { project: 'name: proj\nruntime: yaml\n', stackFile: HAND_WRITTEN.replace('SALT', salt), env }
    expect(await differences(handWritten)).toEqual([])
  })
})
