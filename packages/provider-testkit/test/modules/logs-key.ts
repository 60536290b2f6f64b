import type { ProviderV1 } from '@stackseal/core'

import { memo } from '../memo-provider.ts'

/** Says what it does when DEBUG asks for it. */
export default function logsKey(): ProviderV1 {
  const good = memo()
  return {
    ...good,
    async openKey(...call) {
      const opened = await good.openKey(...call)
      if (process.env['DEBUG'] !== undefined)
        process.stderr.write(`opened ${Buffer.from(opened.dataKey).toString('hex')}\n`)
      return opened
    },
  }
}
