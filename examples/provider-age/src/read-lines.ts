import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { type ProviderContext, StacksealError } from '@stackseal/core'

/** The lines of a file but for empty ones and comments. A relative path starts at the folder of the document. */
export async function readLines(path: string, context: ProviderContext, what: string): Promise<string[]> {
  const folder = context.baseUrl === undefined ? '.' : fileURLToPath(context.baseUrl)
  try {
    return linesOf(await readFile(resolve(folder, path), 'utf8'))
  } catch {
    throw new StacksealError('ERR_FILE_NOT_FOUND', `the file of ${what} can not be read`, {
      hint: `check the path, and who may read it: ${path}`,
    })
  }
}

export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
