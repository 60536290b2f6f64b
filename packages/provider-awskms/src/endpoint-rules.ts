import { StacksealError } from '@stackseal/core'

/** What a person has said about servers, apart from the document. */
export interface AllowedServers {
  /** STACKSEAL_ALLOW_ENDPOINTS: hosts, with or without a port. */
  readonly hosts: readonly string[]
  /** AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL. */
  readonly own: string | undefined
}

// The suffixes of AWS's partitions. Under them customers have servers too (buckets, load balancers), so the name has to
// be one of KMS: kms.REGION, kms-fips.REGION, or an interface endpoint vpce-….kms.REGION.vpce.
const SUFFIXES = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'api.aws',
  'api.amazonwebservices.com.cn',
  'amazonaws.eu',
  'api.amazonwebservices.eu',
  'c2s.ic.gov',
  'api.aws.ic.gov',
  'sc2s.sgov.gov',
  'api.aws.scloud',
  'csp.hci.ic.gov',
  'api.aws.hci.ic.gov',
  'cloud.adc-e.uk',
  'api.cloud-aws.adc-e.uk',
].map((suffix) => suffix.replaceAll('.', String.raw`\.`))
const KMS_HOST = new RegExp(
  String.raw`^(?:kms(?:-fips)?\.[a-z\d-]+|vpce-[a-z\d-]+\.kms(?:-fips)?\.[a-z\d-]+\.vpce)\.(?:${SUFFIXES.join('|')})$`,
)
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Checks a server that a document names: whoever may edit the document could have it see credentials and data keys.
 * It must be on this machine, of AWS, or named by the person too; without TLS only on this machine.
 * @throws ERR_SERVER_NOT_ALLOWED, or ERR_INVALID_KEY_URL for what is no address
 */
export function checkEndpoint(text: string, allowed: AllowedServers): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.host === '') throw invalid('is not an address')
  if (url.username !== '' || url.password !== '') throw invalid('holds a user name or password')
  if (url.search !== '' || url.hash !== '') throw invalid('has more than a host and a path')
  const { hostname, host, protocol } = url
  if (LOOPBACK.test(hostname)) return
  if (protocol === 'http:') {
    throw refused(host, 'without TLS, and it is not on this machine', 'name it with https: in endpoint= of the key URL')
  }
  if (KMS_HOST.test(hostname) && url.port === '') return
  if (allowed.hosts.some((entry) => entry === host || entry === hostname)) return
  if (allowed.own !== undefined && URL.canParse(allowed.own) && new URL(allowed.own).href === url.href) return
  throw refused(
    host,
    'which is not a server of AWS KMS',
    `if you trust it with this stack's data key, set STACKSEAL_ALLOW_ENDPOINTS=${host}`,
  )
}

function refused(host: string, reason: string, hint: string): StacksealError {
  return new StacksealError('ERR_SERVER_NOT_ALLOWED', `the key URL names the server ${host}, ${reason}`, {
    hint,
    details: { scheme: 'awskms', server: host },
  })
}

function invalid(reason: string): StacksealError {
  return new StacksealError('ERR_INVALID_KEY_URL', `the awskms key URL is not usable: its endpoint ${reason}`, {
    hint: 'an endpoint looks like https://kms.eu-west-1.amazonaws.com',
    details: { scheme: 'awskms' },
  })
}
