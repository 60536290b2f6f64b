import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Counts the real derivations that `run` starts: node:crypto's pbkdf2 is wrapped, not replaced, while it runs.
 */
export async function countDerivations(run: () => Promise<unknown>): Promise<number> {
  const { pbkdf2 } = crypto
  let count = 0
  const counted = (...args: Parameters<typeof pbkdf2>): void => {
    count++
    pbkdf2(...args)
  }
  crypto.pbkdf2 = counted
  syncBuiltinESMExports()
  try {
    await run()
  } finally {
    crypto.pbkdf2 = pbkdf2
    syncBuiltinESMExports()
  }
  return count
}
