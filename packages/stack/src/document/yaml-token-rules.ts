import { malformedYaml } from './malformed-yaml.ts'

/** What a token is, in the words of the YAML library; `plain` and `block` are its two kinds of text without quotes. */
export type TokenKind =
  | 'plain'
  | 'block'
  | 'space'
  | 'newline'
  | 'comment'
  | 'doc-start'
  | 'doc-end'
  | 'seq-item-ind'
  | 'explicit-key-ind'
  | 'map-value-ind'
  | 'flow-map-start'
  | 'flow-seq-start'
  | 'flow-map-end'
  | 'flow-seq-end'
  | 'comma'
  | 'anchor'
  | 'alias'
  | 'tag'
  | 'single-quoted-scalar'
  | 'double-quoted-scalar'
  | 'block-scalar-header'

/** What is open at one level of brackets; the first level is block style. */
interface Level {
  /** Where a token stands that a colon in the same line would make a key. */
  key: number
  /** A `?` waits for its colon. */
  explicit: boolean
}

const MAX_KEY_LENGTH = 1024
const NAME = /^[&*][0-9A-Za-z_-]+$/
const TAG = /^!(?:<[0-9A-Za-z_\-;/?:@&=+$,.!~*'()[\]]+>|[0-9A-Za-z_\-;/?:@&=+$.!~*'()]*)$/
const BLANK_OR_END = /[ \t\n\r]|^$/

/**
 * Where the reference's reader is stricter than the YAML library, token by token. It follows YAML 1.1: a tab never
 * stands where a key may begin, in brackets too a key ends in the line where it begins, `?` ends a plain scalar in
 * brackets, the name of an anchor is ASCII, a tag reaches to the next blank. It keeps a stack of indentations, which a
 * comment does not change.
 */
export class YamlTokenRules {
  readonly #text: string
  #level: Level = { key: -1, explicit: false }
  readonly #outerLevels: Level[] = []
  #indent = -1
  readonly #outerIndents: number[] = []
  #keyAllowed = true
  #lineStart: number
  /** Where the last token ended, if that was a plain scalar. */
  #plainEnd = -1

  /** @param text with no other line ends than LF and CR LF */
  constructor(text: string) {
    this.#text = text
    this.#lineStart = Number(text.startsWith('\ufeff'))
  }

  /** Whether the last token stands in brackets. */
  get inFlow(): boolean {
    return this.#outerLevels.length > 0
  }

  /** @throws ERR_MALFORMED_FILE */
  check(kind: TokenKind, source: string, at: number): void {
    const plainEnd = this.#plainEnd
    switch (kind) {
      case 'newline':
        this.#lineStart = at + source.length
        if (!this.inFlow) this.#keyAllowed = true
        return
      case 'space':
        return this.#checkTab(source, at)
      case 'comment':
        this.#plainEnd = -1
        return
      case 'block':
        this.#keyAllowed = true
        this.#lineStart = at + source.length
        return
      default:
        this.#plainEnd = kind === 'plain' ? at + source.length : -1
        this.#checkToken(kind, source, at, plainEnd)
    }
  }

