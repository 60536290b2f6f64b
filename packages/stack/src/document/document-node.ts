/**
 * The tree that a finder makes of a stack file's first document. Every finder (the line scanner, the YAML parser, later
 * the JSON one) gives the same tree for the same text; readers and the splicer see only this.
 *
 * Offsets are UTF-16 indices into the text of the whole file; `end` is exclusive. Comments and blank lines are in no
 * node, but for what stands between the first and the last child of a collection. Texts follow the reference's reader:
 * CR, CR LF and U+0085 in them are LF.
 */
export type DocumentNode = ScalarNode | MappingNode | SequenceNode | AliasNode

interface Located {
  /** Where the content begins, after any anchor and tag. For a block collection: its first pair or item. */
  readonly start: number
  /**
   * Where the content ends: after the last character of a plain or flow token (its closing quote or bracket), after
   * the last child of a block collection, after the line end of the last line that belongs to a block scalar. To a
   * block scalar belong its header and its lines of text, and the blank lines after them only if it keeps them (`+`).
   * So `end` is the start of a line there (or the end of a file whose last line has no end), elsewhere it is not.
   */
  readonly end: number
  /** Where the anchor or tag before the content begins; equal to `start` where there is none. */
  readonly outerStart: number
  /** The name after `&`. */
  readonly anchor: string | undefined
  /** As written, `!!str`, `!secret`, `!<tag:yaml.org,2002:str>`; undefined where there is none. No %TAG changes it. */
  readonly tag: string | undefined
}

export interface ScalarNode extends Located {
  readonly kind: 'scalar'
  /**
   * `empty`: nothing is written (`key:`); start and end are the place right after the colon, dash or `?` that it
   * belongs to, or after its anchor and tag; in `{a}` and `? a` without a colon, the end of the key.
   */
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
  /** A scalar, or an alias of one: what has another key is refused, as by the reference. */
  readonly key: ScalarNode | AliasNode
  readonly value: DocumentNode
  /** Where the pair begins: its key, with anchor and tag, or the `?` before it. Its column is that of the mapping. */
  readonly start: number
  /** The place right after the colon; where no colon is written (`? key`, `{a}`), the end of the key. */
  readonly colonEnd: number
  /** Where its value ends; for an empty value `colonEnd`, or the end of its anchor and tag. */
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
  /** Where its value ends; for an empty value `dashEnd`, or the end of its anchor and tag. */
  readonly end: number
}

export interface AliasNode extends Located {
  readonly kind: 'alias'
  readonly name: string
  /** The node with that anchor that stands last before it, and does not hold it. */
  readonly target: DocumentNode
}

/** A whole file: the first document's tree and where that document lies. */
export interface ParsedDocument {
  /** Undefined for an empty document: nothing, comments, or a lone null without a tag. */
  readonly root: DocumentNode | undefined
  /** Where the first document's content may begin: right after its `---`; without one after a byte order mark. */
  readonly contentStart: number
  /** Where it ends: at the `---` or `...` that ends it (the start of that line), else the end of the file. */
  readonly contentEnd: number
  /** Names of anchors that an alias in this document uses. */
  readonly aliased: ReadonlySet<string>
}
