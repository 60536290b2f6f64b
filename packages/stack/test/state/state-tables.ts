import { readVector } from '../pulumi-tables.ts'

interface StateTables {
  readonly stateSignatures: Readonly<Record<string, string>>
  readonly stateImport: {
    readonly passphrase: string
    readonly salt: string
    readonly import: unknown
    readonly storedOutputsText: string
    readonly decrypted: Readonly<Record<string, string>>
  }
  readonly stateImportErrors: readonly { readonly case: string; readonly error: string }[]
  readonly stackInitBytes: {
    readonly firstWrite: string
    readonly secondWrite: string
  }
  readonly floats: readonly { readonly hex: string; readonly value: string }[]
  readonly missingSecretsManagerTest: { readonly resourceOutput: unknown; readonly error: string }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the tables' shape is fixed by vectors/README.md
export const tables = JSON.parse(readVector('tables.json')) as StateTables
