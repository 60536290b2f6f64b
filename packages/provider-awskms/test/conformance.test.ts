import { nodeWorld, registerCases } from '@stackseal/provider-testkit'
import { afterAll, test } from 'vitest'

import { CALLERS, KmsServer, refusal, REGION } from './kms-server.ts'
import { kmsSubject } from './kms-subject.ts'

const kms = await KmsServer.start()
const app = kms.createKey('app')
kms.createKey('db')
const healed = async (): Promise<void> => {
  kms.override = undefined
  app.state = 'Enabled'
}
const tooMany = refusal('ThrottlingException', 'You have exceeded the rate at which you may call KMS.')

registerCases(
  test,
  kmsSubject({
    address: kms.origin,
    region: REGION,
    callers: CALLERS,
    decryptCalls: () => kms.requests.filter(({ operation }) => operation === 'Decrypt').length,
    async disable() {
      app.state = 'Disabled'
      return { end: healed }
    },
    async throttle() {
      kms.override = () => tooMany
      return { end: healed }
    },
    async throttleOnce() {
      kms.override = () => {
        kms.override = undefined
        return tooMany
      }
      return { end: healed }
    },
  }),
  { patienceMs: 5_000, world: nodeWorld() },
)

afterAll(() => kms.close())
