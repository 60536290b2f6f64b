import { encodeBase64, Secret } from '@stackseal/core'
import type { ConfigValue } from '../values/config-value.ts'
import { goJson } from '../values/go-json.ts'
import { FLOAT_SIGNATURE, SIGNATURE_KEY } from './signatures.ts'
import { SealedValue } from './stack-outputs.ts'
import { floatBits } from './value-tree.ts'

const COVERED = '[secret]'

export interface ShowOutput {
  /** Whether secrets are shown; a word stands in their place otherwise, and in that of those that were not opened. */
  readonly showSecrets: boolean
}

/**
 * An output of a stack as `pulumi stack output` prints it: a string as it is, anything else as JSON on one line, keys sorted.
 * @param value one of {@link stackOutputs}
 */
export function outputText(value: unknown, { showSecrets }: ShowOutput): string {
  const shown = shownValue(value, showSecrets)
  return typeof shown === 'string' ? shown : goJson(shown, { escapeHtml: false, secrets: (secret) => secret })
}

/** The same as JSON in several lines, with a final line end, as `pulumi stack output --json` prints it. */
export function outputJson(value: unknown, { showSecrets }: ShowOutput): string {
  const shown = shownValue(value, showSecrets)
  return `${goJson(shown, { escapeHtml: false, indent: '  ', secrets: (secret) => secret })}\n`
}

function shownValue(value: unknown, showSecrets: boolean): ConfigValue {
  if (value instanceof SealedValue) return COVERED
  if (value instanceof Secret) return showSecrets ? shownValue(value.reveal(), true) : COVERED
  // The reference's own words for bytes that are no text.
  if (value instanceof Uint8Array) return `b"${encodeBase64(value)}"`
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return new Map([
      [SIGNATURE_KEY, FLOAT_SIGNATURE],
      ['value', floatBits(value)],
    ])
  }
  if (Array.isArray(value)) return value.map((item) => shownValue(item, showSecrets))
  if (value instanceof Map) {
    return new Map([...value].map(([name, member]) => [String(name), shownValue(member, showSecrets)]))
  }
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([name, member]) => [name, shownValue(member, showSecrets)]))
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is left of JSON is a scalar
  return value as ConfigValue
}
