import { encodeBase64, type Provider } from '@stackseal/core'

import type { StagedFault, StageFault, Subject, SubjectModule } from '../src/index.ts'
import { MemoCloud, NOBODY, OWNER, SEALER, STRANGER, type Trouble } from './memo-cloud.ts'
import { memo, PIN } from './memo-provider.ts'

const fileUrl = (path: string): string => new URL(path, import.meta.url).href

/** Every stage that the kit knows, over one service in memory. */
export function memoSubject(
  make: (cloud: MemoCloud) => Provider = memo,
  module: string = './modules/memo-module.ts',
): Subject {
  const cloud = new MemoCloud()
  const env = { MEMO_TOKEN: OWNER, MEMO_PIN: PIN }
  const withToken =
    (MEMO_TOKEN: string): StageFault =>
    async () => ({ env: { ...env, MEMO_TOKEN } })
  const trouble =
    (kind: Trouble): StageFault =>
    async () => {
      cloud.trouble = kind
      return { end: healed }
    }
  const healed = async (): Promise<void> => {
    cloud.trouble = undefined
    cloud.disabled.clear()
  }
  return {
    name: 'Memo',
    make: () => make(cloud),
    keys: [
      { url: 'memo://app', env },
      { url: 'memo://db', env },
    ],
    secrets: [OWNER, SEALER, NOBODY, STRANGER, PIN],
    unknownParameter: 'memo://app?colour=red',
    stranger: { ...env, MEMO_TOKEN: STRANGER },
    faults: {
      noCredentials: async () => ({ env: { MEMO_PIN: PIN } }),
      invalidCredentials: withToken('memo-token-that-nobody-has'),
      denied: withToken(NOBODY),
      encryptOnly: withToken(SEALER),
      noSuchKey: async () => ({ url: 'memo://lost' }),
      disabledKey: async (): Promise<StagedFault> => {
        cloud.disabled.add('app')
        return { end: healed }
      },
      serverDown: trouble('down'),
      throttled: trouble('throttled'),
      throttledOnce: trouble('throttled once'),
      hanging: trouble('hanging'),
      otherServer: trouble('empty'),
    },
    repairable: (sealed) => encodeBase64(new TextEncoder().encode(sealed)),
    asks: { env: { MEMO_TOKEN: OWNER }, answer: PIN },
    countCalls: () => cloud.calls,
    server: (origin) => ({ url: 'memo://app', env: { ...env, MEMO_SERVER: origin } }),
    module: memoModule(module),
  }
}

function memoModule(path: string): SubjectModule {
  return {
    url: fileUrl(path),
    aliases: { '@stackseal/core': fileUrl('../../core/src/index.ts') },
    poison: { MEMO_TOKEN: 'memo-token-of-the-process', MEMO_PIN: 'pin-of-the-process' },
  }
}
