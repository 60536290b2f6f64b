import type { protos } from '@google-cloud/kms'
import type { Metadata, sendUnaryData, Server, ServerUnaryCall } from '@grpc/grpc-js'

import { type Certificate, selfSigned } from './certificate.ts'
import { type Detail, statusOf } from './status-details.ts'
import { trust } from './trust.ts'

export type Method = 'Encrypt' | 'Decrypt'
export type EncryptMessage = protos.google.cloud.kms.v1.EncryptRequest
export type DecryptMessage = protos.google.cloud.kms.v1.DecryptRequest

export interface KmsRequest {
  readonly method: Method
  readonly message: EncryptMessage | DecryptMessage
  readonly metadata: Metadata
}

/** A refusal, as the service sends it. */
export interface Refusal {
  readonly code: number
  readonly text: string
  readonly details?: readonly Detail[]
}

/** What a handler gives: the fields of an answer, a refusal, or nothing at all, for ever. */
export type KmsReply = { readonly answer: object } | { readonly refusal: Refusal } | 'silence'

/** One certificate for all servers of a process, which the process trusts from then on, as NODE_EXTRA_CA_CERTS would. */
let shared: Certificate | undefined

export function testCertificate(): Certificate {
  if (shared === undefined) {
    shared = selfSigned('localhost', 'cloudkms.googleapis.com', 'oauth2.googleapis.com')
    trust(shared.cert)
  }
  return shared
}

/** The two methods of `google.cloud.kms.v1.KeyManagementService` that a data key needs, over gRPC and TLS on loopback. */
export class KmsServer {
  readonly requests: KmsRequest[] = []
  /** Calls that the caller ended before they were answered. */
  cancelled = 0
  readonly port: number
  readonly #server: Server

  private constructor(server: Server, port: number, requests: KmsRequest[]) {
    this.#server = server
    this.port = port
    this.requests = requests
  }

  static async start(handle: (request: KmsRequest) => KmsReply): Promise<KmsServer> {
    const { cert, key } = testCertificate()
    // grpc-js reads this when it is loaded, and then trusts nobody else.
    delete process.env['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH']
    const [kms, grpc] = await Promise.all([import('@google-cloud/kms'), import('@grpc/grpc-js')])
    const requests: KmsRequest[] = []
    const serve =
      (method: Method) =>
      (call: ServerUnaryCall<KmsRequest['message'], object>, callback: sendUnaryData<object>): void => {
        const request: KmsRequest = { method, message: call.request, metadata: call.metadata }
        requests.push(request)
        const reply = handle(request)
        if (reply === 'silence') {
          call.on('cancelled', () => (started.cancelled += 1))
          return
        }
        if ('answer' in reply) callback(null, reply.answer)
        else callback(errorOf(reply.refusal, new grpc.Metadata()))
      }
    const server = new grpc.Server()
    server.addService(serviceOf(kms.protos.google.cloud.kms.v1), {
      Encrypt: serve('Encrypt'),
      Decrypt: serve('Decrypt'),
    })
    const credentials = grpc.ServerCredentials.createSsl(null, [
      { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
    ])
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)))
    })
    const started = new KmsServer(server, port, requests)
    return started
  }

  /** Ends at once, also calls that were never answered. */
  stop(): void {
    this.#server.forceShutdown()
  }
}

function errorOf(
  { code, text, details }: Refusal,
  metadata: Metadata,
): { code: number; details: string; metadata: Metadata } {
  if (details !== undefined) metadata.set('grpc-status-details-bin', statusOf(code, text, details))
  return { code, details: text, metadata }
}

const method = <Request, Response>(name: Method, request: Codec<Request>, response: Codec<Response>) => ({
  path: `/google.cloud.kms.v1.KeyManagementService/${name}`,
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: (message: Request) => Buffer.from(request.encode(message).finish()),
  requestDeserialize: (bytes: Buffer) => request.decode(bytes),
  responseSerialize: (message: Response) => Buffer.from(response.encode(message).finish()),
  responseDeserialize: (bytes: Buffer) => response.decode(bytes),
})

/** The description of the service for grpc-js, of the messages that the SDK itself carries. */
function serviceOf({
  EncryptRequest,
  EncryptResponse,
  DecryptRequest,
  DecryptResponse,
}: typeof protos.google.cloud.kms.v1) {
  return {
    Encrypt: method('Encrypt', EncryptRequest, EncryptResponse),
    Decrypt: method('Decrypt', DecryptRequest, DecryptResponse),
  }
}

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}
