import { isStacksealError } from '@stackseal/core'
import { sha256Hex } from '../files/hash.ts'
import { secretValueText } from './secret-value.ts'
import type { StateFile } from './state-file.ts'
import { parseJsonBytes } from './token-text.ts'
import { parseUrn } from './urn.ts'

/**
 * Something about a document that is to be imported. `refused`: it can not be imported. `dangerous`: only with `--force`,
 * with a warning then. `notice`: what an import changes.
 */
export interface ImportFinding {
  readonly level: 'refused' | 'dangerous' | 'notice'
  readonly message: string
  readonly urn?: string | undefined
}

interface Resource {
  readonly urn: string
  readonly type: string
  readonly id: string
  readonly custom: boolean
  readonly delete: boolean
  readonly pendingReplacement: boolean
  readonly provider: string
  readonly dependencies: readonly Dependency[]
}

interface Dependency {
  readonly urn: string
  /** For a message: "parent", "dependency". */
  readonly what: string
}

/** The id of a provider that has none yet. */
const UNKNOWN_ID = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'

/**
 * Checks a document as `pulumi stack import` does before it lets it in: that every resource is of the stack, that the state
 * is whole (its magic, its resources and what they refer to), and which operations were pending. Looks at no key; that the
 * secrets open shows when they are sealed ({@link sealStateSecrets}).
 *
 * @param stack the stack's own name, without organization and project
 * @returns nothing for a document that goes in as it is
 */
export function checkImport(state: StateFile, stack: string): readonly ImportFinding[] {
  if (state.kind === 'sealed' || state.kind === 'history') {
    return [{ level: 'refused', message: 'this document is no state of a stack' }]
  }
  if (state.deployment === undefined) return [{ level: 'refused', message: 'the document holds no deployment' }]
  const deployment = members(parseJsonBytes(state.deployment))
  const resources = list(deployment['resources']).map(resourceOf)
  return [
    ...checkProvider(state),
    ...checkValues(state),
    ...checkShapes(resources),
    ...checkStack(resources, stack),
    ...checkMagic(deployment),
    ...checkReferences(resources),
    ...checkDuplicates(resources),
    ...checkSnippets(deployment),
    ...pendingOperations(deployment),
  ]
}

function checkProvider({ provider, slots }: StateFile): ImportFinding[] {
  if (provider?.type === 'unknown') {
    return [{ level: 'refused', message: `no secrets provider of the type ${JSON.stringify(provider.name)} is known` }]
  }
  if (provider?.type === 'service' && slots.some(({ member }) => member === 'ciphertext')) {
    return [{ level: 'refused', message: 'the secrets of this state are held by Pulumi Cloud' }]
  }
  if (provider !== undefined || slots.length === 0) return []
  return [{ level: 'notice', message: "the document names no key for its secrets: it gets the stack's own" }]
}

function checkValues({ slots }: StateFile): ImportFinding[] {
  const clear = slots.filter(({ member }) => member === 'plaintext')
  return clear.flatMap((slot): ImportFinding[] => {
    try {
      secretValueText(slot, slot.text, 'ciphertext')
      return []
    } catch (error) {
      if (isStacksealError(error)) return [{ level: 'refused', message: error.message, urn: slot.urn }]
      throw error
    }
  })
}

/** What no reader of the reference gets past, forced or not. */
function checkShapes(resources: readonly Resource[]): ImportFinding[] {
  return resources.flatMap(({ urn, type, id, custom }, i): ImportFinding[] => {
    if (urn === '') return [{ level: 'refused', message: `the resource at index ${i} has no urn` }]
    if (parseUrn(urn) === undefined) return [{ level: 'refused', message: `${urn} is no URN`, urn }]
    if (type === '') return [{ level: 'refused', message: `resource ${urn} has no type`, urn }]
    if (!custom && id !== '') return [{ level: 'refused', message: `resource ${urn} is not custom and has an id`, urn }]
    return []
  })
}

function checkStack(resources: readonly Resource[], stack: string): ImportFinding[] {
  return resources.flatMap(({ urn }) => {
    const other = parseUrn(urn)?.stack
    if (other === undefined || other === stack) return []
    return [dangerous(`resource ${urn} is from a different stack (${other} != ${stack})`, urn)]
  })
}

