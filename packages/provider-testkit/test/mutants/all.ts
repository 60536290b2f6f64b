import { FAILING } from './failing.ts'
import { LEAKING } from './leaking.ts'
import { MAKING } from './making.ts'
import type { Mutant } from './mutant.ts'
import { OPENING } from './opening.ts'
import { STOPPING } from './stopping.ts'

/** Every mutant. */
export const MUTANTS: readonly Mutant[] = [...MAKING, ...OPENING, ...FAILING, ...STOPPING, ...LEAKING]
