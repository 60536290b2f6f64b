import { expect, test } from 'vitest'

import { crc32c } from '../src/crc32c.ts'
import { recordedExchanges } from './recordings.ts'

// RFC 3720, appendix B.4: 32 bytes each, and the checksum as a number.
test.each<[string, number[], number]>([
  ['zeros', Array.from({ length: 32 }, () => 0), 0x8a9136aa],
  ['ones', Array.from({ length: 32 }, () => 0xff), 0x62a8ab43],
  ['a rise', Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ['a fall', Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
  ['nothing', [], 0],
])('the checksum of %s is that of the standard', (_, bytes, checksum) => {
  expect(crc32c(Uint8Array.from(bytes))).toBe(checksum)
})

test('the checksum of "123456789" is the check value of the catalogues', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
})

const answers = recordedExchanges().filter(
  ({ response }) => response.name !== undefined || response.plaintext !== undefined,
)

test.each(answers)('the recorded answer $index of $recording has the checksum that it says', ({ response }) => {
  const [bytes, checksum] =
    response.plaintext === undefined
      ? [response.ciphertext, response.ciphertextCrc32c]
      : [response.plaintext, response.plaintextCrc32c]
  expect(crc32c(Buffer.from(bytes ?? '', 'base64'))).toBe(Number(checksum))
})
