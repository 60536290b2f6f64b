import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { EventName } from '../event-log.ts'
import { leakRecord } from '../leaks/leak-record.ts'
import { type CliService, stage, type Undo } from './cli-service.ts'
import { type Ran, ServiceStack } from './service-stack.ts'

const ROOT = join(import.meta.dirname, '../../..')
const REPORTS = join(ROOT, '.reports')
const VALUE = 'correct horse battery staple'

/** What came of an event. */
export interface CliEvent {
  readonly service: string
  readonly event: EventName
  readonly server: string
  /** A code, or `done`. */
  readonly outcome: string
  readonly exit: number | null
  /** Whether the stack file has the hash that it had before the command. */
  readonly file: 'kept' | 'changed'
  /** The whole of standard error. */
  readonly stderr: string
}

interface Scenario {
  readonly event: EventName
  /** What happens to the service or to the file before the command runs. */
  readonly happens: (service: CliService, stack: ServiceStack) => Promise<Undo | void>
  readonly line: readonly string[]
  readonly outcome: string | readonly string[]
  readonly exit: number
  readonly file: CliEvent['file']
}

const SET = ['config', 'set', '--secret', 'next', VALUE] as const
const tamper = (text: string): string =>
  text.replace(/^(encryptedkey: .*)(.)(.{12})$/m, (_, start: string, last: string, end: string) => {
    return `${start}${last === 'A' ? 'B' : 'A'}${end}`
  })

const staged =
  (name: keyof CliService['events']): Scenario['happens'] =>
  (service) =>
    stage(service, name)

/** The nine events of the table. */
const SCENARIOS: readonly Scenario[] = [
  { event: 'init, set, get', happens: async () => undefined, line: SET, outcome: 'done', exit: 0, file: 'changed' },
  {
    event: 're-wrap after rotation',
    happens: staged('rotate'),
    line: ['stack', 'rewrap'],
    outcome: 'done',
    exit: 0,
    file: 'changed',
  },
  {
    event: 'rights removed',
    happens: staged('removeRights'),
    line: SET,
    outcome: 'ERR_ACCESS_DENIED',
    exit: 4,
    file: 'kept',
  },
  {
    event: 'service down',
    happens: staged('stop'),
    line: SET,
    outcome: 'ERR_UNAVAILABLE',
    exit: 5,
    file: 'kept',
  },
  {
    event: 'throttled, then well',
    happens: staged('throttle'),
    line: SET,
    outcome: 'done',
    exit: 0,
    file: 'changed',
  },
  {
    event: 'key disabled',
    happens: staged('disable'),
    line: SET,
    outcome: 'ERR_KEY_DISABLED',
    exit: 3,
    file: 'kept',
  },
  {
    event: 'wrong key',
    happens: async ({ keyUrl, otherKeyUrl }, stack) => stack.change((text) => text.replace(keyUrl, otherKeyUrl)),
    line: SET,
    outcome: 'ERR_WRONG_KEY',
    exit: 3,
    file: 'kept',
  },
  {
    event: 'tampered encryptedkey',
    happens: async (_, stack) => stack.change(tamper),
    line: SET,
    outcome: ['ERR_WRONG_KEY', 'ERR_MALFORMED_SEALED_KEY'],
    exit: 3,
    file: 'kept',
  },
  {
    event: 'time-out',
    happens: staged('hang'),
    line: [...SET, '--timeout', '1'],
    outcome: 'ERR_TIMEOUT',
    exit: 5,
    file: 'kept',
  },
]

/** Runs one event of a service on a stack of its own; the service is well again afterwards, and the stack opens. */
async function runEvent(service: CliService, { event, happens, line }: Scenario): Promise<CliEvent> {
  const stack = new ServiceStack(service)
  try {
    await stack.do('stack', 'init', 'dev', '--secrets-provider', service.keyUrl)
    await stack.do('config', 'set', '--secret', 'token', VALUE)
    const whole = stack.text
    const undo = await happens(service, stack)
    const before = hash(stack.text)
    let ran: Ran
    try {
      ran = await stack.run(...line, '--json')
    } finally {
      await undo?.()
    }
    const { exit, stderr } = ran
    const file = hash(stack.text) === before ? 'kept' : 'changed'
    const outcome = exit === 0 ? 'done' : (/"code":"(ERR_[A-Z_]+)"/.exec(stderr)?.[1] ?? 'unclassified')
    // Whatever happened, nothing of it lost the secret.
    if (file === 'kept') writeFileSync(join(stack.folder, 'Pulumi.dev.yaml'), whole)
    expect(await stack.do('config', 'get', 'token')).toBe(`${VALUE}\n`)
    return {
      service: service.service,
      event,
      server: service.servers?.[event] ?? service.server,
      outcome,
      exit,
      file,
      stderr,
    }
  } finally {
    stack.remove()
  }
}

/** Tests the events of a service, and notes each for the table that `npm run test:services` prints. */
export function testCliEvents(
  start: () => Promise<CliService>,
  isOf: (event: EventName) => boolean = () => true,
): void {
  let service: CliService
  beforeAll(async () => {
    service = await start()
    leakRecord.keepSecret(VALUE, ...service.secrets)
  })
  afterAll(async () => {
    leakRecord.keepSecret(...new Set(service.tokens?.()))
    await service.stop()
  })

  test.each(SCENARIOS.filter(({ event }) => isOf(event)).map((scenario) => [scenario.event, scenario] as const))(
    '%s',
    async (_, scenario) => {
      const told = await runEvent(service, scenario)
      mkdirSync(REPORTS, { recursive: true })
      const { stderr, ...row } = told
      appendFileSync(join(REPORTS, 'cli-events.jsonl'), `${JSON.stringify(row)}\n`)
      const { outcome, exit, file } = scenario
      expect({ ...row, stderr }).toMatchObject({
        outcome: expect.toBeOneOf([outcome].flat()),
        exit,
        file,
        // Nobody is left without a next step, and nothing of a value is told.
        stderr: expect.stringMatching(exit === 0 ? /^/ : /"hint":"[^"]{10}.*"changed":false/),
      })
      expect(stderr).not.toContain(VALUE)
    },
  )
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
