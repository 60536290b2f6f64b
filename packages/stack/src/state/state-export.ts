import { StacksealError } from '@stackseal/core'
import { ExportPrinter, UNVERSIONED } from './export-printer.ts'
import { ImportedDeployment } from './imported-deployment.ts'
import { JsonPrinter } from './json-printer.ts'
import { JsonTokenizer, pushPieces } from './json-tokenizer.ts'
import type { StateFile } from './state-file.ts'

/**
 * Prints a state as `pulumi stack export` does, as it comes: a checkpoint of the file backend becomes an export document,
 * indented by 4 spaces, with a final line end. Numbers keep their spelling, members their order, unknown ones stay. It
 * needs no key.
 *
 * @param input JSON bytes
 * @throws ERR_MALFORMED_FILE
 */
export async function* exportState(
  input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const shown = new ExportPrinter()
  const tokenizer = new JsonTokenizer(shown)
  for await (const chunk of input) {
    tokenizer.push(chunk)
    // The end is kept back until nothing follows it.
    if (!tokenizer.done) yield shown.printer.take()
  }
  tokenizer.finish()
  shown.printer.lineEnd()
  yield shown.printer.take()
}

/** The same for a document in memory. */
export function exportStateBytes(bytes: Uint8Array): Uint8Array {
  const shown = new ExportPrinter()
  const tokenizer = new JsonTokenizer(shown)
  pushPieces(tokenizer, bytes)
  tokenizer.finish()
  shown.printer.lineEnd()
  return shown.printer.take()
}

/**
 * The bytes of a file of the file backend that holds this state for a stack: on one line without a final line end, as the
 * reference writes it.
 *
 * @param stack the name in the file: `organization/<project>/<stack>`
 * @param imported changes what an import changes: it takes the pending operations out, adds the `metadata` that the
 * reference always writes, and names a version that knows of keys
 * @throws ERR_USAGE for a program's own state and for the record of an update
 */
export function checkpointBytes(
  state: StateFile,
  stack: string,
  { imported = false }: { readonly imported?: boolean } = {},
): Uint8Array {
  const { deployment } = state
  if (state.kind === 'sealed' || state.kind === 'history') {
    throw new StacksealError('ERR_USAGE', 'this document is no state of a stack, so it can not become one')
  }
  const printer = new JsonPrinter(0)
  printer.beginObject()
  printer.name('version')
  const version = state.version === 0 ? UNVERSIONED : state.version
  printer.value(String(imported ? Math.max(version, KEYED_VERSION) : version))
  if (state.features.length > 0) {
    printer.name('features')
    printer.value(JSON.stringify(state.features))
  }
  printer.name('checkpoint')
  printer.beginObject()
  printer.name('stack')
  printer.value(JSON.stringify(stack))
  if (deployment !== undefined) {
    printer.name('latest')
    printer.verbatim = true
    const tokenizer = new JsonTokenizer(imported ? new ImportedDeployment(printer) : printer)
    pushPieces(tokenizer, deployment)
    tokenizer.finish()
  }
  printer.end(CLOSE_OBJECT)
  printer.end(CLOSE_OBJECT)
  return printer.take()
}

const CLOSE_OBJECT = 0x7d
/** The first version in which the reference reads `secrets_providers`; what older ones have means the same in it. */
const KEYED_VERSION = 3
