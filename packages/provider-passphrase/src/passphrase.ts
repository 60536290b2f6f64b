import {
  Envelope,
  isStacksealError,
  type KeyUrl,
  parseCiphertext,
  type ProviderContext,
  type ProviderV1,
  StacksealError,
  untilAborted,
  wipe,
} from '@stackseal/core'

import { deriveKey, randomSalt } from './derive.ts'
import { type EncryptionSalt, parseEncryptionSalt, printEncryptionSalt } from './encryption-salt.ts'
import {
  askForNewPassphrase,
  askUntilItOpens,
  checkIsText,
  givenPassphrase,
  wrongPassphrase,
} from './passphrase-source.ts'

/** What the check value in every encryptionsalt says. */
const CHECK_TEXT = 'pulumi'

/**
 * The provider of the key URL `passphrase:`. The data key follows from a passphrase and the salt in `encryptionsalt`
 * (PBKDF2-HMAC-SHA256, 1,000,000 iterations, 32 bytes), whose text is what a document stores as its sealed key;
 * docs/format.md, "Passphrase".
 *
 * The passphrase is what `PULUMI_CONFIG_PASSPHRASE` holds, also if that is empty; else what the file that
 * `PULUMI_CONFIG_PASSPHRASE_FILE` names holds, without white space at its ends; else the answer of `context.ask`.
 *
 * Throws ERR_PASSPHRASE_MISSING, ERR_WRONG_PASSPHRASE, ERR_MALFORMED_SEALED_KEY, ERR_INVALID_KEY_URL.
 */
export function passphrase(): ProviderV1 {
  return { contract: 1, name: 'passphrase', schemes: ['passphrase'], createKey, openKey, describe }
}

async function createKey(url: KeyUrl, context: ProviderContext): Promise<{ dataKey: Uint8Array; sealed: string }> {
  checkUrl(url)
  const create = async (phrase: Uint8Array): Promise<{ dataKey: Uint8Array; sealed: string; salt: Uint8Array }> => {
    const salt = randomSalt()
    const dataKey = await untilAborted(() => deriveKey(phrase, salt), context.signal)
    const check = await envelopeOf(dataKey, url).encrypt(CHECK_TEXT)
    return { dataKey, sealed: printEncryptionSalt({ salt, check }), salt }
  }
  const given = await givenPassphrase(context)
  if (given !== undefined) checkIsText(given)
  const { dataKey, sealed } = await (given === undefined
    ? askForNewPassphrase(context, create)
    : create(given.passphrase))
  return { dataKey, sealed }
}

async function openKey(url: KeyUrl, sealed: string, context: ProviderContext): Promise<{ dataKey: Uint8Array }> {
  checkUrl(url)
  const { salt, check } = parseEncryptionSalt(sealed)
  const open = async (phrase: Uint8Array): Promise<Uint8Array | undefined> => {
    const dataKey = await untilAborted(() => deriveKey(phrase, salt), context.signal)
    if (await isChecked(dataKey, check, url)) return dataKey
    wipe(dataKey)
    return undefined
  }
  const given = await givenPassphrase(context)
  // To the reference this too is a wrong passphrase. Deriving a key for it, or asking again and again, helps nobody.
  if (!isCiphertext(check) && (given ?? context.ask) !== undefined) throw damagedCheck()
  if (given === undefined) return { dataKey: await askUntilItOpens(salt, context, open) }
  const dataKey = await open(given.passphrase)
  if (dataKey === undefined) throw wrongPassphrase(given)
  return { dataKey }
}

function describe(_url: KeyUrl, sealed: string | undefined): Readonly<Record<string, string>> {
  const derivation = { 'key derivation': 'PBKDF2-HMAC-SHA256, 1,000,000 iterations' }
  if (sealed === undefined) return derivation
  try {
    const { salt } = parseEncryptionSalt(sealed)
    const hex = Array.from(salt, (byte) => byte.toString(16).padStart(2, '0')).join('')
    return { ...derivation, salt: `${salt.length} bytes (${hex})` }
  } catch (error) {
    if (isStacksealError(error)) return { ...derivation, salt: error.message }
    throw error
  }
}

function envelopeOf(dataKey: Uint8Array, url: KeyUrl): Envelope {
  return Envelope.fromDataKey(Uint8Array.from(dataKey), { url, sealed: '' })
}

async function isChecked(dataKey: Uint8Array, check: EncryptionSalt['check'], url: KeyUrl): Promise<boolean> {
  try {
    return (await envelopeOf(dataKey, url).decrypt(check)) === CHECK_TEXT
  } catch (error) {
    if (isStacksealError(error)) return false // whatever is wrong with the check value, the reference calls it a wrong passphrase
    throw error
  }
}

function isCiphertext(text: string): boolean {
  try {
    parseCiphertext(text)
    return true
  } catch (error) {
    if (isStacksealError(error)) return false
    throw error
  }
}

function damagedCheck(): StacksealError {
  return new StacksealError('ERR_WRONG_PASSPHRASE', 'no passphrase opens encryptionsalt: its check value is damaged', {
    hint: 'take the line encryptionsalt from an earlier version of the file',
  })
}

function checkUrl(url: KeyUrl): void {
  if (url.opaque === '' && url.query.length === 0) return
  throw new StacksealError('ERR_INVALID_KEY_URL', 'the key URL of a passphrase has no parts: it is passphrase:', {
    hint: 'write passphrase; what opens it is not a part of a key URL',
    details: { scheme: url.scheme },
  })
}
