import { type KeyUrl, type ProviderV1, wrappingProvider } from '@stackseal/core'

import { classify } from './classify.ts'
import { kmsKey } from './kms-key.ts'
import { connect } from './kms-service.ts'

/**
 * The provider of `awskms://KEY`: the data key lies under a key of AWS KMS. The key is named by its id, an alias or the
 * ARN of either; region and credentials come from the URL, the environment and the files of `aws configure`.
 */
export function awsKms(): ProviderV1 {
  return wrappingProvider({ name: 'AWS KMS', schemes: ['awskms'], connect, classify, describe })
}

/** Key, region, account and the names of the encryption context, as far as the URL says them. */
function describe(url: KeyUrl): Readonly<Record<string, string>> {
  const { keyId, arn, region = arn?.region, context, role } = kmsKey(url)
  const names = Object.keys(context)
  return {
    key: keyId,
    ...(region === undefined ? {} : { region }),
    ...(arn === undefined || arn.account === '' ? {} : { account: arn.account }),
    ...(role === undefined ? {} : { role }),
    ...(names.length === 0 ? {} : { context: names.join(', ') }),
  }
}
