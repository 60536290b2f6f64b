import type { ProviderV1 } from '@stackseal/core'

import { memo } from '../memo-provider.ts'

/** Takes the token of the process, as an SDK's own chain would. */
export default function prefersProcess(): ProviderV1 {
  const good = memo()
  return {
    ...good,
    createKey: (url, context) =>
      good.createKey(url, { ...context, env: { ...context.env, MEMO_TOKEN: process.env['MEMO_TOKEN'] } }),
  }
}
