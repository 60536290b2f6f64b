/** A page of help that belongs to no command, as data. */
export interface Topic {
  readonly blocks: readonly TopicBlock[]
}

export interface TopicBlock {
  readonly heading?: string
  /** Paragraphs. */
  readonly text?: readonly string[]
  /** Two columns. */
  readonly rows?: readonly (readonly [string, string])[]
  /** Lines that are never broken, such as commands. */
  readonly lines?: readonly string[]
}

/** Every topic with a line about it, in the order of the help page. Their pages are loaded when one is asked for. */
export const TOPICS = [
  { name: 'environment', summary: 'The variables that count' },
  { name: 'exit-codes', summary: 'Exit numbers, and the error codes behind each' },
  { name: 'key-urls', summary: 'How a key is named: passphrase, AWS, Azure, Google, Vault' },
  { name: 'json', summary: 'What commands print with --json' },
  { name: 'files', summary: 'Which files are read and written' },
  { name: 'pulumi', summary: 'What is the same as in Pulumi, and what differs' },
] as const

export type TopicName = (typeof TOPICS)[number]['name']
