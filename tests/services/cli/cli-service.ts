import type { EventName } from '../event-log.ts'

/** Makes good again what an event did. */
export type Undo = () => Promise<void>

/** A key service as the events of the command line need it: what stands behind the events is the service's own matter. */
export interface CliService {
  /** The row of the table: `Vault`. */
  readonly service: string
  /** What stands in for it: `OpenBao 2.7.2`. */
  readonly server: string
  /** Where another server stands in for an event. */
  readonly servers?: Partial<Readonly<Record<EventName, string>>>
  readonly keyUrl: string
  /** A key of the same service that did not seal this data key, and that the same caller may use. */
  readonly otherKeyUrl: string
  /** Servers and credentials, for the process; nothing else of the environment counts. */
  readonly env: Readonly<Record<string, string>>
  /** What stands in `env` or comes of it and must never be told: passwords, tokens. */
  readonly secrets: readonly string[]
  /** Tokens that the service has given out meanwhile. */
  readonly tokens?: () => readonly string[]
  /** What this server can do; events that need more are another server's. */
  readonly events: Partial<{
    /** A new version of the key becomes the one that seals. */
    readonly rotate: () => Promise<void>
    /** The caller loses the right to use the key. */
    readonly removeRights: () => Promise<Undo>
    readonly disable: () => Promise<Undo>
    /** Nothing answers where the server was. */
    readonly stop: () => Promise<Undo>
    /** Connections are taken and nothing is ever answered. */
    readonly hang: () => Promise<Undo>
    /** The next call is told to come back later; the one after it is answered. The undo fails if none was told so. */
    readonly throttle: () => Promise<Undo>
  }>
  readonly stop: () => Promise<void>
}

/** Lets a service do something. One that can't is a fault of the test, and not a reason to leave a row out. */
export function stage({ server, events }: CliService, name: keyof CliService['events']): Promise<Undo | void> {
  const event = events[name]
  if (event === undefined) throw new TypeError(`${server} does not stage ${name}`)
  return event()
}
