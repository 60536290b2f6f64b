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

interface TopicEntry {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  readonly load: () => Promise<{ readonly topic: Topic }>
}

/** Every topic, in the order of the help page. */
export const TOPICS: readonly TopicEntry[] = [
  {
    name: 'environment',
    summary: 'The variables that count',
    load: () => import('./topics/environment.ts'),
  },
  {
    name: 'exit-codes',
    summary: 'Exit numbers, and the error codes behind each',
    load: () => import('./topics/exit-codes.ts'),
  },
  {
    name: 'key-urls',
    summary: 'How a key is named: passphrase, AWS, Azure, Google, Vault',
    load: () => import('./topics/key-urls.ts'),
  },
  {
    name: 'json',
    summary: 'What commands print with --json',
    load: () => import('./topics/json.ts'),
  },
  {
    name: 'files',
    summary: 'Which files are read and written',
    load: () => import('./topics/files.ts'),
  },
  {
    name: 'pulumi',
    summary: 'What is the same as in Pulumi, and what differs',
    load: () => import('./topics/pulumi.ts'),
  },
]
