import type { ConfigValue, Reveal, SecretText, Stack } from '@stackseal/stack'
import { textOfBytes } from '@stackseal/stack'

/** Decrypts the secrets inside values. One that is not UTF-8 becomes a text that stands for its bytes. */
export async function revealSecrets(stack: Stack, values: readonly ConfigValue[]): Promise<Reveal> {
  const reveal: Reveal = await stack.reveal(values)
  const texts = new Map<SecretText, string>()
  for (const { secret } of stack.secrets()) {
    const revealed = reveal(secret)
    if (revealed === undefined || !('error' in revealed) || revealed.error.code !== 'ERR_SECRET_NOT_TEXT') continue
    const envelope = await stack.open()
    texts.set(secret, textOfBytes(await envelope.decryptBytes(secret.ciphertext)))
  }
  return (secret) => {
    const plaintext = texts.get(secret)
    return plaintext === undefined ? reveal(secret) : { plaintext }
  }
}
