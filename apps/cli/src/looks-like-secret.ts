// The thresholds and names of the reference.
const NAME_OF_A_SECRET = /passwd|pass|password|pwd|secret|token/i
const CHECKED_BYTES = 16
const BITS = 80
const BITS_PER_BYTE = 3

/**
 * Whether a plain value is better encrypted: the name of its key says so, and it is hard to guess. Only then are the
 * word lists loaded that it takes to tell.
 */
export async function looksLikeSecret(name: string, value: string): Promise<boolean> {
  if (!NAME_OF_A_SECRET.test(name)) return false
  const { passwordEntropy } = await import('./password-entropy.ts')
  const bytes = new TextEncoder().encode(value).subarray(0, CHECKED_BYTES)
  const bits = passwordEntropy(bytes)
  return bits >= BITS || (bits >= BITS / 2 && bits / bytes.length >= BITS_PER_BYTE)
}
