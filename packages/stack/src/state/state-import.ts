import { type Envelope, type SealedKey, StacksealError } from '@stackseal/core'
import { checkImport, type ImportFinding } from './import-check.ts'
import { checkpointBytes } from './state-export.ts'
import type { StateFile } from './state-file.ts'
import { sealStateSecrets } from './state-secrets.ts'

export interface ImportOptions {
  /** The stack's own name, which every URN has to name. */
  readonly stack: string
  /** The name in the file of the backend: `organization/<project>/<stack>`. */
  readonly qualifiedStack: string
  /** Opens the sealed key that the document names. */
  readonly open: (sealedKey: SealedKey) => Promise<Envelope>
  /** Gives the stack's own envelope, for a document that names no key and holds secrets. */
  readonly stackEnvelope: () => Promise<Envelope>
  /** Lets in what is only dangerous. */
  readonly force?: boolean | undefined
  /** Called after each batch with the number of secrets done so far. */
  readonly progress?: ((secrets: number) => void) | undefined
}

export interface ImportedState {
  /** The file of the backend. */
  readonly bytes: Uint8Array
  /** What is to be told: warnings of what was forced, notices of what was changed. */
  readonly findings: readonly ImportFinding[]
}

/**
 * Makes the file of the file backend from a document that is imported: checked as {@link checkImport} does, secrets in clear
 * encrypted, those that are encrypted opened once and kept, pending operations taken out. Writes nothing.
 *
 * @throws ERR_CHECK_FAILED where a finding stands against it; what {@link sealStateSecrets} and `open` throw
 */
export async function importState(state: StateFile, options: ImportOptions): Promise<ImportedState> {
  const findings = checkImport(state, options.stack)
  const against = findings.filter(
    ({ level }) => level === 'refused' || (level === 'dangerous' && options.force !== true),
  )
  const [first] = against
  if (first !== undefined) throw refusal(against, first)
  const sealed = await withSealedSecrets(state, options)
  return { bytes: checkpointBytes(sealed, options.qualifiedStack, { imported: true }), findings }
}

async function withSealedSecrets(
  state: StateFile,
  { open, stackEnvelope, progress }: ImportOptions,
): Promise<StateFile> {
  const { provider } = state
  // A key that Pulumi Cloud holds opens nothing elsewhere, so the stack's own takes its place, as in the reference.
  const takesStackKey = provider === undefined || provider.type === 'service'
  if (state.slots.length === 0 && provider?.type !== 'service') return state
  return sealStateSecrets(state, takesStackKey ? await stackEnvelope() : await open(state.sealedKey), progress)
}

function refusal(against: readonly ImportFinding[], first: ImportFinding): StacksealError {
  const more = against.length === 1 ? '' : ` (and ${against.length - 1} more)`
  const forcible = against.every(({ level }) => level === 'dangerous')
  return new StacksealError('ERR_CHECK_FAILED', `the state can not be imported: ${first.message}${more}`, {
    hint: forcible ? 'importing it could be dangerous; --force does so anyway' : undefined,
    details: { findings: against.map(({ message }) => message).join('\n'), count: against.length },
  })
}
