/** Makes good again what an event did. */
export type Undo = () => Promise<void>

/** A key service as the events of the command line need it: what stands behind the events is the service's own matter. */
export interface CliService {
  /** The row of the table: `Vault`. */
  readonly service: string
  /** What stands in for it: `OpenBao 2.7.2`. */
  readonly server: string
  readonly keyUrl: string
  /** A key of the same service that did not seal this data key, and that the same caller may use. */
  readonly otherKeyUrl: string
  /** Servers and credentials, for the process; nothing else of the environment counts. */
  readonly env: Readonly<Record<string, string>>
  readonly events: {
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
  }
  readonly stop: () => Promise<void>
}
