import { decodeBase64, encodeBase64, StacksealError } from '@stackseal/core'

/** `encryptionsalt` in its parts. */
export interface EncryptionSalt {
  /** 8 bytes where Pulumi or Stackseal made it; any number is read. */
  readonly salt: Uint8Array
  /** A value ciphertext of the text `pulumi` under the derived key. Not looked into: what is wrong with it shows when it is opened. */
  readonly check: string
}

const VERSION = 'v1'
const HINT = 'take the line encryptionsalt from an earlier version of the file'

/**
 * Parses `v1:<salt>:<check>`, checking in the order in which the reference does; docs/format.md, "Passphrase".
 * @throws ERR_MALFORMED_SEALED_KEY
 */
export function parseEncryptionSalt(text: string): EncryptionSalt {
  const first = text.indexOf(':')
  const second = text.indexOf(':', first + 1)
  if (second < 0) throw malformed('it is not of the form v1:<salt>:<check>')
  if (text.slice(0, first) !== VERSION) throw malformed('its version is unknown')
  const salt = decodeBase64(text.slice(first + 1, second))
  if ('invalidAt' in salt) throw malformed(`its salt is not base64 (at byte ${salt.invalidAt})`, { at: salt.invalidAt })
  return { salt: salt.bytes, check: text.slice(second + 1) }
}

export function printEncryptionSalt({ salt, check }: EncryptionSalt): string {
  return `${VERSION}:${encodeBase64(salt)}:${check}`
}

function malformed(reason: string, details: { at?: number } = {}): StacksealError {
  return new StacksealError('ERR_MALFORMED_SEALED_KEY', `encryptionsalt is malformed: ${reason}`, {
    hint: HINT,
    details,
  })
}
