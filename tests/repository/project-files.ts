import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT: string = join(import.meta.dirname, '../..')

/** Every file of the project as a path from its root, without what .gitignore names. Needs no git: `npm test` has none. */
export function projectFiles(): string[] {
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')
  const folders = new Set([...ignored.filter((line) => line.endsWith('/')).map((line) => line.slice(0, -1)), '.git'])
  const endings = ignored.filter((line) => line.startsWith('*.')).map((line) => line.slice(1))
  const files: string[] = []
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && !folders.has(entry.name)) visit(path)
      // In a linked work tree .git is a file.
      if (entry.isFile() && entry.name !== '.git' && !endings.some((ending) => entry.name.endsWith(ending)))
        files.push(path)
    }
  }
  visit('')
  return files
}

export function projectText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}
