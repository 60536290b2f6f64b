import { AsyncLocalStorage } from 'node:async_hooks'

import { AzureFault, type OtherVersions } from './azure-fault.ts'
import type { KeyClient } from './key-client.ts'

/** Versions that are listed, and tried: a key that rotates each month has as many in eight years, and in two. */
const LISTED = 100
const TRIED = 24

interface Opening {
  version?: string
}

// Several callers share one connection, and each is to be told of its own key.
const openings = new AsyncLocalStorage<Opening>()

/** What some work gives, and the version other than the latest with which it opened a key, if it did. */
export async function noteOtherVersion<T>(work: () => Promise<T>): Promise<{ result: T; version?: string }> {
  const opening: Opening = {}
  const result = await openings.run(opening, work)
  return { result, ...opening }
}

/**
 * Opens with a version that is not the latest, newest first: what a key sealed before it was rotated. The reference
 * asks the latest alone and fails.
 * @throws the failure of the latest version, with what was tried beside it
 */
export async function openWithOtherVersion(
  client: KeyClient,
  wrapped: Uint8Array,
  first: AzureFault,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const refused = (otherVersions: OtherVersions): AzureFault =>
    new AzureFault({ ...first.failure, otherVersions }, first.call)

  let versions: Awaited<ReturnType<KeyClient['versions']>>
  try {
    versions = await client.versions(LISTED, signal)
  } catch (error) {
    if (!(error instanceof AzureFault) || error.failure.status !== 403) throw error
    throw refused({ tried: 0, disabled: 0, mayList: false })
  }
  const newestFirst = versions.toSorted((a, b) => b.createdMs - a.createdMs)
  // The latest has refused. Two that were made in one second can't be told apart, so both are tried.
  const [latest, second] = newestFirst
  const others =
    second === undefined || (latest !== undefined && latest.createdMs > second.createdMs)
      ? newestFirst.slice(1)
      : newestFirst
  const enabled = others.filter(({ isEnabled }) => isEnabled).slice(0, TRIED)
  for (const { version } of enabled) {
    try {
      const dataKey = await client.decrypt(wrapped, signal, version)
      const opening = openings.getStore()
      if (opening !== undefined) opening.version = version
      return dataKey
    } catch (error) {
      if (!(error instanceof AzureFault) || error.failure.status !== 400) throw error
    }
  }
  throw refused({
    tried: enabled.length,
    disabled: others.filter(({ isEnabled }) => !isEnabled).length,
    mayList: true,
  })
}
