import type * as YamlModule from 'yaml'
import type { CST, Lexer, Parser } from 'yaml'
import { malformedYaml } from './malformed-yaml.ts'
import { YamlTokenRules } from './yaml-token-rules.ts'

type Yaml = typeof YamlModule

/** The tokens of a file's first document; undefined where the file has none. */
export interface FirstDocument {
  readonly document: CST.Document | undefined
  readonly contentStart: number
  readonly contentEnd: number
  /** The lengths of the scalars whose tokens hold only a stand-in, by where they begin. */
  readonly lengths: ReadonlyMap<number, number>
}

// The reference ends a line at each of these too; the library at LF and CR LF alone. Each is as long as an LF.
const FURTHER_LINE_ENDS = /\r(?!\n)|[\u0085\u2028\u2029]/g

const BYTE_ORDER_MARK = '\ufeff'

/** Scalars longer than this are given to the library in short: it would read them character by character. */
const LONG_SCALAR = 65_536

/** A bound on memory: more than a file of 64 MiB has that is made of secrets. */
const MAX_TOKENS = 10_000_000

const QUOTES: readonly string[] = ['"', "'"]

/**
 * Reads the first document of a file into tokens of the YAML library.
 *
 * Comments and blank lines are left out: the tree has none, and the library would want a blank before a comment where
 * the reference does not.
 *
 * @throws ERR_MALFORMED_FILE
 */
export function readFirstDocument(yaml: Yaml, text: string, maxDepth: number): FirstDocument {
  return new Reader(yaml, text, maxDepth).read()
}

class Reader {
  readonly #text: string
  readonly #lexer: Lexer
  readonly #parser: Parser
  readonly #rules: YamlTokenRules
  readonly #typeOf: (source: string) => CST.TokenType | null
  readonly #maxDepth: number
  #at = 0
  #document: CST.Document | undefined
  #hasDirective = false
  /** Nothing but blanks and a comment has been seen in this line; the blanks wait here. */
  #lineIsBlank = true
  #heldBlanks: { readonly source: string; readonly at: number }[] = []
  #inBlockScalar = false
  #tokens = 0
  readonly #lengths = new Map<number, number>()

  constructor({ Lexer, Parser, CST }: Yaml, text: string, maxDepth: number) {
    this.#text = text.replace(FURTHER_LINE_ENDS, '\n')
    this.#lexer = new Lexer()
    this.#parser = new Parser()
    this.#rules = new YamlTokenRules(this.#text)
    this.#typeOf = CST.tokenType
    this.#maxDepth = maxDepth
  }

  read(): FirstDocument {
    this.#guardIndentation()
    let scalarIsNext = false
    for (const source of this.#lexer.lex(this.#text)) {
      if (scalarIsNext) {
        scalarIsNext = false
        this.#rules.check(this.#inBlockScalar ? 'block' : 'plain', source, this.#at)
        this.#feedScalar(source, this.#inBlockScalar ? '' : source.charAt(0))
        this.#at += source.length
        this.#lineIsBlank = this.#inBlockScalar
        this.#inBlockScalar = false
        continue
      }
      const type = this.#typeOf(source)
      if (type === 'scalar') scalarIsNext = true
      if (type === 'block-scalar-header') this.#inBlockScalar = true
      this.#take(type, source)
      if (this.#document !== undefined) return this.#result(this.#document, this.#at)
      if (type !== 'scalar' && type !== 'doc-mode') this.#at += source.length
    }
    for (const token of this.#parser.end()) this.#receive(token)
    if (this.#hasDirective && this.#document === undefined) this.#refuse('a directive has no --- after it')
    return this.#result(this.#document, this.#text.length)
  }

  /**
   * In brackets and quotes the reference looks at no indentation, and to a comment's it pays no attention. The library's
   * lexer does both, by a field that no option sets, so that field is guarded.
   */
  #guardIndentation(): void {
    let indentNext = 0
    Object.defineProperty(this.#lexer, 'indentNext', {
      get: () => (this.#isIndentationFree() ? 0 : indentNext),
      set: (value: number) => {
        if (this.#inBlockScalar || this.#text.charAt(this.#at) !== '#') indentNext = value
      },
    })
  }

  #isIndentationFree(): boolean {
    return this.#rules.inFlow || (!this.#inBlockScalar && QUOTES.includes(this.#text.charAt(this.#at)))
  }

  #result(document: CST.Document | undefined, contentEnd: number): FirstDocument {
    const marker = document?.start.find(({ type }) => type === 'doc-start')
    if (this.#hasDirective && marker === undefined) this.#refuse('a directive has no --- after it')
    if (document !== undefined && marker === undefined && document.value === undefined && document.start.length === 0) {
      this.#refuse('... ends a document that has not begun')
    }
    const contentStart = marker === undefined ? Number(this.#text.startsWith(BYTE_ORDER_MARK)) : marker.offset + 3
    return { document, contentStart, contentEnd, lengths: this.#lengths }
  }

  #take(type: CST.TokenType | null, source: string): void {
    switch (type) {
      case 'comment':
        return this.#rules.check(type, source, this.#at)
      case 'newline':
        this.#rules.check(type, source, this.#at)
        this.#heldBlanks = []
        if (!this.#lineIsBlank) this.#feed(source, this.#at)
        this.#lineIsBlank = true
        return
      case 'space':
        this.#rules.check(type, source, this.#at)
        if (this.#lineIsBlank) this.#heldBlanks.push({ source, at: this.#at })
        else this.#feed(source, this.#at)
        return
      case 'flow-error-end':
        return this.#refuse('brackets are not closed')
      case 'byte-order-mark':
        return
      case 'doc-mode':
      case 'directive-line':
      case null:
        return this.#feed(source, this.#at)
      default:
        if (type !== 'scalar') this.#rules.check(type, source, this.#at)
        for (const blank of this.#heldBlanks) this.#feed(blank.source, blank.at)
        this.#heldBlanks = []
        this.#lineIsBlank = false
        if (type.endsWith('-quoted-scalar'))
          this.#feedScalar(source, source.charAt(0) + source.charAt(source.length - 1))
        else this.#feed(source, this.#at)
    }
  }

  #feedScalar(source: string, inShort: string): void {
    if (source.length > LONG_SCALAR) this.#lengths.set(this.#at, source.length)
    this.#feed(source.length > LONG_SCALAR ? inShort : source, this.#at)
  }

  #feed(source: string, at: number): void {
    this.#parser.offset = at
    for (const token of this.#parser.next(source)) this.#receive(token)
    // The document and a scalar are on the stack as well.
    if (++this.#tokens > MAX_TOKENS) this.#refuse(`it has more than ${MAX_TOKENS} tokens`)
    if (this.#parser.stack.length > this.#maxDepth + 2) this.#refuse(`more than ${this.#maxDepth} levels are nested`)
  }

  #receive(token: CST.Token): void {
    switch (token.type) {
      case 'document':
        this.#document ??= token
        return
      case 'directive':
        // The reference knows version 1.1 alone. With %TAG a tag would not mean what is written.
        if (this.#hasDirective || !/^%YAML[ \t]+0?1\.0?1$/.test(token.source)) {
          this.#refuse('it has a directive other than one %YAML 1.1')
        }
        this.#hasDirective = true
        return
      case 'error':
        return this.#refuse('something stands where it can not')
      default:
        return
    }
  }

  #refuse(what: string): never {
    throw malformedYaml(this.#text, this.#at, what)
  }
}
