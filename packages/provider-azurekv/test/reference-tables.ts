import { readFileSync } from 'node:fs'

interface KeyRow {
  readonly secretsprovider?: string
  readonly encryptedkey?: string
  readonly state?: { readonly state: { readonly url: string; readonly encryptedkey: string } }
  readonly errorContains?: string
}

interface ErrorRow {
  readonly secretsprovider: string
  readonly error: string
}

/** A sealed key of the reference's own tests: of a stack file, or of a state. */
export interface CloudKey {
  readonly url: string
  readonly sealed: string
  /** What the reference says; undefined where it opens. */
  readonly error: string | undefined
}

const file = new URL('../../../vectors/pulumi/tables.json', import.meta.url)
const tables: { readonly cloudKeys: readonly KeyRow[]; readonly cloudErrors: readonly ErrorRow[] } = JSON.parse(
  readFileSync(file, 'utf8'),
)

/** The rows of Azure in table cloudKeys. */
export const CLOUD_KEYS: readonly CloudKey[] = tables.cloudKeys
  .map(({ secretsprovider, encryptedkey, state, errorContains }) => ({
    url: secretsprovider ?? state?.state.url ?? '',
    sealed: encryptedkey ?? state?.state.encryptedkey ?? '',
    error: errorContains,
  }))
  .filter(({ url }) => isOfAzure(url))

/** The rows of Azure in table cloudErrors, which may have none. */
export const CLOUD_ERRORS: readonly ErrorRow[] = tables.cloudErrors.filter(({ secretsprovider }) =>
  isOfAzure(secretsprovider),
)

function isOfAzure(url: string): boolean {
  return url.startsWith('azurekeyvault:')
}
