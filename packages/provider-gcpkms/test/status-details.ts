// Protobuf by hand: messages of google/rpc/error_details.proto, which the service puts beside a status.

/** Something that explains a status, with its type. */
export interface Detail {
  readonly type: string
  readonly bytes: Buffer
}

export function preconditionFailure(type: string, subject = ''): Detail {
  const violation = Buffer.concat([field(1, type), field(2, subject), field(3, 'described')])
  return { type: 'google.rpc.PreconditionFailure', bytes: field(1, violation) }
}

export function errorInfo(reason: string, metadata: Readonly<Record<string, string>> = {}): Detail {
  const entries = Object.entries(metadata).map(([key, value]) =>
    field(3, Buffer.concat([field(1, key), field(2, value)])),
  )
  const bytes = Buffer.concat([field(1, reason), field(2, 'googleapis.com'), ...entries])
  return { type: 'google.rpc.ErrorInfo', bytes }
}

export function retryInfo(seconds: number): Detail {
  return { type: 'google.rpc.RetryInfo', bytes: field(1, Buffer.concat([Buffer.from([0x08]), varint(seconds)])) }
}

/** A `google.rpc.Status` for the trailer `grpc-status-details-bin`. */
export function statusOf(code: number, message: string, details: readonly Detail[]): Buffer {
  const anys = details.map(({ type, bytes }) =>
    field(3, Buffer.concat([field(1, `type.googleapis.com/${type}`), field(2, bytes)])),
  )
  return Buffer.concat([Buffer.from([0x08]), varint(code), field(2, message), ...anys])
}

function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string)
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
