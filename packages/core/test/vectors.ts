import { readFileSync } from 'node:fs'

/** The rows of one file under vectors/, which a test reads as they stand. */
export function readVectors(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../vectors/${path}`, import.meta.url), 'utf8'))
}
