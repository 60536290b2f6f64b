import type { ErrorCode, Provider, ProviderContext } from '@stackseal/core'

/** A key, and the environment of somebody who may use it. */
export interface SubjectKey {
  readonly url: string
  readonly env: ProviderContext['env']
}

/** What can't be staged with this provider, with the reason in a sentence. It is reported and counted. */
export interface Unstaged {
  readonly cannot: string
}

/** How something is staged, or why it is not. */
export type Stage<T> = T | Unstaged

/** A fault that now holds: what to call with in place of the first key's URL and environment, and how it ends. */
export interface StagedFault {
  readonly url?: string
  readonly env?: ProviderContext['env']
  /** Where the service can't tell this fault from another one: the code of that other. */
  readonly code?: ErrorCode
  end?(): Promise<void>
}

/** Brings a fault about. A key has been made and sealed under the first key of the subject before. */
export type StageFault = () => Promise<StagedFault>

/** The faults that a provider has to recognise. */
export interface FaultStages {
  /** There is nothing by which the caller could be known. */
  readonly noCredentials?: Stage<StageFault>
  /** The service does not know the caller: a wrong, expired or revoked credential. */
  readonly invalidCredentials?: Stage<StageFault>
  /** The caller is known and may not open. */
  readonly denied?: Stage<StageFault>
  /** The caller may seal and may not open. */
  readonly encryptOnly?: Stage<StageFault>
  readonly noSuchKey?: Stage<StageFault>
  readonly disabledKey?: Stage<StageFault>
  readonly serverDown?: Stage<StageFault>
  /** Every call is refused because there were too many. */
  readonly throttled?: Stage<StageFault>
  /** The first call is refused because there were too many, the next is not. */
  readonly throttledOnce?: Stage<StageFault>
  /** The call reaches the service and no answer comes. */
  readonly hanging?: Stage<StageFault>
  /** What answers is something else than the key service: a page of a proxy, an empty answer. */
  readonly otherServer?: Stage<StageFault>
}

/** How to load the provider in a process of its own. */
export interface SubjectModule {
  /** A file URL. */
  readonly url: string
  /** The export that is a function making the provider, or the provider. The default export where it is left out. */
  readonly exportName?: string
  /** Where a bare specifier leads, for a run on sources that are not built: `{ '@stackseal/core': 'file:///…' }`. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Packages that may be loaded at import besides @stackseal/core: no SDK, nothing that does work. */
  readonly mayLoad?: readonly string[]
  /**
   * Variables of the process that the vendor's SDK would take for its own, with values that lead nowhere: what a
   * provider is given by its context must win.
   */
  readonly poison?: Readonly<Record<string, string>>
}

/** A provider under test: how to make one, two keys, and how to stage what goes wrong. */
export interface Subject {
  /** For people. */
  readonly name: string
  /** Makes a provider that has not been used. */
  make(): Provider
  /**
   * Two keys of which neither opens what the other sealed. They may share a URL and differ in their environment. With
   * one key alone, what needs two is not run.
   */
  readonly keys: readonly [SubjectKey, SubjectKey] | readonly [SubjectKey]
  /** `base64`, standard and padded, is what a stack file takes of every provider but that of a passphrase. */
  readonly sealedForm?: 'base64' | 'text'
  /** Tokens, passwords and passphrases in the environments: no error and no output may hold one. */
  readonly secrets: readonly string[]
  /** A URL of this provider with a parameter that it does not take. */
  readonly unknownParameter?: Stage<string>
  /** Somebody with credentials of their own, in the same process, whom the first key refuses. */
  readonly stranger?: Stage<ProviderContext['env']>
  readonly faults?: FaultStages
  /** An older or odd text for the same key, from a good one. */
  readonly repairable?: Stage<(sealed: string) => string>
  /** An environment in which the provider has to ask a person, and the answer. */
  readonly asks?: Stage<{ readonly env: ProviderContext['env']; readonly answer: string }>
  /** How many calls the service has seen so far. */
  readonly countCalls?: Stage<() => number | Promise<number>>
  /** How the provider is pointed at a server by its origin (`http://127.0.0.1:1234`). */
  readonly server?: Stage<(origin: string) => SubjectKey>
  readonly module?: Stage<SubjectModule>
}
