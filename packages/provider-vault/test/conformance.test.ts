import { nodeWorld, registerCases } from '@stackseal/provider-testkit'
import { afterAll, test } from 'vitest'

import { refusal, TOKENS, TransitServer } from './transit-server.ts'
import { vaultSubject } from './vault-subject.ts'

const transit = await TransitServer.start()
const healed = async (): Promise<void> => {
  transit.override = undefined
  transit.softDeleted.clear()
}
const tooMany = refusal(429, 'request path "transit/decrypt/app": rate limit quota exceeded')

registerCases(
  test,
  vaultSubject({
    address: transit.origin,
    tokens: TOKENS,
    decryptCalls: () => transit.requests.filter(({ path }) => path.includes('/decrypt/')).length,
    async softDelete() {
      transit.softDeleted.add('app')
      return { end: healed }
    },
    async throttle() {
      transit.override = () => tooMany
      return { end: healed }
    },
    async throttleOnce() {
      transit.override = () => {
        transit.override = undefined
        return tooMany
      }
      return { end: healed }
    },
  }),
  { patienceMs: 5_000, world: nodeWorld() },
)

afterAll(() => transit.close())
