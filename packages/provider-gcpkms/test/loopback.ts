import type { ProviderContext, ProviderV1 } from '@stackseal/core'

import { gcpKmsAt } from '../src/gcp-kms.ts'
import type { Place } from '../src/kms-client.ts'

/** The variable that tells a test's provider which port of loopback to take for Cloud KMS. */
export const PORT_VARIABLE = 'TEST_KMS_PORT'

export function onLoopback(env: ProviderContext['env']): Place {
  return { apiEndpoint: 'localhost', port: Number(env[PORT_VARIABLE]) }
}

/** The provider as it is, but for the place of the service. */
export function gcpKmsOnLoopback(): ProviderV1 {
  return gcpKmsAt(onLoopback)
}
