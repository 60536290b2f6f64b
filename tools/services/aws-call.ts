import { createHash, createHmac } from 'node:crypto'
import { request } from 'node:http'

export interface AwsCaller {
  readonly id: string
  readonly secret: string
}

export interface AwsAnswer {
  readonly status: number
  readonly text: string
}

interface AwsRequest {
  readonly address: string
  readonly method?: 'POST' | 'PUT'
  readonly path?: string
  readonly service: 'kms' | 'iam' | 'sts' | 's3'
  readonly region: string
  readonly caller: AwsCaller
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A call of the JSON protocol: `TrentService.CreateKey`. @throws for every status but 200 */
export async function kmsCall<Answer>(
  at: Pick<AwsRequest, 'address' | 'region' | 'caller'>,
  operation: string,
  input: object,
): Promise<Answer> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` }
  const answer = await signedCall({ ...at, service: 'kms', headers, body: JSON.stringify(input) })
  if (answer.status !== 200) throw new Error(`${operation}: ${answer.status} ${answer.text}`)
  return JSON.parse(answer.text === '' ? 'null' : answer.text) as Answer
}

/** A call of IAM's query protocol; gives the answer's XML. @throws for every status but 200 */
export async function iamCall(
  at: Pick<AwsRequest, 'address' | 'region' | 'caller'>,
  action: string,
  input: Readonly<Record<string, string>>,
): Promise<string> {
  const body = new URLSearchParams({ Action: action, Version: '2010-05-08', ...input }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await signedCall({ ...at, service: 'iam', headers, body })
  if (answer.status !== 200) throw new Error(`${action}: ${answer.status} ${answer.text}`)
  return answer.text
}

/** Makes a bucket. */
export async function makeBucket(at: Pick<AwsRequest, 'address' | 'region' | 'caller'>, name: string): Promise<void> {
  const headers = { 'x-amz-content-sha256': sha256('') }
  const answer = await signedCall({ ...at, method: 'PUT', path: `/${name}`, service: 's3', headers, body: '' })
  if (answer.status !== 200) throw new Error(`bucket ${name}: ${answer.status} ${answer.text}`)
}

/** Signature Version 4, as AWS documents it; the tests' own, so that the servers are not set up by what is tested. */
function signedCall({
  address,
  method = 'POST',
  path = '/',
  service,
  region,
  caller,
  headers,
  body,
}: AwsRequest): Promise<AwsAnswer> {
  const { host } = new URL(address)
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = time.slice(0, 8)
  const signed: Record<string, string> = { ...headers, host, 'x-amz-date': time }
  const names = Object.keys(signed).toSorted()
  const canonical = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${caller.secret}`)
  const signature = hmac(key, toSign).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${caller.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...signed, authorization }, agent: false }
    const outgoing = request(`${address}${path}`, options, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      reply.on('error', reject).on('end', () => resolve({ status: reply.statusCode ?? 0, text }))
    })
    outgoing.on('error', reject).end(body)
  })
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
