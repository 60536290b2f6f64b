import { COMPRESSION_ENDINGS, type Compression } from '../files/compression.ts'

const ENDING = '.json'

/** The names that the state file of a stack can have; the order decides between two of the same age. */
export function checkpointFiles(stack: string): readonly string[] {
  return Object.values(COMPRESSION_ENDINGS).map((ending) => `${stack}${ENDING}${ending}`)
}

export function checkpointFile(stack: string, compression: Compression): string {
  return `${stack}${ENDING}${COMPRESSION_ENDINGS[compression]}`
}

/** The stack to which a file of that name belongs as its state; undefined for any other file. */
export function checkpointName(file: string): string | undefined {
  return /^([A-Za-z0-9_.-]{1,100})\.json(?:\.gz|\.zst)?$/.exec(file)?.[1]
}
