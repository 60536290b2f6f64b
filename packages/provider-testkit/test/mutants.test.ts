import { beforeAll, describe, expect, test } from 'vitest'

import { CASES, nodeWorld, runCases } from '../src/index.ts'
import { memoSubject } from './memo-subject.ts'
import { type Mutant, MUTANTS } from './mutants.ts'

// Long enough for everything that does not hang, on a machine with other work.
const PATIENCE_MS = 1_000

const failing = new Map<string, readonly string[]>()

describe('the cases and the mutants', () => {
  beforeAll(async () => {
    const world = nodeWorld()
    const examine = async ({ name, make, module }: Mutant): Promise<void> => {
      const results = await runCases(memoSubject(make, module), { patienceMs: PATIENCE_MS, world })
      failing.set(
        name,
        results.filter(({ outcome }) => outcome === 'failed').map((result) => result.name),
      )
    }
    // They mostly wait; side by side they wait together.
    await Promise.all(MUTANTS.map(examine))
  })

  test.each(MUTANTS)('notice a provider that $name, in the cases that are named for it', ({ name, fails }) => {
    expect(failing.get(name)?.toSorted()).toEqual(fails.toSorted())
  })

  test.each(CASES.map(({ name }) => name))('need %s: without it a mutant lives', (name) => {
    const noticedByNothingElse = [...failing].filter(([, cases]) => cases.every((other) => other === name))
    expect(noticedByNothingElse.map(([mutant]) => mutant)).not.toEqual([])
  })
})
