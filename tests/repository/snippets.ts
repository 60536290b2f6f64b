/** A block of code of a Markdown page. */
export interface Snippet {
  readonly page: string
  /** The line of its fence, from 1. */
  readonly line: number
  readonly language: string
  readonly text: string
  /** The block of `text` that follows it: what it prints. */
  readonly output?: string
  /** Why it is not run: `<!-- not run: reason -->` right above it. */
  readonly notRun?: string
  /** The file of which it is a part: `<!-- from FILE -->` right above it; that file has tests of its own. */
  readonly from?: string
}

/** The blocks of code of a page, in their order. */
export function snippetsOf(page: string, markdown: string): readonly Snippet[] {
  const blocks = [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  return blocks.flatMap((match, i): Snippet[] => {
    const [block, language = '', text = ''] = match
    if (language === 'text') return []
    const before = markdown.slice(0, match.index)
    const [, word, reason] = /<!-- (not run:|from) (.*?) -->\n+$/.exec(before) ?? []
    const next = blocks[i + 1]
    const between = markdown.slice(match.index + block.length, next?.index)
    // Its output is the next block, if no heading stands between the two.
    const output = next?.[1] === 'text' && !/^#/m.test(between) ? next[2] : undefined
    return [
      {
        page,
        line: before.split('\n').length,
        language,
        text,
        ...(output === undefined ? {} : { output }),
        ...(word === 'not run:' && reason !== undefined ? { notRun: reason } : {}),
        ...(word === 'from' && reason !== undefined ? { from: reason } : {}),
      },
    ]
  })
}

/** One command of a `console` block, and what the terminal shows of it. */
export interface ShownCommand {
  readonly command: string
  readonly shown: string
}

export function shownCommands(text: string): readonly ShownCommand[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n')
      return { command: part.slice(0, end), shown: part.slice(end + 1) }
    })
}
