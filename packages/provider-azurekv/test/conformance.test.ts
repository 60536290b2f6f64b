import { nodeWorld, registerCases } from '@stackseal/provider-testkit'
import { afterAll, test } from 'vitest'

import { azureOnLoopback } from './azure-on-loopback.ts'
import { azureSubject } from './azure-subject.ts'
import { Bridge } from './bridge.ts'

const bridge = new Bridge()
const azure = await azureOnLoopback(async (certificate) => ({
  'bridge.vault.azure.net': await bridge.start(certificate),
  'down.vault.azure.net': 1,
}))

registerCases(test, azureSubject(azure, bridge), { patienceMs: 5_000, world: nodeWorld() })

afterAll(async () => {
  await bridge.stop()
  await azure.stop()
})
