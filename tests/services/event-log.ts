import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { type ErrorKind, ERRORS, isStacksealError } from '@stackseal/core'

import { everyText } from '../../packages/provider-testkit/src/secret-search.ts'
import { leakRecord } from './leaks/leak-record.ts'

const REPORTS = join(import.meta.dirname, '../../.reports')

/** What tools/services/run.ts makes its table from. */
const EVENTS_FILE: string = join(REPORTS, 'service-events.jsonl')

export type EventName =
  | 'init, set, get'
  | 're-wrap after rotation'
  | 'rights removed'
  | 'service down'
  | 'throttled, then well'
  | 'key disabled'
  | 'wrong key'
  | 'tampered encryptedkey'
  | 'time-out'

/** One cell of the table of services and events. */
export interface ServiceEvent {
  readonly service: string
  readonly event: string
  readonly server: string
  /** A code, or `done`. */
  readonly outcome: string
  readonly exit: number
}

// The command line's own table is docs/reference/exit-numbers.md.
const EXITS: Readonly<Record<ErrorKind, number>> = {
  failed: 1,
  usage: 2,
  data: 3,
  access: 4,
  retry: 5,
  interrupted: 130,
}

/** Runs one event of a service, notes what came of it, and gives the code (or `done`) for the test to look at. */
export async function eventOf(
  service: string,
  event: EventName | `also: ${string}`,
  server: string,
  work: () => Promise<unknown>,
): Promise<string> {
  let outcome = 'done'
  let exit = 0
  try {
    await work()
  } catch (error) {
    leakRecord.told(`${service}: ${event}, the error`, everyText(error))
    if (!isStacksealError(error)) throw error
    outcome = error.code
    exit = EXITS[ERRORS[error.code].kind]
  }
  const row: ServiceEvent = { service, event, server, outcome, exit }
  mkdirSync(REPORTS, { recursive: true })
  appendFileSync(EVENTS_FILE, `${JSON.stringify(row)}\n`)
  return outcome
}
