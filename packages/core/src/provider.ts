import type { KeyUrl } from './key-url.ts'

/**
 * The contract that a provider keeps: it makes and opens data keys for some URL schemes. Third parties implement it;
 * for a key service that wraps bytes, `wrappingProvider` does so from two functions. Nothing happens at import: no
 * environment is read, no client made, no SDK loaded.
 */
export interface ProviderV1 {
  readonly contract: 1
  /** For people: "AWS KMS". */
  readonly name: string
  /** Lower case, without the colon. */
  readonly schemes: readonly [string, ...string[]]
  /**
   * Makes a new 32-byte data key, and the text from which {@link openKey} can make it again. The caller owns and wipes
   * the bytes.
   */
  createKey(url: KeyUrl, context: ProviderContext): Promise<{ dataKey: Uint8Array; sealed: string }>
  /**
   * Makes the same 32 bytes again. Must not depend on anything kept from createKey. The caller owns and wipes the bytes.
   * `sealed` in the answer is a better text for the same key (a repaired encoding), written at the next save.
   */
  openKey(url: KeyUrl, sealed: string, context: ProviderContext): Promise<{ dataKey: Uint8Array; sealed?: string }>
  /** Seals an existing data key, for a re-wrap that leaves every ciphertext alone. A provider that derives keys has none. */
  sealKey?(url: KeyUrl, dataKey: Uint8Array, context: ProviderContext): Promise<string>
  /** What can be said without a key and without I/O: key name, version, region, recipients. */
  describe?(url: KeyUrl, sealed: string | undefined): Readonly<Record<string, string>>
  /** Ends connections and channels; called once, also on Ctrl-C. */
  close?(): Promise<void>
}

/** Any version of the contract that this version of Stackseal can use. */
export type Provider = ProviderV1

/** The world as a provider may see it: its own code touches no process, console or terminal. */
export interface ProviderContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder of the document: relative paths start here. */
  readonly baseUrl?: URL
  /** Cancels; carries the bound on the whole operation too. */
  readonly signal?: AbortSignal
  /** Asks a person. Absent: nobody can answer. `confirm` asks a second time, with this text, until both agree. */
  readonly ask?: (question: { text: string; secret: boolean; confirm?: string }) => Promise<string>
  /** Says something while work goes on: "touch your key", "waiting for sign-in". */
  readonly tell?: (text: string) => void
}
