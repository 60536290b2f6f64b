import type { AwsCall } from './aws-fault.ts'

// Next steps that more than one way to fail has.

export const where = ({ key, settings }: AwsCall): string => `${key.keyId} in ${settings.region}`

export const server = ({ settings }: AwsCall): string => settings.endpoint ?? `AWS KMS in ${settings.region}`

export const whose = ({ settings }: AwsCall): string =>
  `check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (now ${settings.profile.name})`

export const tryAgain = (call: AwsCall): string => `${server(call)} has a fault of its own: try again`

export const slowDown = (call: AwsCall): string =>
  `too many requests for ${where(call)}: try again later, or have the request quota of KMS raised`

export const renew = ({ settings }: AwsCall): string =>
  `sign in again (aws sso login --profile ${settings.profile.name}), or set new AWS_… variables with AWS_SESSION_TOKEN`

export const noCaller = ({ settings }: AwsCall): string =>
  'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with aws sso login' +
  (settings.profile.from.startsWith('the profile') ? '' : ` (${settings.profile.from} names ${settings.profile.name})`)

export const elsewhere = (call: AwsCall): string =>
  `what answers at ${server(call)} is not AWS KMS: check endpoint= in the key URL, AWS_ENDPOINT_URL, and proxies`
