import { readFileSync } from 'node:fs'

export const VECTORS: URL = new URL('../../../vectors/', import.meta.url)

/** The rows of one file under vectors/, which a test reads as they stand. */
export function readVectors(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, VECTORS), 'utf8'))
}
