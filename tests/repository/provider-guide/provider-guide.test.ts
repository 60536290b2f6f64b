import { expect, test } from 'vitest'

import { projectText } from '../project-files.ts'

const guide = projectText('docs/provider-guide.md')

interface Snippet {
  readonly file: string
  readonly text: string
}

/** Every block of code, with the file that the comment above it names. */
const snippets: readonly Snippet[] = [...guide.matchAll(/^```(?:ts|js|json)\n(.*?)^```$/gms)].map((match) => {
  const [, file = ''] = /<!-- from (\S+) -->\n+$/.exec(guide.slice(0, match.index)) ?? []
  return { file, text: match[1] ?? '' }
})

// A snippet of something that is indented in its file starts at the margin.
const flush = (text: string): string => text.replaceAll(/^[ \t]+/gm, '')

test.each(snippets)('a snippet of the provider guide stands in $file', ({ file, text }) => {
  expect(file).not.toBe('')
  expect(flush(projectText(file))).toContain(flush(text))
})

test('the provider guide has snippets, and opens with a whole provider', () => {
  expect(snippets.length).toBeGreaterThan(3)
  expect(snippets[0]?.text).toBe(projectText('tests/repository/provider-guide/acme-kms.ts'))
})
