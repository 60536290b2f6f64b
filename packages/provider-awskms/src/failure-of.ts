import type { AwsFailure } from './aws-fault.ts'
import { fieldOf } from './field-of.ts'

/** What is kept of an error of the SDK: names, numbers, and its text for a comparison. */
export function failureOf(error: unknown): AwsFailure {
  const name = textOf(fieldOf(error, 'name'))
  const status =
    fieldOf(fieldOf(error, '$metadata'), 'httpStatusCode') ?? fieldOf(fieldOf(error, '$response'), 'statusCode')
  const code = textOf(fieldOf(error, 'code')) ?? textOf(fieldOf(fieldOf(error, 'cause'), 'code'))
  const text = textOf(fieldOf(error, 'message'))
  const wait = retryAfterMs(fieldOf(fieldOf(error, '$response'), 'headers'))
  return {
    ...(name === undefined ? {} : { name }),
    ...(typeof status === 'number' ? { status } : {}),
    ...(text === undefined ? {} : { text }),
    ...(code === undefined ? {} : { code }),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  }
}

/** RFC 9110 §10.2.3, the form in seconds, and AWS's own header in milliseconds. */
function retryAfterMs(headers: unknown): number | undefined {
  const own = textOf(fieldOf(headers, 'x-amz-retry-after'))
  if (own !== undefined && /^\d{1,9}$/.test(own)) return Number(own)
  const seconds = textOf(fieldOf(headers, 'retry-after'))
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
