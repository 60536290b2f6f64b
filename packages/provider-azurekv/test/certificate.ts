import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A certificate that vouches for itself, and its key, as PEM texts. Made anew for each run: nobody keeps the key. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly publicKey: KeyObject
}

const DAY_MS = 24 * 60 * 60 * 1000
const OID = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  sha256WithRsa: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
  commonName: [0x55, 0x04, 0x03],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
} as const

/** X.509 v3 (RFC 5280 §4.1) by hand, since Node reads certificates and makes none. A name may start with `*.`. */
export function certificateFor(names: readonly string[], kind: 'ec' | 'rsa' = 'ec'): Certificate {
  const { publicKey, privateKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const algorithm = kind === 'ec' ? sequence(oid(OID.ecdsaWithSha256)) : sequence(oid(OID.sha256WithRsa), der(0x05, []))
  const name = sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from('tests of Stackseal')))))
  const toBeSigned = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [0x01, ...randomBytes(8)]),
    algorithm,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension(OID.basicConstraints, sequence(der(0x01, [0xff]))),
        extension(OID.subjectAltName, sequence(...names.map((each) => der(0x82, Buffer.from(each))))),
      ),
    ),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const bytes = sequence(toBeSigned, algorithm, der(0x03, [0, ...signature]))
  return {
    publicKey,
    cert: `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function der(tag: number, content: Uint8Array | readonly number[]): Buffer {
  const body = Buffer.from(content)
  const { length } = body
  if (length < 0x80) return Buffer.from([tag, length, ...body])
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.from([tag, ...size, ...body])
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function oid(bytes: readonly number[]): Buffer {
  return der(0x06, bytes)
}

function extension(id: readonly number[], value: Uint8Array): Buffer {
  return sequence(oid(id), der(0x04, value))
}

/** UTCTime: two digits of the year. */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replaceAll(/\D/g, '')
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`))
}
