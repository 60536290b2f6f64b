import { StacksealError } from '@stackseal/core'
import { JsonPrinter } from './json-printer.ts'
import { type JsonHandler, JsonTokenizer, LAST, OPEN_OBJECT } from './json-tokenizer.ts'
import type { StateFile } from './state-file.ts'
import { TokenPieces } from './token-text.ts'

/** What the reference indents by. */
const INDENT = 4
/** The version that an export names for a stack that was never deployed to. */
const EMPTY_VERSION = 3
/** The version of a deployment in a checkpoint from before checkpoints had one. */
const UNVERSIONED = 1

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
): AsyncGenerator<Buffer, void> {
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
  tokenizer.push(bytes)
  tokenizer.finish()
  shown.printer.lineEnd()
  return shown.printer.take()
}

/**
 * The bytes of a file of the file backend that holds this state for a stack: on one line without a final line end, as the
 * reference writes it.
 *
 * @param stack the name in the file: `organization/<project>/<stack>`
 * @param dropPending leaves the pending operations out, as an import does
 * @throws ERR_USAGE for a program's own state and for the record of an update
 */
export function checkpointBytes(
  state: StateFile,
  stack: string,
  { dropPending = false }: { readonly dropPending?: boolean } = {},
): Uint8Array {
  const { deployment } = state
  if (state.kind === 'sealed' || state.kind === 'history') {
    throw new StacksealError('ERR_USAGE', 'this document is no state of a stack, so it can not become one')
  }
  const printer = new JsonPrinter(0)
  printer.beginObject()
  printer.name('version')
  printer.value(String(state.version === 0 ? UNVERSIONED : state.version))
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
    const tokenizer = new JsonTokenizer(dropPending ? new WithoutMember(printer, 'pending_operations') : printer)
    tokenizer.push(deployment)
    tokenizer.finish()
  }
  printer.end(CLOSE_OBJECT)
  printer.end(CLOSE_OBJECT)
  return printer.take()
}

const CLOSE_OBJECT = 0x7d

/** Passes the tokens of an object on, without one of its members. */
class WithoutMember implements JsonHandler {
  readonly #printer: JsonPrinter
  readonly #name: string
  readonly #key = new TokenPieces()
  #depth = 0
  #skips = false

  constructor(printer: JsonPrinter, name: string) {
    this.#printer = printer
    this.#name = name
  }

