import { posix } from 'node:path'

/** A link of a Markdown page that leads nowhere in the project, as `page: target`. */
export function brokenLinks(page: string, pages: ReadonlyMap<string, string>, files: ReadonlySet<string>): string[] {
  return linkTargets(pages.get(page) ?? '')
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .filter((target) => !resolves(page, target, pages, files))
    .map((target) => `${page}: ${target}`)
}

function resolves(
  page: string,
  target: string,
  pages: ReadonlyMap<string, string>,
  files: ReadonlySet<string>,
): boolean {
  const [path = '', anchor] = target.split('#') as [string?, string?]
  const file = path === '' ? page : posix.join(posix.dirname(page), decodeURI(path)).replace(/\/$/, '')
  const isFolder = [...files].some((name) => name.startsWith(`${file}/`))
  if (!files.has(file) && !isFolder) return false
  return anchor === undefined || anchors(pages.get(file) ?? '').has(anchor)
}

/** The names that a page's headings can be linked by, made as GitHub makes them. */
function anchors(text: string): Set<string> {
  const names = new Set<string>()
  for (const [, heading = ''] of withoutCode(text, '').matchAll(/^#{1,6} +(.*)$/gm)) {
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/\]\([^)]*\)/g, '')
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    let name = slug
    for (let count = 1; names.has(name); count++) name = `${slug}-${count}`
    names.add(name)
  }
  return names
}

function linkTargets(text: string): string[] {
  const prose = withoutCode(text, 'code')
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)]
  const references = [...prose.matchAll(/^\s*\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/gm)]
  return [...inline, ...references].map(([, target = '']) => target)
}

/** Fenced blocks go; of `code` in a line stays the text (a heading's anchor is made of it) or a word in its place. */
function withoutCode(text: string, inPlace: '' | 'code'): string {
  return text
    .replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replaceAll(/`+([^`\n]*)`+/g, (_, code: string) => (inPlace === '' ? code : inPlace))
}
