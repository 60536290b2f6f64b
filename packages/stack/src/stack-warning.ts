/** Something in a stack file that works and may not be meant. */
export interface StackWarning {
  /** `no-value`: keys without a value. */
  readonly kind: 'no-value'
  /** The printed keys that it is about. */
  readonly keys: readonly string[]
  /** The reference's words. */
  readonly message: string
}

/** What the reference warns of in a stack file. */
export function stackWarnings({ withoutValue }: { readonly withoutValue: readonly string[] }): readonly StackWarning[] {
  return withoutValue.length === 0 ? [] : [missingValueWarning(withoutValue)]
}

/** The warning of keys that have no value (`key:` or `key: null`). */
function missingValueWarning(keys: readonly string[]): StackWarning {
  const s = keys.length === 1 ? '' : 's'
  const names = keys.map((key) => `"${key}"`).join(keys.length === 2 ? ' and ' : ', ')
  const message = `No value for configuration key${s} ${names}. This is currently treated as an empty string \`""\`, but will be treated as \`null\` in a future version of pulumi.\nSet the value${s} to \`""\` to avoid this warning.`
  return { kind: 'no-value', keys, message }
}
