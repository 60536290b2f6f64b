import { StacksealError } from '@stackseal/core'
import { JsonPrinter } from './json-printer.ts'
import { type JsonHandler, LAST, OPEN_OBJECT } from './json-tokenizer.ts'
import { TokenPieces } from './token-text.ts'

/** What the reference indents by. */
const INDENT = 4
/** The version that an export names for a stack that was never deployed to. */
const EMPTY_VERSION = 3
/** The version of a deployment in a checkpoint from before checkpoints had one. */
export const UNVERSIONED = 1

/** Turns the tokens of a checkpoint into those of an export document. An export document passes as it is. */
export class ExportPrinter implements JsonHandler {
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
