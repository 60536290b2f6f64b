/** A field of a value that somebody else made, or undefined. */
export function fieldOf(value: unknown, name: string): unknown {
  const field: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return field
}
