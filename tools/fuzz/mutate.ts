/** A source of numbers that gives the same ones for the same seed (mulberry32, public domain). */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

type Random = (below: number) => number

const LONGEST = 100_000
const ODD = [
  '\0',
  '\ud800',
  '\udc00',
  '\u2028',
  '\ufeff',
  '\r',
  '\t',
  '\u0085',
  '🙂',
  '__proto__',
  'constructor',
  '-0',
  '1e999',
  '\\',
  '"',
  "'",
]

/** Input number `n` of a run: a text of the corpus with a few changes. The same run gives the same inputs. */
export function mutated(corpus: readonly string[], words: readonly string[], seed: number, n: number): string {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ n)
  let text = pick(corpus, random)
  for (let changes = 1 + random(6); changes > 0; changes--) {
    text = CHANGES[random(CHANGES.length)]!(text, random, corpus, words)
    if (text.length > LONGEST) text = text.slice(0, LONGEST)
  }
  return text
}

const CHANGES: readonly ((
  text: string,
  random: Random,
  corpus: readonly string[],
  words: readonly string[],
) => string)[] = [
  (text, random) => replaced(text, random, ''),
  (text, random) => replaced(text, random, String.fromCharCode(random(random(2) === 0 ? 128 : 65_536))),
  (text, random, _, words) => inserted(text, random, pick(words, random)),
  (text, random) => inserted(text, random, pick(ODD, random)),
  (text, random) => inserted(text, random, span(text, random)),
  (text, random) => inserted(text, random, span(text, random).repeat(1 + random(400))),
  (text, random, corpus) => inserted(text, random, span(pick(corpus, random), random)),
  (text, random) => text.slice(0, random(text.length + 1)),
  (text, random) => text.slice(random(text.length + 1)),
]

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)] as T
}

function span(text: string, random: Random): string {
  const from = random(text.length + 1)
  return text.slice(from, from + 1 + random(random(4) === 0 ? 400 : 12))
}

function replaced(text: string, random: Random, by: string): string {
  const from = random(text.length + 1)
  return text.slice(0, from) + by + text.slice(from + 1 + random(8))
}

function inserted(text: string, random: Random, what: string): string {
  const at = random(text.length + 1)
  return text.slice(0, at) + what + text.slice(at)
}
