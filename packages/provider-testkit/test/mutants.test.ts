import { beforeAll, describe, expect, test } from 'vitest'

import { CASES, nodeWorld, runCases } from '../src/index.ts'
import { memoSubject } from './memo-subject.ts'
import { MUTANTS } from './mutants/all.ts'
import type { Mutant } from './mutants/mutant.ts'

// Long enough for everything that does not hang, on a machine with other work.
const PATIENCE_MS = 1_000

const SIDE_BY_SIDE = 6

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
    // They mostly wait, so a few wait together; not all at once, or each waits for the others' work.
    const queue = MUTANTS.values()
    const worker = async (): Promise<void> => {
      for (const mutant of queue) await examine(mutant)
    }
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
  })

  test.each(MUTANTS)('notice a provider that $name, in the cases that are named for it', ({ name, fails }) => {
    expect(failing.get(name)?.toSorted()).toEqual(fails.toSorted())
  })

  test.each(CASES.map(({ name }) => name))('need %s: without it a mutant lives', (name) => {
    const noticedByNothingElse = [...failing].filter(([, cases]) => cases.every((other) => other === name))
    expect(noticedByNothingElse.map(([mutant]) => mutant)).not.toEqual([])
  })
})
