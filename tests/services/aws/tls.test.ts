import { isStacksealError, parseKeyUrl, type ProviderContext } from '@stackseal/core'
import { awsKms } from '@stackseal/provider-awskms'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { OpenBao } from '../../../tools/services/openbao.ts'

// None of the servers that stand in for KMS speaks TLS. This one does, with an authority of its own, and is no KMS.
let server: OpenBao

const keys = { AWS_ACCESS_KEY_ID: 'AKIATLS', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-1' }

/** `done`, or the code with which making a key is refused. */
async function outcomeOf(env: ProviderContext['env']): Promise<string> {
  const provider = awsKms()
  try {
    await provider.createKey(parseKeyUrl('awskms://alias/app'), { env: { ...keys, ...env } })
    return 'done'
  } catch (error) {
    return isStacksealError(error) ? error.code : 'another error'
  } finally {
    await provider.close?.()
  }
}

beforeAll(async () => {
  server = await OpenBao.start({ tls: true })
})
afterAll(() => server.stop())

test('a certificate of an unknown authority is refused', async () => {
  expect(await outcomeOf({ AWS_ENDPOINT_URL_KMS: server.address })).toBe('ERR_SERVER_NOT_PROVEN')
})

test('the authority of AWS_CA_BUNDLE is taken: the server is heard, and is no KMS', async () => {
  const env = { AWS_ENDPOINT_URL_KMS: server.address, AWS_CA_BUNDLE: server.caFile }
  expect(await outcomeOf(env)).toBe('ERR_INVALID_REPLY')
})

test('the authority of the process does not count, but that of the context', async () => {
  process.env['AWS_CA_BUNDLE'] = server.caFile
  const outcome = await outcomeOf({ AWS_ENDPOINT_URL_KMS: server.address })
  delete process.env['AWS_CA_BUNDLE']
  expect(outcome).toBe('ERR_SERVER_NOT_PROVEN')
})
