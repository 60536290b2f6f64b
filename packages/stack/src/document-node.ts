/**
 * The tree that a finder makes of a stack file's first document. Every finder (the line scanner, the YAML parser, later
 * the JSON one) gives the same tree for the same text; readers and the splicer see only this.
 *
 * Offsets are UTF-16 indices into the text of the whole file; `end` is exclusive.
 */
export type DocumentNode = ScalarNode | MappingNode | SequenceNode | AliasNode

interface Located {
  /** Where the content begins, after any anchor and tag. */
  readonly start: number
  /**
   * Where the content ends: after the last character of a plain or flow token (its closing quote or bracket), after
   * the last child of a block collection, after the line end of the last line that belongs to a block scalar.
   */
  readonly end: number
  /** Where the anchor or tag before the content begins; equal to `start` where there is none. */
  readonly outerStart: number
  /** The name after `&`. */
  readonly anchor: string | undefined
  /** As written, `!!str`, `!secret`; undefined where there is none. */
  readonly tag: string | undefined
}

export interface ScalarNode extends Located {
  readonly kind: 'scalar'
  /** `empty`: nothing is written (`key:`); start and end are the place right after the colon or dash (or after its anchor or tag). */
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded' | 'empty'
  /** The text that the token stands for, with escapes and folding undone; not yet resolved to a type. */
  readonly text: string
}

export interface MappingNode extends Located {
  readonly kind: 'mapping'
  readonly flow: boolean
  readonly pairs: readonly PairNode[]
}

export interface PairNode {
  readonly key: ScalarNode | AliasNode
  readonly value: DocumentNode
  /** Where the pair begins: its key, with anchor and tag, or the `?` before it. */
  readonly start: number
  /** The place right after the colon; where no colon is written (`? key`, `{a}`), the end of the key. */
  readonly colonEnd: number
  /** Where its value ends; `colonEnd` if the value is empty. */
  readonly end: number
}

export interface SequenceNode extends Located {
  readonly kind: 'sequence'
  readonly flow: boolean
  readonly items: readonly ItemNode[]
}

export interface ItemNode {
  readonly value: DocumentNode
  /** Where the item begins: its dash; in flow style its value with anchor and tag. */
  readonly start: number
  /** The place right after the dash; in flow style equal to `start`. */
  readonly dashEnd: number
  /** Where its value ends; `dashEnd` if the value is empty. */
  readonly end: number
}

export interface AliasNode extends Located {
  readonly kind: 'alias'
  readonly name: string
  /** The anchored node that stands before it. */
  readonly target: DocumentNode
}

/** A whole file: the first document's tree and where that document lies. */
export interface ParsedDocument {
  /** Undefined for an empty document: nothing, comments, or a lone null. */
  readonly root: DocumentNode | undefined
  /** Where the first document's content may begin: after the byte order mark, directives and `---`. */
  readonly contentStart: number
  /** Where it ends: at the `---` or `...` that ends it, else the end of the file. */
  readonly contentEnd: number
  /** Names of anchors that an alias in this document uses. */
  readonly aliased: ReadonlySet<string>
}
