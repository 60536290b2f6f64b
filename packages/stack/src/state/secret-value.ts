import { goJsonString, compareUtf8 } from '../values/go-json.ts'
import { formatGoFloatJson } from '../values/go-number.ts'
import { OTHER_SIGNATURES, SECRET_SIGNATURE, SIGNATURE_KEY } from './signatures.ts'
import type { SlotMember, StateSlot } from './state-slot.ts'

/** Deeper plaintexts are refused: what looks into them goes down with them. */
const MAX_VALUE_DEPTH = 1000

// Text that the reference writes as it stands here: most secrets are such a string.
const PLAIN_STRING = /^"[ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]*"$/
const PLAIN_SCALAR = /^(?:null|true|false|0|-?[1-9]\d{0,14})$/

/**
 * The JSON text of a secret's value as the reference writes it after reading it: one line, keys sorted, `<`, `>` and `&`
 * escaped, numbers as float64. A secret inside a secret is not encrypted a second time: it holds JSON text in clear, under
 * `ciphertext` where the outer one is encrypted, under `plaintext` where it is shown; docs/format.md, "State".
 * @throws ERR_MALFORMED_SECRET for what is not JSON, ERR_UNSUPPORTED_STATE for a signature that is not known
 */
export function secretValueText(slot: StateSlot, json: string, inner: SlotMember): string {
  return valueText(slot, json, inner, 0)
}

function valueText(slot: StateSlot, json: string, inner: SlotMember, depth: number): string {
  if (PLAIN_STRING.test(json) || PLAIN_SCALAR.test(json)) return json
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // The parser's message quotes the text, which is a secret.
    throw slot.error('ERR_MALFORMED_SECRET', 'has a value that is not JSON')
  }
  return print(slot, value, inner, depth)
}

function print(slot: StateSlot, value: unknown, inner: SlotMember, depth: number): string {
  if (depth > MAX_VALUE_DEPTH) {
    throw slot.error('ERR_MALFORMED_SECRET', `has a value that is nested more than ${MAX_VALUE_DEPTH} deep`)
  }
  switch (typeof value) {
    case 'string':
      return goJsonString(value)
    case 'number':
      if (Number.isFinite(value)) return formatGoFloatJson(value)
      throw slot.error('ERR_MALFORMED_SECRET', 'has a number that is too large')
    case 'object':
      break
    default:
      return String(value)
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value
    return `[${items.map((item) => print(slot, item, inner, depth + 1)).join(',')}]`
  }
  const members: [string, unknown][] = Object.entries(value)
  const signature = members.find(([name]) => name === SIGNATURE_KEY)
  if (signature !== undefined) {
    if (signature[1] === SECRET_SIGNATURE) return printInner(slot, members, inner, depth)
    if (typeof signature[1] !== 'string' || !OTHER_SIGNATURES.has(signature[1])) {
      throw slot.error('ERR_UNSUPPORTED_STATE', 'holds a value with a signature that is not known')
    }
  }
  const printed = members
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([name, member]) => `${goJsonString(name)}:${print(slot, member, inner, depth + 1)}`)
  return `{${printed.join(',')}}`
}

function printInner(slot: StateSlot, members: readonly [string, unknown][], inner: SlotMember, depth: number): string {
  const texts = members.filter(
    ([name, text]) => (name === 'ciphertext' || name === 'plaintext') && typeof text === 'string',
  )
  const text = texts[0]?.[1]
  if (texts.length !== 1 || typeof text !== 'string' || text === '') {
    throw slot.error('ERR_MALFORMED_SECRET', 'holds a secret that has not either a ciphertext or a plaintext')
  }
  const clear = valueText(slot, text, inner, depth + 1)
  return `{"${SIGNATURE_KEY}":"${SECRET_SIGNATURE}","${inner}":${goJsonString(clear)}}`
}