  #checkTab(source: string, at: number): void {
    const tab = source.indexOf('\t')
    if (tab === -1) return
    // Behind a plain scalar the blanks of further lines are looked at as if it went on there.
    const isAfterPlain = this.#plainEnd !== -1 && this.#plainEnd < this.#lineStart
    const mayBeKey = this.#keyAllowed && !this.inFlow && !this.#isCommentBehindSign(source, at)
    const isWrong = isAfterPlain ? at + tab - this.#lineStart <= this.#indent : mayBeKey
    if (isWrong) this.#refuse(at, 'a tab stands where only spaces may')
  }

  /** The reference looks for a comment right behind a `?` and its `:`, and passes over tabs before it. */
  #isCommentBehindSign(blanks: string, at: number): boolean {
    return /[?:]/.test(this.#text.charAt(at - 1)) && this.#text[at + blanks.length] === '#'
  }

  #checkToken(kind: TokenKind, source: string, at: number, plainEnd: number): void {
    const level = this.#level
    const { inFlow } = this
    const column = at - this.#lineStart
    if (!inFlow) while (this.#indent > column) this.#indent = this.#outerIndents.pop() ?? -1
    switch (kind) {
      case 'seq-item-ind':
        if (!inFlow && !this.#keyAllowed) this.#refuse(at, 'an item can not begin here')
        this.#indentTo(column)
        level.key = -1
        this.#keyAllowed = true
        return
      case 'explicit-key-ind':
        if (!inFlow && !this.#keyAllowed) this.#refuse(at, 'a key can not begin here')
        this.#indentTo(column)
        level.key = -1
        level.explicit = true
        this.#keyAllowed = !inFlow
        return
      case 'map-value-ind':
        if (inFlow && plainEnd !== -1 && !this.#blankAt(at + 1)) {
          this.#refuse(at, 'in brackets a blank must follow the colon after a key that is not quoted')
        }
        return this.#checkColon(level, inFlow, at)
      case 'comma':
        level.key = -1
        level.explicit = false
        this.#keyAllowed = true
        return
      case 'flow-map-end':
      case 'flow-seq-end':
        this.#level = this.#outerLevels.pop() ?? level
        this.#keyAllowed = false
        return
      case 'doc-start':
      case 'doc-end':
        if (column !== 0) this.#refuse(at, 'the end of a line stands where it can not')
        this.#keyAllowed = false
        return
      case 'block-scalar-header':
        level.key = -1
        this.#keyAllowed = false
        return
      default:
        this.#checkNode(kind, source, at)
    }
  }

  #checkNode(kind: TokenKind, source: string, at: number): void {
    if (this.#keyAllowed) this.#level.key = at
    this.#keyAllowed = false
    switch (kind) {
      case 'flow-map-start':
      case 'flow-seq-start':
        this.#outerLevels.push(this.#level)
        this.#level = { key: -1, explicit: false }
        this.#keyAllowed = true
        return
      case 'anchor':
      case 'alias':
        if (!NAME.test(source))
          this.#refuse(at, 'an anchor or alias is a name of letters, digits, _ and -, and a blank')
        return
      case 'tag':
        if (!TAG.test(source) || !this.#blankAt(at + source.length)) {
          this.#refuse(at, 'a tag must have only the characters of a URL without %, and a blank after it')
        }
        return
      case 'plain':
        if (this.inFlow && (source.includes('?') || source.startsWith(':'))) {
          this.#refuse(at, 'a value in brackets that has ? in it or begins with : must be quoted')
        }
        if (source.includes('\n')) this.#checkPlainLines(source, at)
        return
      default: {
        const newline = source.lastIndexOf('\n')
        if (newline !== -1) this.#lineStart = at + newline + 1
      }
    }
  }

  #checkPlainLines(source: string, at: number): void {
    for (let newline = source.indexOf('\n'); newline !== -1; newline = source.indexOf('\n', newline + 1)) {
      this.#lineStart = at + newline + 1
      let first = newline + 1
      while (source.charAt(first) === ' ') first++
      const column = first - newline - 1
      const isWrong = this.inFlow ? source.charAt(first) === '\t' : !'\r\n'.includes(source.charAt(first))
      if (column <= this.#indent && isWrong) {
        this.#refuse(this.#lineStart, 'a line is not indented enough for the value that it belongs to')
      }
    }
  }

  #checkColon(level: Level, inFlow: boolean, at: number): void {
    if (level.key >= this.#lineStart) {
      if (at - level.key > MAX_KEY_LENGTH) this.#refuse(level.key, `a key is longer than ${MAX_KEY_LENGTH} characters`)
      this.#indentTo(level.key - this.#lineStart)
      this.#keyAllowed = false
    } else {
      if (inFlow ? !level.explicit : !this.#keyAllowed) this.#refuse(at, 'a colon has no key before it in its line')
      this.#indentTo(at - this.#lineStart)
      this.#keyAllowed = !inFlow
    }
    level.key = -1
    level.explicit = false
  }

  #indentTo(column: number): void {
    if (this.inFlow || column <= this.#indent) return
    this.#outerIndents.push(this.#indent)
    this.#indent = column
  }

  #blankAt(at: number): boolean {
    return BLANK_OR_END.test(this.#text.charAt(at))
  }

  #refuse(at: number, what: string): never {
    throw malformedYaml(this.#text, at, what)
  }
}
