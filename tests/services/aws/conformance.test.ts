import { CASES, nodeWorld, registerCases, type StagedFault, type Subject } from '@stackseal/provider-testkit'
import { afterAll, test } from 'vitest'

import { type Backend, kmsSubject } from '../../../packages/provider-awskms/test/kms-subject.ts'
import type { KmsAdmin } from '../../../tools/services/kms-admin.ts'
import { LocalstackKms } from '../../../tools/services/localstack-kms.ts'
import { type Fault, Microburst } from '../../../tools/services/microburst.ts'
import { MiniStack } from '../../../tools/services/ministack.ts'
import { CountingProxy } from '../counting-proxy.ts'

const REGION = 'eu-west-1'
const localstack = await LocalstackKms.start()
const ministack = await MiniStack.start()

const faults = await Microburst.start(localstack.address)
const beforeLocalstack = await CountingProxy.start(faults.address)
// microburst calls the server under another name than the one that was signed, and MiniStack checks signatures.
const beforeMinistack = await CountingProxy.start(ministack.address)
const unsigned = { cannot: 'the proxy that throttles would break the signatures' }
const decryptsAt = (proxy: CountingProxy): number =>
  proxy.targets.filter((target) => target.endsWith('.Decrypt')).length
const throttling: Fault = { operation: 'Decrypt', error: { code: 'ThrottlingException' } }

async function stage(rules: readonly Fault[]): Promise<StagedFault> {
  await faults.setFaults(rules)
  return { end: () => faults.setFaults([]) }
}

async function backend(admin: KmsAdmin, rest: Pick<Backend, 'address' | 'callers' | 'decryptCalls'>): Promise<Backend> {
  const app = await admin.createKey('app')
  await admin.createKey('db')
  return {
    ...rest,
    region: REGION,
    async disable() {
      await admin.setState(app, 'Disabled')
      return { end: () => admin.setState(app, 'Enabled') }
    },
    throttle: () => stage([throttling]),
    throttleOnce: () => stage([{ ...throttling, times: 1 }]),
  }
}

const nobodyKnown = { cannot: 'this server takes every caller' }
const { caller } = localstack
const real: Subject = kmsSubject(
  await backend(localstack.admin(REGION), {
    address: beforeLocalstack.address,
    callers: { owner: caller, sealer: caller, nobody: caller },
    decryptCalls: () => decryptsAt(beforeLocalstack),
  }),
)
registerCases(
  test,
  {
    ...real,
    name: 'AWS KMS on LocalStack',
    stranger: nobodyKnown,
    faults: { ...real.faults, invalidCredentials: nobodyKnown, denied: nobodyKnown, encryptOnly: nobodyKnown },
  },
  { patienceMs: 15_000, world: nodeWorld() },
)

const USE = { Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt'], Resource: '*' } as const
const callers: Subject = kmsSubject(
  await backend(ministack.admin(REGION), {
    address: beforeMinistack.address,
    callers: {
      owner: await ministack.user('owner', [USE]),
      sealer: await ministack.user('sealer', [{ ...USE, Action: 'kms:Encrypt' }]),
      nobody: await ministack.user('nobody', [{ ...USE, Action: 'kms:ListKeys' }]),
    },
    decryptCalls: () => decryptsAt(beforeMinistack),
  }),
)
registerCases(
  test,
  {
    ...callers,
    name: 'AWS KMS on MiniStack',
    faults: {
      ...callers.faults,
      noSuchKey: { cannot: 'this server does not look at the key that Decrypt names' },
      throttled: unsigned,
      throttledOnce: unsigned,
    },
  },
  {
    patienceMs: 15_000,
    world: nodeWorld(),
    // Its cipher is an XOR that opens whatever it is given: what is learnt from a changed text is not learnt here.
    cases: CASES.filter(({ name }) => !/^(?:tampering|isolation\/other-key)/.test(name)),
  },
)

afterAll(async () => {
  for (const proxy of [beforeLocalstack, beforeMinistack, faults]) await proxy.stop()
  await localstack.stop()
  await ministack.stop()
})
