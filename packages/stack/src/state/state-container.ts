import { StacksealError } from '@stackseal/core'

/**
 * What a document is: `export` is what `pulumi stack export` prints, `checkpoint` a file of the file backend (also its
 * backups and the checkpoints of its history), `checkpoint-v1` one from before they were versioned, `deployment` the bare
 * inner part of either, `sealed` a program's own state, `history` the record of an update, which holds no state.
 */
export type StateKind = 'export' | 'checkpoint' | 'checkpoint-v1' | 'deployment' | 'sealed' | 'history'

/** What the outermost members of a state say. */
export interface StateFacts {
  readonly kind: StateKind
  /** The schema version; 0 where the document names none. */
  readonly version: number
  readonly features: readonly string[]
  /** The name in a checkpoint: `organization/<project>/<stack>`. */
  readonly stack: string | undefined
  /** False for a stack that was made and never deployed to: there is no deployment in it. */
  readonly hasDeployment: boolean
  /** Where the deployment's object stands: offsets in bytes; undefined where it is not an object of its own. */
  readonly deployment: readonly [start: number, end: number] | undefined
}

/** What a reader notes while the document passes. */
export interface SeenMembers {
  readonly names: ReadonlySet<string>
  readonly version: string | undefined
  readonly features: readonly string[]
  readonly stack: string | undefined
  readonly deployment: readonly [start: number, end: number] | undefined
}

const OLDEST_VERSION = 1
const NEWEST_VERSION = 4
/** Features count from this version on. */
const FEATURES_VERSION = 4

const FEATURES: ReadonlySet<string> = new Set([
  'refreshBeforeUpdate',
  'views',
  'hooks',
  'taint',
  'replaceWith',
  'snippets-prototype',
  'extensionParameterization',
  'byteString',
])

/** The version of the documents that {@link sealState} writes. */
export const SEALED_VERSION = 1

/**
 * Says what a document is, from its outermost members.
 * @throws ERR_MALFORMED_FILE for what is no state, ERR_UNSUPPORTED_STATE for a version or feature that is not known
 */
export function stateFacts(seen: SeenMembers): StateFacts {
  const kind = kindOf(seen.names)
  const version = versionOf(seen)
  checkVersion(kind, version, seen)
  return {
    // What says version 0 is read whole as the oldest shape, also if there is a `checkpoint` in it.
    kind: kind === 'checkpoint' && version === 0 ? 'checkpoint-v1' : kind,
    version,
    features: seen.features,
    stack: seen.stack,
    hasDeployment: seen.deployment !== undefined || kind === 'deployment',
    deployment: seen.deployment,
  }
}

function kindOf(names: ReadonlySet<string>): StateKind {
  if (names.has('stackseal')) return 'sealed'
  if (names.has('deployment')) return 'export'
  if (names.has('checkpoint')) return 'checkpoint'
  if (names.has('latest')) return 'checkpoint-v1'
  if (names.has('resources') || names.has('manifest') || names.has('secrets_providers')) return 'deployment'
  if (names.has('starttime') && names.has('kind')) return 'history'
  // A stack without any deployment, in the shape from before versions.
  if (names.has('stack')) return 'checkpoint-v1'
  if (names.has('version')) return 'export'
  throw new StacksealError('ERR_MALFORMED_FILE', 'this is JSON, but not a state that Pulumi or Stackseal writes')
}

function versionOf({ version }: SeenMembers): number {
  if (version === undefined || version === 'null') return 0
  if (/^-?(?:0|[1-9]\d{0,8})$/.test(version)) return Number(version)
  throw new StacksealError('ERR_MALFORMED_FILE', 'the version of the state is not a whole number')
}

function checkVersion(kind: StateKind, version: number, { features }: SeenMembers): void {
  if (kind === 'history' || kind === 'deployment') return
  const newest = kind === 'sealed' ? SEALED_VERSION : NEWEST_VERSION
  const oldest = kind === 'export' ? OLDEST_VERSION : 0
  if (version < oldest) throw unsupported(`its version ${version} is older than any that can be read`, { version })
  if (version > newest) throw unsupported(`its version ${version} is newer than any that is known`, { version })
  if (kind === 'sealed' || version < FEATURES_VERSION) return
  const unknown = features.filter((feature) => !FEATURES.has(feature))
  if (unknown.length > 0) throw unsupported(`it uses features that are not known: ${unknown.join(', ')}`, { version })
}

function unsupported(reason: string, details: { readonly version: number }): StacksealError {
  return new StacksealError('ERR_UNSUPPORTED_STATE', `the state is not supported: ${reason}`, {
    hint: 'a later version of Stackseal may know it',
    details,
  })
}

/** Whether there is an object in the document that a provider block can stand in. */
export function hasPlace({ kind, hasDeployment }: StateFacts): boolean {
  return hasDeployment || kind === 'sealed'
}
