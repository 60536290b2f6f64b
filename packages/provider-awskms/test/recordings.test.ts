import { isDeepStrictEqual } from 'node:util'

import { parseKeyUrl } from '@stackseal/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'

import { classify } from '../src/classify.ts'
import { connect } from '../src/kms-service.ts'
import { CALLERS, json, KmsServer, type Reply } from './kms-server.ts'
import { type Exchange, recordings } from './recordings.ts'

const REGION = 'us-east-2'
const all = recordings()
const kms = await KmsServer.start()
const context = {
  env: {
    AWS_ENDPOINT_URL_KMS: kms.origin,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CALLERS.owner.id,
    AWS_SECRET_ACCESS_KEY: CALLERS.owner.secret,
  },
}
const never = new AbortController().signal
const keyArnOf = (exchange: Exchange): string => String((JSON.parse(exchange.response) as { KeyId?: string }).KeyId)

beforeEach(() => {
  kms.override = undefined
  kms.requests.length = 0
})
afterAll(() => kms.close())

/** Answers as recorded; what this provider adds to the recorded request is the KeyId of Decrypt. */
function replay(exchanges: readonly Exchange[]): void {
  const left = [...exchanges]
  kms.override = ({ operation, body }): Reply => {
    const { KeyId, ...rest } = body
    const asked = operation === 'Decrypt' ? rest : { ...rest, KeyId }
    const at = left.findIndex((one) => one.operation === operation && isDeepStrictEqual(one.request, asked))
    const [found] = at < 0 ? [] : left.splice(at, 1)
    if (found === undefined) return { status: 500, body: 'this was not recorded' }
    return { status: found.status, headers: { 'content-type': found.contentType }, body: found.response }
  }
}

test('there are six recordings, with sealing, opening and refusals', () => {
  expect(all.length).toBe(6)
  const kinds = new Set(
    all.flatMap(({ exchanges }) => exchanges.map(({ operation, status }) => `${operation} ${status}`)),
  )
  expect([...kinds].toSorted()).toEqual(['Decrypt 200', 'Decrypt 400', 'Encrypt 200'])
})

/** What the provider makes of one exchange: the bytes that were sealed or opened, or the code of the refusal. */
async function madeOf({ operation, request }: Exchange): Promise<string> {
  const service = await connect(parseKeyUrl(`awskms://${request['KeyId'] ?? 'alias/test-secrets'}`), context)
  const bytesOf = (field: string): Buffer => Buffer.from(request[field] ?? '', 'base64')
  const work =
    operation === 'Encrypt'
      ? service.wrap(bytesOf('Plaintext'), never)
      : service.unwrap(bytesOf('CiphertextBlob'), never)
  return work.then(
    (answer) => Buffer.from(answer).toString('base64'),
    (error: unknown) => classify(error).code,
  )
}

function expectedOf({ response }: Exchange): string | undefined {
  const fields = JSON.parse(response) as Readonly<Record<string, string>>
  if (fields['__type'] === 'InvalidCiphertextException') return 'ERR_WRONG_KEY'
  return fields['CiphertextBlob'] ?? fields['Plaintext']
}

describe.each(all)('the recording $name', ({ exchanges }) => {
  test('is what the SDK asks and understands', async () => {
    replay(exchanges)
    for (const exchange of exchanges) expect(await madeOf(exchange)).toBe(expectedOf(exchange))
    expect(kms.requests.length).toBe(exchanges.length)
  })

  test('is answered by the fake in the same form', async () => {
    for (const name of ['test-secrets', 'test-secrets2']) kms.createKey(name)
    const sealed = new Map<unknown, string>()
    for (const exchange of exchanges) {
      // What the real KMS has sealed only it can open: the fake is asked for what it sealed in that place.
      const blob = exchange.request['CiphertextBlob']
      const body = { ...exchange.request, ...(sealed.has(blob) ? { CiphertextBlob: sealed.get(blob) } : {}) }
      const headers = { authorization: `Credential=${CALLERS.owner.id}/20260101/${REGION}/kms/aws4_request` }
      const reply = kms.answer({ operation: exchange.operation, body, headers })
      const [mine, theirs] = [reply.body ?? '', exchange.response].map(
        (text) => JSON.parse(text) as Record<string, string>,
      )
      expect(reply.status).toBe(exchange.status)
      expect(reply.headers?.['content-type']).toBe(exchange.contentType)
      expect(Object.keys(mine ?? {}).toSorted()).toEqual(Object.keys(theirs ?? {}).toSorted())
      for (const field of ['__type', 'EncryptionAlgorithm', 'KeyOrigin', 'Plaintext']) {
        expect(mine?.[field]).toBe(theirs?.[field])
      }
      expect(mine?.['KeyId']?.replaceAll(/[\da-f]+/g, '')).toBe(
        theirs?.['KeyId']?.replace(REGION, 'eu-west-1').replaceAll(/[\da-f]+/g, ''),
      )
      if (theirs?.['CiphertextBlob'] !== undefined) sealed.set(theirs['CiphertextBlob'], mine?.['CiphertextBlob'] ?? '')
    }
  })
})

describe('the key that answered', () => {
  const exchange = all
    .flatMap(({ exchanges }) => exchanges)
    .find(({ operation, status }) => operation === 'Decrypt' && status === 200)
  if (exchange === undefined) throw new TypeError('no recording opens anything')
  const keyArn = keyArnOf(exchange)
  const id = keyArn.slice(keyArn.lastIndexOf('/') + 1)
  const blob = Buffer.from(exchange.request['CiphertextBlob'] ?? '', 'base64')

  test.each([`awskms://${id}`, `awskms:///${keyArn}`])('is the one of %s', async (url) => {
    replay([exchange])
    const service = await connect(parseKeyUrl(url), context)
    expect(Buffer.from(await service.unwrap(blob, never)).toString()).toBe("I'm a secret message!")
    expect(kms.requests[0]?.body['KeyId']).toBe(url.replace(/^awskms:\/\/\/?/, ''))
  })

  test('is another one than the URL names', async () => {
    replay([exchange])
    const service = await connect(parseKeyUrl('awskms://7ed3ed98-0361-4ed2-a17a-915b0ef2e9bf'), context)
    await expect(service.unwrap(blob, never)).rejects.toMatchObject({ code: 'ERR_WRONG_KEY' })
  })

  test('is another one than the URL names, when sealing', async () => {
    kms.override = () => json({ CiphertextBlob: 'AAAA', KeyId: keyArn })
    const service = await connect(parseKeyUrl('awskms://7ed3ed98-0361-4ed2-a17a-915b0ef2e9bf'), context)
    await expect(service.wrap(new Uint8Array(32), never)).rejects.toMatchObject({ code: 'ERR_WRONG_KEY' })
  })
})
