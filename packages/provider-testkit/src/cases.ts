import { CONTRACT } from './cases-contract.ts'
import { ERROR_CASES } from './cases-errors.ts'
import { HYGIENE } from './cases-hygiene.ts'
import { ISOLATION } from './cases-isolation.ts'
import { ROUND_TRIP } from './cases-round-trip.ts'
import { SECRECY } from './cases-secrecy.ts'
import { STOPPING } from './cases-stopping.ts'
import type { ConformanceCase } from './conformance-case.ts'

/** Everything that a provider must do, in the order in which it is best read. */
export const CASES: readonly ConformanceCase[] = [
  ...CONTRACT,
  ...ROUND_TRIP,
  ...ISOLATION,
  ...ERROR_CASES,
  ...STOPPING,
  ...SECRECY,
  ...HYGIENE,
]
