import { LocalstackKms } from '../../../tools/services/localstack-kms.ts'
import { Microburst } from '../../../tools/services/microburst.ts'
import { MiniStack } from '../../../tools/services/ministack.ts'
import type { CliService } from '../cli/cli-service.ts'
import { FaultProxy } from '../cli/fault-proxy.ts'

const REGION = 'eu-west-1'
const URLS = { keyUrl: 'awskms://alias/app', otherKeyUrl: 'awskms://alias/other' }

/** LocalStack, which really encrypts and knows states of keys but no callers, behind a proxy that throttles as AWS does. */
export async function localstackCliService(): Promise<CliService> {
  const localstack = await LocalstackKms.start()
  const faults = await Microburst.start(localstack.address)
  const proxy = await FaultProxy.start(faults.address)
  const admin = localstack.admin(REGION)
  const app = await admin.createKey('app')
  await admin.createKey('other')
  return {
    ...URLS,
    service: 'AWS',
    server: localstack.name,
    servers: { 'throttled, then well': `${faults.name} before ${localstack.name}` },
    env: {
      AWS_ENDPOINT_URL: proxy.address,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: localstack.caller.id,
      AWS_SECRET_ACCESS_KEY: localstack.caller.secret,
    },
    secrets: [localstack.caller.secret],
    events: {
      async rotate() {
        await admin.call('RotateKeyOnDemand', { KeyId: app })
      },
      async disable() {
        await admin.setState(app, 'Disabled')
        return () => admin.setState(app, 'Enabled')
      },
      stop: () => proxy.goAway(),
      hang: () => proxy.fallSilent(),
      async throttle() {
        await faults.setFaults([{ operation: 'Decrypt', error: { code: 'ThrottlingException' }, times: 1 }])
        let refusals = 0
        proxy.watch(async (status) => void (refusals += status === 200 ? 0 : 1))
        return async () => {
          proxy.watch(undefined)
          await faults.setFaults([])
          if (refusals !== 1) throw new Error(`${refusals} calls were throttled`)
        }
      },
    },
    async stop() {
      await proxy.stop()
      await faults.stop()
      await localstack.stop()
    },
  }
}

/** MiniStack, which knows callers, their signatures and their rights. */
export async function ministackCliService(): Promise<CliService> {
  const stack = await MiniStack.start()
  const admin = stack.admin(REGION)
  for (const alias of ['app', 'other']) await admin.createKey(alias)

  const user = await stack.user('cli', rights('kms:Encrypt', 'kms:Decrypt'))
  return {
    ...URLS,
    service: 'AWS',
    server: stack.name,
    env: {
      AWS_ENDPOINT_URL: stack.address,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: user.id,
      AWS_SECRET_ACCESS_KEY: user.secret,
    },
    secrets: [user.secret],
    events: {
      async removeRights() {
        await stack.setPolicy('cli', rights('kms:Encrypt'))
        return () => stack.setPolicy('cli', rights('kms:Encrypt', 'kms:Decrypt'))
      },
    },
    stop: () => stack.stop(),
  }
}

function rights(
  ...actions: readonly string[]
): readonly [{ Effect: 'Allow'; Action: readonly string[]; Resource: '*' }] {
  return [{ Effect: 'Allow', Action: actions, Resource: '*' }]
}
