import { createCipheriv, publicEncrypt, randomBytes } from 'node:crypto'

import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { vault } from '@stackseal/provider-vault'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { recordedTransitStacks } from '../../../packages/provider-vault/test/recorded-stacks.ts'
import { OpenBao } from '../../../tools/services/openbao.ts'

let bao: OpenBao

/** Brings a key into the transit engine: AES-KWP (RFC 5649) under a key that is sealed with RSA-OAEP. */
async function importKey(name: string, key: Buffer): Promise<void> {
  const publicKey = await bao.data<string>('GET', 'transit/wrapping_key', 'public_key')
  const once = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', once, Buffer.from('A65959A6', 'hex'))
  const wrapped = Buffer.concat([cipher.update(key), cipher.final()])
  const sealedOnce = publicEncrypt({ key: publicKey, oaepHash: 'sha256' }, once)
  await bao.api('POST', `transit/keys/${name}/import`, {
    type: 'aes256-gcm96',
    hash_function: 'SHA256',
    ciphertext: Buffer.concat([sealedOnce, wrapped]).toString('base64'),
  })
}

beforeAll(async () => {
  bao = await OpenBao.start()
})
afterAll(() => bao.stop())

test.each(recordedTransitStacks())(
  'the recorded stack $name opens on the real server',
  async ({ keyName, transitKey, files }) => {
    await importKey(keyName, transitKey)
    const registry = new Registry([vault()])
    const context = { env: { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.token } }
    expect(files.length).toBeGreaterThan(0)
    for (const { url, encryptedKey, secrets, shown } of files) {
      const envelope = await Envelope.open({ url: parseKeyUrl(url), sealed: encryptedKey }, registry, context)
      for (const ciphertext of secrets) expect(shown).toContain(await envelope.decrypt(ciphertext))
    }
    await registry.close()
  },
)
