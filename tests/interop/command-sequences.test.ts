import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CommandSequence, type StartingProject } from './command-sequence.ts'
import { type StackName, STACKS } from './command.ts'
import type { Sides } from './edit-sequence.ts'
import { hasLostLayout } from './known-differences.ts'
import { LibrarySide } from './library-side.ts'
import { Playground, PROJECT, PULUMI, skipWithoutPulumi } from './playground.ts'
import { SeededRandom } from './seeded-random.ts'
import { handWrittenFile, type Ingredients } from './starting-file.ts'
import { handWrittenJsonFile } from './starting-json-file.ts'
import { anyText } from './texts.ts'

// The same ones each time, so that a failure is one of this change; STACKSEAL_INTEROP_SEED=now looks for what nobody has met.
const SEQUENCES = Number(process.env['STACKSEAL_INTEROP_RUNS'] ?? 24)
const GIVEN_SEED = process.env['STACKSEAL_INTEROP_SEED'] ?? '1'
const FIRST_SEED = GIVEN_SEED === 'now' ? Math.floor(Date.now() / 1000) % 1_000_000_000 : Number(GIVEN_SEED)
const STEPS = 5

const seeds = Array.from({ length: SEQUENCES }, (_, i) => FIRST_SEED + i)

describe.concurrent('the same commands by Stackseal and by Pulumi, on two stacks, give the same values', () => {
  let sides: Sides
  let ingredients: Readonly<Record<StackName, Ingredients>>

  beforeAll(async () => {
    if (!existsSync(PULUMI)) return
    console.log(
      `command sequences: seeds ${FIRST_SEED} … ${FIRST_SEED + SEQUENCES - 1}; to repeat one: STACKSEAL_INTEROP_SEED=N STACKSEAL_INTEROP_RUNS=1`,
    )
    const playground = new Playground()
    sides = { playground, library: new LibrarySide(playground.env) }
    const folder = playground.project('made-by-pulumi')
    for (const stack of STACKS) {
      const made = await playground.pulumi(folder, ['stack', 'init', stack])
      if (made.exit !== 0) throw new Error(made.stderr)
    }
    ingredients = {
      dev: await ingredientsOf(folder, 'dev', playground),
      prod: await ingredientsOf(folder, 'prod', playground),
    }
  })

  afterAll(() => sides?.playground[Symbol.dispose]())

  test.for(seeds)('seed %i', async (seed, context) => {
    skipWithoutPulumi(context)
    const random = new SeededRandom(seed)
    const start = startingProject(seed, random, ingredients)
    const sequence = new CommandSequence(sides, `seed-${seed}`, random, start, seed % 2 === 0)
    expect(await sequence.play(STEPS)).toBe(STEPS)
  })
})

/** The salt that Pulumi made for a stack, and secrets under it. */
async function ingredientsOf(folder: string, stack: StackName, { env }: Playground): Promise<Ingredients> {
  const text = readFileSync(join(folder, `Pulumi.${stack}.yaml`), 'utf8')
  const salt = /^encryptionsalt: (\S+)$/m.exec(text)?.[1] ?? ''
  const envelope = await Envelope.open(
    { url: parseKeyUrl('passphrase:'), sealed: salt },
    new Registry([passphrase()]),
    {
      env,
    },
  )
  const random = new SeededRandom(stack === 'dev' ? 1 : 2)
  const texts = Array.from({ length: 20 }, () => anyText(random))
  return { salt, ciphertexts: await Promise.all(texts.map((each) => envelope.encrypt(each))) }
}

const PROJECT_CONFIG = {
  a: { type: 'string', default: 'given' },
  region: 'eu',
  'aws:region': 'us-east-1',
  k1: { type: 'array', items: { type: 'integer' }, default: [1, 2] },
  'other:k': { value: { x: 1.5, y: ['a'] } },
  'project-only': { type: 'integer', default: 7 },
}

/** Every third one is `.yml`, every third one JSON; half of the projects have a configuration of their own. */
function startingProject(
  seed: number,
  random: SeededRandom,
  ingredients: Readonly<Record<StackName, Ingredients>>,
): StartingProject {
  const extension = ['.yaml', '.yml', '.json'][seed % 3] ?? '.yaml'
  const isJson = extension === '.json'
  const config = random.chance(50) ? { config: PROJECT_CONFIG } : {}
  return {
    projectFile: `Pulumi${extension}`,
    // YAML takes JSON as it is.
    projectText: `${JSON.stringify({ name: PROJECT, runtime: 'yaml', ...config }, undefined, 2)}\n`,
    extension,
    stacks: {
      dev: startingFile(random, ingredients.dev, isJson),
      prod: startingFile(random, ingredients.prod, isJson),
    },
  }
}

/** As `stack init` leaves a file, or as a person does: but nothing that two places share, of which a copy knows nothing. */
function startingFile(random: SeededRandom, ingredients: Ingredients, isJson: boolean): string {
  const { salt } = ingredients
  if (random.chance(40)) return isJson ? `{\n    "encryptionsalt": "${salt}"\n}\n` : `encryptionsalt: ${salt}\n`
  if (isJson) return handWrittenJsonFile(random, ingredients).text
  for (;;) {
    const { text, shared } = handWrittenFile(random, ingredients)
    if (shared.length === 0 && !hasLostLayout(text)) return text
  }
}
