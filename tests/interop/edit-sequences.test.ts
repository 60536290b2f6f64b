import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EditSequence, type Sides } from './edit-sequence.ts'
import { hasLostLayout, KNOWN_DIFFERENCES } from './known-differences.ts'
import { LibrarySide } from './library-side.ts'
import { Playground, PROJECT, PULUMI, ROOT, skipWithoutPulumi } from './playground.ts'
import { SeededRandom } from './seeded-random.ts'
import { handWrittenFile, type Ingredients, type StartingFile } from './starting-file.ts'
import { handWrittenJsonFile } from './starting-json-file.ts'
import { anyText } from './texts.ts'

// The same 200 each time, so that a failure is one of this change; STACKSEAL_INTEROP_SEED=now looks for what nobody has met.
const SEQUENCES = Number(process.env['STACKSEAL_INTEROP_SEQUENCES'] ?? 200)
const GIVEN_SEED = process.env['STACKSEAL_INTEROP_SEED'] ?? '1'
const FIRST_SEED = GIVEN_SEED === 'now' ? Math.floor(Date.now() / 1000) % 1_000_000_000 : Number(GIVEN_SEED)
const STEPS = 4

const seeds = Array.from({ length: SEQUENCES }, (_, i) => FIRST_SEED + i)

describe.concurrent('the same edits by Stackseal and by Pulumi give the same values', () => {
  let sides: Sides
  let ingredients: Ingredients

  beforeAll(async () => {
    if (!existsSync(PULUMI)) return
    console.log(
      `edit sequences: seeds ${FIRST_SEED} … ${FIRST_SEED + SEQUENCES - 1}; to repeat one: STACKSEAL_INTEROP_SEED=N STACKSEAL_INTEROP_SEQUENCES=1`,
    )
    const playground = new Playground()
    sides = { playground, library: new LibrarySide(playground.env) }
    const folder = playground.project('made-by-pulumi')
    const made = await playground.pulumi(folder, ['stack', 'init', 'dev'])
    if (made.exit !== 0) throw new Error(made.stderr)
    const salt = /^encryptionsalt: (\S+)$/m.exec(readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8'))?.[1] ?? ''
    const envelope = await Envelope.open(
      { url: parseKeyUrl('passphrase:'), sealed: salt },
      new Registry([passphrase()]),
      {
        env: playground.env,
      },
    )
    const random = new SeededRandom(1)
    const texts = Array.from({ length: 40 }, () => anyText(random))
    ingredients = { salt, ciphertexts: await Promise.all(texts.map((text) => envelope.encrypt(text))) }
  })

  afterAll(() => sides?.playground[Symbol.dispose]())

  test.for(seeds)('seed %i', async (seed, context) => {
    skipWithoutPulumi(context)
    const random = new SeededRandom(seed)
    const start = startingFile(seed, random, ingredients)
    const project = seed % 4 === 2 ? { project: PROJECT_WITH_CONFIG } : {}
    const sequence = new EditSequence(sides, `seed-${seed}`, random, { ...start, ...project })
    expect(await sequence.play(STEPS)).toBe(STEPS)
  })
})

test('every way in which the two may differ stands in the table of differences', () => {
  const { differences } = JSON.parse(readFileSync(join(ROOT, 'vectors/differences.json'), 'utf8')) as {
    differences: readonly { readonly id: string }[]
  }
  const ids = differences.map(({ id }) => id)
  expect(KNOWN_DIFFERENCES.filter(({ id }) => !ids.includes(id))).toEqual([])
})

/**
 * What such a project gives is listed by both, for keys that the stack has not, and stays out of the stack file. Where an
 * edit puts a list in the way of `project-nested.er`, both refuse to list anything, and the sequence leaves it out.
 */
const PROJECT_WITH_CONFIG = `name: ${PROJECT}
runtime: yaml
config:
  a: {type: string, default: given}
  region: eu
  k1: {type: array, items: {type: integer}, default: [1, 2]}
  aws:region: us-east-1
  other:k: {value: {x: 1.5, y: [a]}}
  project-only: {type: integer, default: 7}
  project-nested.er: {default: true}
  required: {type: string}
`

/**
 * As `stack init` leaves a file, or as a person does; every fourth one is JSON, and every fourth stands in a project with
 * a configuration of its own.
 */
function startingFile(seed: number, random: SeededRandom, ingredients: Ingredients): StartingFile {
  if (seed % 4 === 0) {
    if (random.chance(80)) return handWrittenJsonFile(random, ingredients)
    return { format: 'json', text: `{\n    "encryptionsalt": "${ingredients.salt}"\n}\n`, shared: [] }
  }
  if (random.chance(25)) return { text: `encryptionsalt: ${ingredients.salt}\n`, shared: [] }
  for (;;) {
    const file = handWrittenFile(random, ingredients)
    if (!hasLostLayout(file.text)) return file
  }
}
