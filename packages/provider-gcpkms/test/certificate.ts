import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto'

export interface Certificate {
  /** PEM. It is its own authority. */
  readonly cert: string
  readonly key: string
}

/** A certificate for names and for 127.0.0.1, valid for a day: DER as RFC 5280 §4.1 has it, signed with ECDSA. */
export function selfSigned(...names: string[]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oid('2a8648ce3d040302')) // ecdsa-with-SHA256
  const commonName = tagged(0x0c, Buffer.from('Stackseal test'))
  const name = sequence(tagged(0x31, sequence(oid('550403'), commonName)))
  const alternatives = [
    ...names.map((host) => tagged(0x82, Buffer.from(host))),
    tagged(0x87, Buffer.from([127, 0, 0, 1])),
  ]
  const now = Date.now()
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(now - 3_600_000), time(now + 86_400_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      0xa3,
      sequence(
        extension('551d13', sequence(tagged(0x01, Buffer.from([0xff])))), // basicConstraints: an authority
        extension('551d11', sequence(...alternatives)), // subjectAltName
      ),
    ),
  )
  const signature = createSign('sha256').update(body).sign(privateKey)
  const der = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'))
}

function extension(id: string, content: Buffer): Buffer {
  return sequence(oid(id), tagged(0x04, content))
}

function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replaceAll(/\D/g, '').slice(0, 14)
  return tagged(0x18, Buffer.from(`${text}Z`))
}
