import type { ProviderContext } from '@stackseal/core'

import type { SubjectKey, SubjectModule } from './subject.ts'

/** What a runner can do beyond calling a provider. */
export interface World {
  /** Imports a module in a process of its own and tells what happened meanwhile. */
  watchImport(module: SubjectModule): Promise<ImportReport>
  /**
   * Makes a key and opens it in a process of its own, whose environment holds `DEBUG=*`, the module's poison and
   * nothing else.
   */
  watchUse(module: SubjectModule, key: SubjectKey): Promise<UseReport>
  /** A server that sends every request on (307) to another one, which counts what arrives. */
  redirectingServer(): Promise<RedirectingServer>
}

export interface ImportReport {
  /** Undefined where the import failed. */
  readonly imported: boolean
  /** Names of variables. */
  readonly environment: readonly string[]
  readonly sockets: number
  /** Packages, Node's own modules not among them. */
  readonly packages: readonly string[]
  readonly output: string
}

export interface UseReport {
  /** `same key` or `other key`, as the one that was made was opened or not; a code where one of the two calls failed. */
  readonly result: string
  readonly output: string
  /** The data key, so that the output can be searched for it. */
  readonly dataKey: Uint8Array
}

export interface RedirectingServer {
  readonly origin: string
  /** Requests at the server itself, and at the one that it names. */
  seen(): { readonly here: number; readonly there: number }
  close(): Promise<void>
}

/** What a probe in another process is told. */
export interface ProbeTask {
  readonly module: SubjectModule
  readonly use?: { readonly url: string; readonly env: ProviderContext['env'] }
}

/** What it tells. */
export interface ProbeAnswer {
  readonly imported: boolean
  readonly environment: readonly string[]
  readonly sockets: number
  readonly urls: readonly string[]
  readonly result?: string
  readonly dataKey?: string
}
