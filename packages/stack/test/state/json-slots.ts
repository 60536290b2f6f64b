export interface JsonSlot {
  readonly path: string
  readonly member: string
  readonly text: string
}

/** The secrets of a JSON document by a walk over what JSON.parse makes of it: independent of the scanner that is tested. */
export function jsonSlots(text: string): readonly JsonSlot[] {
  const slots: JsonSlot[] = []
  walk(JSON.parse(text), '', slots)
  return slots
}

function walk(value: unknown, path: string, slots: JsonSlot[]): void {
  if (typeof value !== 'object' || value === null) return
  const members: [string, unknown][] = Object.entries(value)
  const signed = members.some(
    ([name, member]) => name === '4dabf18193072939515e22adb298388d' && member === '1b47061264138c4ac30d75fd1eb44270',
  )
  for (const [name, member] of members) {
    const here = `${path}/${name}`
    if (signed && (name === 'ciphertext' || name === 'plaintext') && typeof member === 'string') {
      slots.push({ path: here, member: name, text: member })
    }
    walk(member, here, slots)
  }
}
