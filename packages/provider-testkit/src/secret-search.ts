import { encodeBase64 } from '@stackseal/core'

/** Something that may appear nowhere: a token as text, a key as bytes. */
export type Forbidden = string | Uint8Array

/** Whether a text holds one of these in clear, base64, base64url or hex. */
export function holdsSecret(text: string, secrets: readonly Forbidden[]): boolean {
  const lower = text.toLowerCase()
  return secrets.some((secret) => {
    const { exact, caseless } = formsOf(secret)
    return exact.some((form) => text.includes(form)) || caseless.some((form) => lower.includes(form))
  })
}

function formsOf(secret: Forbidden): { exact: readonly string[]; caseless: readonly string[] } {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  if (bytes.length === 0) return { exact: [], caseless: [] }
  // A secret inside a longer text that was encoded as a whole stands at one of three offsets of a base64 group.
  const base64 = [0, 1, 2].flatMap((offset) => {
    const shifted = encodeBase64(Uint8Array.from([...new Uint8Array(offset), ...bytes]))
    const stable = shifted.slice(offset === 0 ? 0 : 4, -4)
    return stable.length < 8 ? [] : [stable, stable.replaceAll('+', '-').replaceAll('/', '_')]
  })
  const clear = typeof secret === 'string' ? [secret, encodeURIComponent(secret)] : [String.fromCharCode(...bytes)]
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const list = Array.from(bytes).join(',')
  return { exact: [...clear, ...base64], caseless: [hex, list] }
}

/** Every text that can be reached from a value: fields shown or not, causes, stacks, buffers, maps. */
export function everyText(value: unknown): string {
  const seen = new Set<unknown>()
  const texts: string[] = []
  const visit = (current: unknown, depth: number): void => {
    if (typeof current === 'string') texts.push(current)
    if ((typeof current !== 'object' && typeof current !== 'function') || current === null) return
    if (seen.has(current) || depth > 12) return
    seen.add(current)
    if (current instanceof Uint8Array) {
      texts.push(String.fromCharCode(...current.subarray(0, 65_536)))
      return
    }
    if (current instanceof Map) for (const [key, entry] of current) visit([key, entry], depth + 1)
    if (current instanceof Set) for (const entry of current) visit(entry, depth + 1)
    for (const name of Reflect.ownKeys(current)) {
      texts.push(String(name))
      const descriptor = Reflect.getOwnPropertyDescriptor(current, name)
      if (descriptor !== undefined && 'value' in descriptor) visit(descriptor.value, depth + 1)
      // Only an error's own accessor may be run: Node's `stack` is one.
      else if (current instanceof Error) visit(Reflect.get(current, name), depth + 1)
    }
  }
  visit(value, 0)
  return texts.join('\n')
}
