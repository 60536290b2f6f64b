import type { SealedKey } from '@stackseal/core'

import { sha256Hex } from '../files/hash.ts'
import { COMPACT_BLOCK, printProviderBlock } from '../state/provider-block.ts'
import { goJsonString } from '../values/go-json.ts'

/**
 * The release of Pulumi whose format a new state has. It stands where the reference names its own version: Pulumi wants
 * the SHA-256 of that text beside it and shows it as the version that was used; its first update writes its own.
 */
const FORMAT_VERSION = 'v3.259.0'

export interface InitialState {
  /** The first state of the stack. */
  readonly document: Uint8Array
  /** What the reference wrote before it, which is left as `.bak`. */
  readonly previous: Uint8Array
}

/**
 * The two documents that `pulumi stack init` writes.
 *
 * @param qualifiedName `organization/<project>/<stack>`
 * @param sealedKey how the secrets of the stack are opened
 */
export function initialState(qualifiedName: string, sealedKey: SealedKey, time: Date): InitialState {
  const stack = goJsonString(qualifiedName, false)
  const manifest = `{"time":${JSON.stringify(time.toISOString())},"magic":"${sha256Hex(FORMAT_VERSION)}","version":"${FORMAT_VERSION}"}`
  const latest = `{"manifest":${manifest},"secrets_providers":${printProviderBlock(sealedKey, COMPACT_BLOCK)},"metadata":{}}`
  return {
    document: new TextEncoder().encode(`{"version":3,"checkpoint":{"stack":${stack},"latest":${latest}}}`),
    previous: firstState(qualifiedName),
  }
}

/** What the reference writes of a new stack before all else: a state that says nothing. */
export function firstState(qualifiedName: string): Uint8Array {
  return new TextEncoder().encode(`{"version":0,"checkpoint":{"stack":${goJsonString(qualifiedName, false)}}}`)
}
