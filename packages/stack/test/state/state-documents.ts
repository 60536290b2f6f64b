import { type Envelope, parseKeyUrl, type SealedKey } from '@stackseal/core'
import { testEnvelope } from './vector-envelopes.ts'

export const SIGNATURE_KEY = '4dabf18193072939515e22adb298388d'
export const SECRET = '1b47061264138c4ac30d75fd1eb44270'

const oldKey: SealedKey = { url: parseKeyUrl('awskms://alias/old'), sealed: 'b2xk' }
export const newKey: SealedKey = { url: parseKeyUrl('gcpkms://projects/p/keys/new'), sealed: 'bmV3bmV3bmV3' }
export const oldEnvelope: Envelope = testEnvelope(1, oldKey)
export const newEnvelope: Envelope = testEnvelope(2, newKey)

/** JSON with both keys' open functions: gives the old envelope for the old key, and nothing else. */
export function open({ sealed }: SealedKey): Promise<Envelope> {
  if (sealed === oldKey.sealed) return Promise.resolve(oldEnvelope)
  return Promise.reject(new Error(`asked for another key: ${sealed}`))
}

export const BLOCK: string = '{"type":"cloud","state":{"url":"awskms://alias/old","encryptedkey":"b2xk"}}'

/** A secret under the old key. */
export async function secret(json: string): Promise<string> {
  return `{"${SIGNATURE_KEY}":"${SECRET}","ciphertext":"${await oldEnvelope.encrypt(json)}"}`
}

/** An export document with these members in the outputs of its one resource. */
export function document(outputs: string, { block = BLOCK }: { readonly block?: string } = {}): string {
  return (
    `{"version":3,"deployment":{"manifest":{"time":"2026-01-01T00:00:00Z","magic":"","version":""},` +
    `"secrets_providers":${block},"resources":[{"urn":"urn:pulumi:dev::p::t:t:T::n","custom":false,"type":"t:t:T",` +
    `"outputs":{${outputs}}}],"metadata":{}}}`
  )
}

/** A document that holds every shape a secret has been seen in, and what only looks like one. */
export async function manyShapes(): Promise<string> {
  const [a, b, c] = await Promise.all([
    oldEnvelope.encrypt('"a"'),
    oldEnvelope.encrypt('{"b":[1]}'),
    oldEnvelope.encrypt('3'),
  ])
  const key = SIGNATURE_KEY
  const escapedKey = `\\u0034${key.slice(1)}`
  const escapedSecret = `${SECRET.slice(0, -1)}\\u0030`
  return document(
    [
      `"plain":{"${key}":"${SECRET}","ciphertext":"${a}"}`,
      `"before":{"ciphertext":"${b}","${key}":"${SECRET}"}`,
      `"escaped" : { "${escapedKey}" : "${escapedSecret}" , "cipherte\\u0078t" : "${c.replaceAll('/', '\\/')}" }`,
      `"extra":{"x":{"ciphertext":"no secret"},"${key}":"${SECRET}","y":[1,{"z":null}],"ciphertext":"${a}","w":"\\"}"}`,
      `"list":[{"${key}":"${SECRET}","ciphertext":"${b}"},[{"ciphertext":"${c}","${key}":"${SECRET}"}]]`,
      `"clear":{"${key}":"${SECRET}","plaintext":"\\"in \\\\u003cclear\\\\u003e ü\\""}`,
      `"clear first":{"plaintext":"[true, 1.0]","${key}":"${SECRET}"}`,
      `"word":"${key}"`,
      `"words":["${key}","${SECRET}","ciphertext"]`,
      `"value":{"a":"${key}","ciphertext":"ordinary"}`,
      `"text":"{\\"${key}\\":\\"${SECRET}\\",\\"ciphertext\\":\\"v1:\\"}"`,
      `"asset":{"${key}":"c44067f5952c0a294b673a41bacd8c17","hash":"h","text":"t","ciphertext":"ordinary"}`,
      `"nested":{"${key}":"${SECRET}","ciphertext":"${a}","in":{"${key}":"${SECRET}","ciphertext":"${b}"}}`,
      `"numbers":[12345678901234567890,1.0,1e+21,-0.0,1E5]`,
      `"ü\\u00fc.x[\\"y\\"]":{"${key}":"${SECRET}","ciphertext":"${c}"}`,
    ].join(','),
  )
}