/** The magic is the SHA-256 of the version in lower-case hexadecimal, and nothing where the version is empty. */
function checkMagic(deployment: Readonly<Record<string, unknown>>): ImportFinding[] {
  const manifest = members(deployment['manifest'])
  const version = text(manifest['version'])
  if (text(manifest['magic']) === (version === '' ? '' : sha256Hex(version))) return []
  return [dangerous('the magic of the manifest does not fit its version: the state may have been changed or damaged')]
}

/** Whatever a resource refers to has to stand before it. */
function checkReferences(resources: readonly Resource[]): ImportFinding[] {
  const findings: ImportFinding[] = []
  const all = new Set(resources.map(({ urn }) => urn))
  const before = new Set<string>()
  const providers = new Set<string>()
  for (const { urn, id, type, provider, pendingReplacement, dependencies } of resources) {
    if (isProviderType(type)) {
      if (isProviderUrn(urn)) providers.add(`${urn}::${id === '' ? UNKNOWN_ID : id}`)
      else findings.push(dangerous(`provider ${urn} can not be referred to`, urn))
    }
    if (provider !== '') {
      const end = provider.lastIndexOf('::')
      if (end < 0 || !isProviderUrn(provider.slice(0, end))) {
        findings.push(dangerous(`resource ${urn} refers to what is no provider: ${provider}`, urn))
      } else if (!providers.has(provider) && !pendingReplacement) {
        findings.push(dangerous(`resource ${urn} refers to unknown provider ${provider}`, urn))
      }
    }
    for (const { urn: other, what } of dependencies) {
      if (before.has(other)) continue
      const where = all.has(other) ? 'comes after it' : 'is missing'
      findings.push(dangerous(`resource ${urn}: its ${what} ${other} ${where}`, urn))
    }
    before.add(urn)
  }
  return findings
}

/** A URN may stand several times only if all or all but one of them are about to be deleted. */
function checkDuplicates(resources: readonly Resource[]): ImportFinding[] {
  const kept = new Map<string, number>()
  for (const resource of resources) {
    kept.set(resource.urn, (kept.get(resource.urn) ?? 0) + (resource.delete ? 0 : 1))
  }
  return [...kept]
    .filter(([, count]) => count > 1)
    .map(([urn]) => dangerous(`resource ${urn} stands in the state twice, and is not marked for deletion`, urn))
}

function checkSnippets(deployment: Readonly<Record<string, unknown>>): ImportFinding[] {
  const seen = new Set<string>()
  return list(deployment['snippets']).flatMap((snippet, i) => {
    const uuid = text(members(snippet)['uuid'])
    if (uuid === '') return [dangerous(`the snippet at index ${i} has no uuid`)]
    if (!seen.has(uuid)) {
      seen.add(uuid)
      return []
    }
    return [dangerous(`two snippets have the uuid ${uuid}`)]
  })
}

function pendingOperations(deployment: Readonly<Record<string, unknown>>): ImportFinding[] {
  return list(deployment['pending_operations']).map((operation) => {
    const urn = text(members(members(operation)['resource'])['urn'])
    const type = text(members(operation)['type'])
    return { level: 'notice', message: `removing pending operation '${type}' on '${urn}' from the state`, urn }
  })
}

function resourceOf(value: unknown): Resource {
  const resource = members(value)
  const one = (name: string): Dependency[] => {
    const urn = text(resource[name])
    return urn === '' ? [] : [{ urn, what: name }]
  }
  const many = (name: string, what: string): Dependency[] =>
    list(resource[name]).map((urn) => ({ urn: text(urn), what }))
  const byProperty = Object.entries(members(resource['propertyDependencies'])).flatMap(([name, dependencies]) =>
    list(dependencies).map((urn) => ({ urn: text(urn), what: `property dependency (from ${name})` })),
  )
  return {
    urn: text(resource['urn']),
    type: text(resource['type']),
    id: text(resource['id']),
    custom: resource['custom'] === true,
    delete: resource['delete'] === true,
    pendingReplacement: resource['pendingReplacement'] === true,
    provider: text(resource['provider']),
    dependencies: [
      ...one('parent'),
      ...many('dependencies', 'dependency'),
      ...byProperty,
      ...one('deletedWith'),
      ...many('replaceWith', 'replaceWith'),
    ],
  }
}

function isProviderType(type: string): boolean {
  return /^pulumi:providers:./.test(type)
}

function isProviderUrn(urn: string): boolean {
  return isProviderType(parseUrn(urn)?.type ?? '')
}

function dangerous(message: string, urn?: string): ImportFinding {
  return { level: 'dangerous', message, urn }
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object of JSON.parse has text keys
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
