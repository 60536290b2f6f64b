/** The least rights that somebody needs to use one key, as text that can be pasted. */
export interface KeyPolicy {
  readonly parts: readonly PolicyPart[]
  /** What has to be known beside the text, one sentence or two each. */
  readonly notes: readonly string[]
}

export interface PolicyPart {
  /** What it is and where it goes, in one line. */
  readonly title: string
  readonly language: 'json' | 'hcl' | 'shell'
  /** Ends without a newline. */
  readonly text: string
}

/** Whose rights they are, and what is known of the world. */
export interface PolicyOptions {
  /** As the service names whoever calls it. */
  readonly principal: string | undefined
  /** Where the region of an AWS key comes from if neither its URL nor its ARN says it. */
  readonly env: Readonly<Record<string, string | undefined>>
}