  begin(byte: number): void {
    this.#depth++
    if (!this.#skips) this.#printer.begin(byte)
  }

  end(byte: number): void {
    this.#depth--
    if (!this.#skips) this.#printer.end(byte)
    else if (this.#depth === 1) this.#skips = false
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (this.#skips) return
    if (this.#depth === 1 && this.#key.take(chunk, start, end, parts)) {
      this.#skips = this.#key.stringText().toLowerCase() === this.#name
      if (this.#skips) return
    }
    this.#printer.key(chunk, start, end, parts)
  }

  string(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (!this.#skips) this.#printer.string(chunk, start, end, parts)
    else this.#endScalar(parts)
  }

  scalar(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (!this.#skips) this.#printer.scalar(chunk, start, end, parts)
    else this.#endScalar(parts)
  }

  #endScalar(parts: number): void {
    if (this.#depth === 1 && (parts & LAST) !== 0) this.#skips = false
  }
}

/** Turns the tokens of a checkpoint into those of an export document. An export document passes as it is. */
class ExportPrinter implements JsonHandler {
  readonly printer: JsonPrinter = new JsonPrinter(INDENT)
  readonly #key = new TokenPieces()
  readonly #scalar = new TokenPieces()
  #depth = 0
  /** The checkpoint's object, whose deployment moves out of it. */
  #dissolvedDepth = 0
  /** What is passed over ends with a value at this depth. */
  #skipDepth = Infinity
  #deploymentDepth = Infinity
  #verbatimDepth = Infinity
  /** The value that comes is the checkpoint. */
  #dissolvesNext = false
  #isVersion = false
  #opensDeployment = false
  #hasVersion = false
  #isUnversioned = false
  #hasDeployment = false

  begin(byte: number): void {
    this.#depth++
    if (this.#skipDepth < this.#depth) return
    if (this.#isVersion) throw malformed('version')
    if (this.#dissolvesNext) {
      this.#dissolvesNext = false
      if (byte !== OPEN_OBJECT) throw malformed('checkpoint')
      this.#dissolvedDepth = this.#depth
      return
    }
    if (this.#opensDeployment) {
      this.#opensDeployment = false
      this.#deploymentDepth = this.#depth
    }
    this.printer.begin(byte)
  }

  end(byte: number): void {
    const depth = this.#depth--
    if (this.#skipDepth < depth) {
      this.#endValue()
      return
    }
    if (depth === this.#dissolvedDepth) {
      this.#dissolvedDepth = 0
      return
    }
    if (depth === 1) this.#endDocument()
    this.printer.end(byte)
    if (depth === this.#deploymentDepth) this.#deploymentDepth = Infinity
    if (depth - 1 === this.#verbatimDepth) this.#endVerbatim()
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    const depth = this.#depth
    if (this.#skipDepth < depth) return
    const outer = depth === 1 || depth === this.#dissolvedDepth || depth === this.#deploymentDepth
    if (!outer) {
      this.printer.key(chunk, start, end, parts)
      return
    }
    if (!this.#key.take(chunk, start, end, parts)) return
    const name = this.#key.stringText()
    if (depth === this.#deploymentDepth) {
      if (name.toLowerCase() === 'secrets_providers') {
        this.printer.verbatim = true
        this.#verbatimDepth = depth
      }
      this.printer.name(name)
    } else this.#outerMember(name, depth)
  }

  string(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (this.#skipDepth < this.#depth + 1) {
      if ((parts & LAST) !== 0) this.#endValue()
      return
    }
    if (this.#isVersion) throw malformed('version')
    if (this.#dissolvesNext) throw malformed('checkpoint')
    this.#opensDeployment = false
    this.printer.string(chunk, start, end, parts)
    if ((parts & LAST) !== 0 && this.#depth === this.#verbatimDepth) this.#endVerbatim()
  }

  scalar(chunk: Uint8Array, start: number, end: number, parts: number): void {
    if (this.#skipDepth < this.#depth + 1) {
      if ((parts & LAST) !== 0) this.#endValue()
      return
    }
    if (this.#isVersion) {
      if (this.#scalar.take(chunk, start, end, parts)) this.#version(this.#scalar.rawText())
      return
    }
    if (this.#dissolvesNext) {
      // A checkpoint that is null says nothing.
      if ((parts & LAST) !== 0) this.#dissolvesNext = false
      return
    }
    this.#opensDeployment = false
    this.printer.scalar(chunk, start, end, parts)
    if ((parts & LAST) !== 0 && this.#depth === this.#verbatimDepth) this.#endVerbatim()
  }

  /** A member of the document itself, or of its checkpoint. */
  #outerMember(name: string, depth: number): void {
    const known = name.toLowerCase()
    if (depth === this.#dissolvedDepth) {
      if (known === 'latest') this.#deployment()
      else this.#skip()
      return
    }
    switch (known) {
      case 'version':
        this.#isVersion = true
        return
      case 'deployment':
        this.#deployment()
        return
      case 'latest':
        this.#versionIs(UNVERSIONED)
        this.#deployment()
        return
      case 'checkpoint':
        // What says version 0 is read whole as the oldest shape, which has no such member.
        if (this.#isUnversioned) this.#skip()
        else this.#dissolvesNext = true
        return
      case 'stack':
      case 'config':
        this.#skip()
        return
      default:
        this.printer.name(name)
    }
  }

  #deployment(): void {
    this.#hasDeployment = true
    this.#opensDeployment = true
    this.printer.name('deployment')
  }

  #version(text: string): void {
    this.#isVersion = false
    if (text === '0' || text === 'null') {
      this.#isUnversioned = true
      return
    }
    this.#hasVersion = true
    this.printer.name('version')
    this.printer.value(text)
  }

  #versionIs(version: number): void {
    if (this.#hasVersion) return
    this.#hasVersion = true
    this.printer.name('version')
    this.printer.value(String(version))
  }

  #endDocument(): void {
    if (this.#hasDeployment) return
    this.#versionIs(EMPTY_VERSION)
    this.printer.name('deployment')
    this.printer.value('null')
  }

  #endVerbatim(): void {
    this.printer.verbatim = false
    this.#verbatimDepth = Infinity
  }

  #skip(): void {
    this.#skipDepth = this.#depth
  }

  #endValue(): void {
    if (this.#depth === this.#skipDepth) this.#skipDepth = Infinity
  }
}

function malformed(member: string): StacksealError {
  return new StacksealError('ERR_MALFORMED_FILE', `the ${member} of the state has a form that it can not have`)
}
