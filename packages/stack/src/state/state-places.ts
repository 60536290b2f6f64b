// Where in a state document a reader is, and what a member's name means there: data, no behaviour.

/** Contexts: what an open object or list is. NOWHERE: nothing in it is named by the format. */
export const NOWHERE = 0
export const DOCUMENT = 1
export const ROOT = 2
const CHECKPOINT = 3
export const DEPLOYMENT = 4
const RESOURCES = 5
const OPERATIONS = 6
export const OPERATION = 7
export const RESOURCE = 8
export const FEATURES = 9
export const BLOCK = 10
export const MANIFEST = 11
/** The map of a resource's inputs or outputs: its members are property values. */
export const PROPERTIES = 12
/** A property value, or something in one. */
export const VALUE = 13

/** Roles: what a member's name means for its value. */
export const NO_ROLE = 0
export const SIGNATURE_ROLE = 1
export const CIPHERTEXT_ROLE = 2
export const PLAINTEXT_ROLE = 3
export const VERSION_ROLE = 4
const FEATURES_ROLE = 5
export const DEPLOYMENT_ROLE = 6
const CHECKPOINT_ROLE = 7
export const STACK_ROLE = 8
export const BLOCK_ROLE = 9
const MANIFEST_ROLE = 10
const RESOURCES_ROLE = 11
const OPERATIONS_ROLE = 12
const RESOURCE_ROLE = 13
export const URN_ROLE = 14
const PROPERTIES_ROLE = 15
const TRIGGER_ROLE = 16
/** Only that the member is there counts. */
export const NOTED_ROLE = 17

// The reference finds the members of these objects whatever the case of their names, so the names stand in lower case.
const OF_DEPLOYMENT: readonly (readonly [string, number])[] = [
  ['manifest', MANIFEST_ROLE],
  ['secrets_providers', BLOCK_ROLE],
  ['resources', RESOURCES_ROLE],
  ['pending_operations', OPERATIONS_ROLE],
]
const ROLES: ReadonlyMap<number, ReadonlyMap<string, number>> = new Map([
  [
    ROOT,
    new Map([
      ...OF_DEPLOYMENT,
      ['version', VERSION_ROLE],
      ['features', FEATURES_ROLE],
      ['deployment', DEPLOYMENT_ROLE],
      ['checkpoint', CHECKPOINT_ROLE],
      ['latest', DEPLOYMENT_ROLE],
      ['stack', STACK_ROLE],
      ['stackseal', VERSION_ROLE],
      ['kind', NOTED_ROLE],
      ['starttime', NOTED_ROLE],
    ]),
  ],
  [
    CHECKPOINT,
    new Map([
      ['stack', STACK_ROLE],
      ['latest', DEPLOYMENT_ROLE],
    ]),
  ],
  [DEPLOYMENT, new Map(OF_DEPLOYMENT)],
  [OPERATION, new Map([['resource', RESOURCE_ROLE]])],
  [
    RESOURCE,
    new Map([
      ['urn', URN_ROLE],
      ['inputs', PROPERTIES_ROLE],
      ['outputs', PROPERTIES_ROLE],
      ['replacementtrigger', TRIGGER_ROLE],
    ]),
  ],
])

/** The lengths of the names that mean something in a resource: most of its members are passed by without a look. */
export const RESOURCE_NAME_LENGTHS: ReadonlySet<number> = new Set([3, 6, 7, 18])

/** What a member's name means in a context. */
export function roleOf(context: number, name: string): number {
  return ROLES.get(context)?.get(name.toLowerCase()) ?? NO_ROLE
}

const OBJECT_OF_ROLE: ReadonlyMap<number, number> = new Map([
  [DEPLOYMENT_ROLE, DEPLOYMENT],
  [CHECKPOINT_ROLE, CHECKPOINT],
  [BLOCK_ROLE, BLOCK],
  [MANIFEST_ROLE, MANIFEST],
  [RESOURCE_ROLE, RESOURCE],
  [PROPERTIES_ROLE, PROPERTIES],
  [TRIGGER_ROLE, VALUE],
])
const LIST_OF_ROLE: ReadonlyMap<number, number> = new Map([
  [FEATURES_ROLE, FEATURES],
  [RESOURCES_ROLE, RESOURCES],
  [OPERATIONS_ROLE, OPERATIONS],
  [TRIGGER_ROLE, VALUE],
])
const OBJECT_IN: ReadonlyMap<number, number> = new Map([
  [DOCUMENT, ROOT],
  [RESOURCES, RESOURCE],
  [OPERATIONS, OPERATION],
])

/** What an object or list is that begins in a context, under a member of that role. */
export function contextOf(context: number, role: number, isList: boolean): number {
  if (context === VALUE || context === PROPERTIES) return VALUE
  if (context === NOWHERE) return NOWHERE
  return (isList ? LIST_OF_ROLE : OBJECT_OF_ROLE).get(role) ?? (isList ? undefined : OBJECT_IN.get(context)) ?? NOWHERE
}
