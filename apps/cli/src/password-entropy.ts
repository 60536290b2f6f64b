import { cardinality, passwordMatches } from './password-matches.ts'

/**
 * How many bits an attacker has to guess, by the first zxcvbn, whose port the reference uses: the cheapest way to put
 * the text together from known words, keyboard walks, repeats, sequences, dates, and single characters at the price of
 * the classes that occur in it. Its word lists are those of zxcvbn 3; zxcvbn 4 counts guesses in another way, over other
 * lists. `bytes` is UTF-8; what is no ASCII is part of no word.
 */
export function passwordEntropy(bytes: Uint8Array): number {
  const text = Buffer.from(bytes).toString('latin1')
  const bitsPerByte = Math.log2(cardinality(Buffer.from(bytes).toString('utf8')))
  const matches = passwordMatches(text)
  const upTo = [0]
  for (let end = 1; end <= text.length; end += 1) {
    const candidates = matches.filter((match) => match.end === end).map(({ start, bits }) => (upTo[start] ?? 0) + bits)
    upTo.push(Math.min((upTo[end - 1] ?? 0) + bitsPerByte, ...candidates))
  }
  // To the digits to which the reference rounds before it compares.
  return Math.round((upTo[text.length] ?? 0) * 1000) / 1000
}
