import adjacencyGraphs from 'zxcvbn/lib/adjacency_graphs.js'
import frequencyLists from 'zxcvbn/lib/frequency_lists.js'

/** A part of the text that a guesser would try as a whole. `end` is where the part ends, exclusive. */
interface Match {
  readonly start: number
  readonly end: number
  readonly bits: number
}

type Graph = Readonly<Record<string, readonly (string | null)[]>>

const SEQUENCES = ['abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789'] as const

// Which letters a digit or sign can stand for.
const LEET: Readonly<Record<string, string>> = {
  a: '4@',
  b: '8',
  c: '({[<',
  e: '3',
  g: '69',
  i: '1!|',
  l: '1|7',
  o: '0',
  s: '$5',
  t: '+7',
  x: '%',
  z: '2',
}

const DATE_YEAR_LAST = /(\d{1,2})[ \t\n\f\r/\\_.-](\d{1,2})[ \t\n\f\r/\\_.-](19\d{2}|200\d|201\d|\d{2})/g
const DATE_YEAR_FIRST = /(19\d{2}|200\d|201\d|\d{2})[ \t\n\f\r/\\_.-](\d{1,2})[ \t\n\f\r/\\_.-](\d{1,2})/g
const DIGITS = /\d{4,8}/g
const DAYS = 31
const MONTHS = 12
const YEARS = 119
const SEPARATOR_BITS = 2

/** Every part of a text (latin1) that a guesser would try as a whole. */
export function passwordMatches(text: string): Match[] {
  return [
    ...words(text),
    ...leetTexts(text).flatMap((translated) => words(translated)),
    ...Object.entries(adjacencyGraphs).flatMap(([name, graph]) => keyboardWalks(text, graph, name)),
    ...repeats(text),
    ...sequences(text),
    ...dates(text),
  ]
}

/** How many characters a guesser tries at a place: those of every class that occurs in the text. */
export function cardinality(text: string): number {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u]
  const sizes = [26, 26, 10, 33]
  return kinds.reduce((sum, kind, index) => sum + (kind.test(text) ? (sizes[index] ?? 0) : 0), 0)
}

let rankedLists: readonly ReadonlyMap<string, number>[] | undefined

function ranked(): readonly ReadonlyMap<string, number>[] {
  rankedLists ??= Object.values(frequencyLists).map((list) => new Map(list.map((word, index) => [word, index + 1])))
  return rankedLists
}

function words(text: string): Match[] {
  const lower = text.toLowerCase()
  const matches: Match[] = []
  for (const list of ranked()) {
    for (let start = 0; start < lower.length; start += 1) {
      for (let end = start + 1; end <= lower.length; end += 1) {
        const rank = list.get(lower.slice(start, end))
        if (rank !== undefined)
          matches.push({ start, end, bits: Math.log2(rank) + capitalBits(text.slice(start, end)) })
      }
    }
  }
  return matches
}

function capitalBits(word: string): number {
  const capitals = word.replaceAll(/[^A-Z]/g, '').length
  if (capitals === 0) return 0
  if (/^[A-Z][^A-Z]+$/.test(word) || /^[A-Z]+$/.test(word)) return 1
  const small = word.replaceAll(/[^a-z]/g, '').length
  return Math.max(1, Math.log2(chooseUpTo(capitals + small, Math.min(capitals, small))))
}

/** The text with the signs in it read as letters, in every way in which a letter has one sign and a sign one letter. */
function leetTexts(text: string): string[] {
  const signs = [...new Set(Object.values(LEET).join(''))].filter((sign) => text.includes(sign))
  // A sign that can be one of several letters is one of them at a time.
  const readings = signs.reduce<readonly (readonly [string, string])[][]>(
    (all, sign) => {
      const letters = Object.keys(LEET).filter((letter) => LEET[letter]?.includes(sign))
      return all.flatMap((reading) => letters.map((letter) => [...reading, [sign, letter] as const]))
    },
    [[]],
  )
  const ways = readings.flatMap((reading) => {
    const byLetter = Map.groupBy(reading, ([, letter]) => letter)
    return [...byLetter.values()].reduce<readonly (readonly [string, string])[][]>(
      (all, choices) => all.flatMap((way) => choices.map((choice) => [...way, choice])),
      [[]],
    )
  })
  const translated = ways.map((way) => {
    const letterOf = new Map(way)
    return Array.from(text, (character) => letterOf.get(character) ?? character).join('')
  })
  return [...new Set(translated)].filter((each) => each !== text)
}

function keyboardWalks(text: string, graph: Graph, name: string): Match[] {
  const matches: Match[] = []
  for (let start = 0; start < text.length - 1;) {
    let end = start + 1
    let turns = 0
    let shifted = 0
    let direction = -1
    for (; end < text.length; end += 1) {
      const next = text.charAt(end)
      const neighbours = graph[text.charAt(end - 1)] ?? []
      const towards = neighbours.findIndex((key) => key?.includes(next))
      if (towards < 0) break
      if (neighbours[towards]?.indexOf(next) === 1) shifted += 1
      if (towards !== direction) turns += 1
      direction = towards
    }
    if (end - start > 2) matches.push({ start, end, bits: walkBits(end - start, turns, shifted, name) })
    start = end
  }
  return matches
}

function walkBits(length: number, turns: number, shifted: number, name: string): number {
  const { keys, degree } = name === 'qwerty' || name === 'dvorak' ? KEYBOARD : KEYPAD
  let ways = 0
  for (let size = 2; size <= length + 1; size += 1) {
    for (let turn = 1; turn <= Math.min(turns, size - 1) + 1; turn += 1) {
      ways += choose(size - 1, turn - 1) * keys * degree ** turn
    }
  }
  const bits = Math.log2(ways)
  return shifted === 0 ? bits : bits + Math.log2(chooseUpTo(length, Math.min(shifted, length - shifted)))
}

// As the reference's port counts them: the mean length of what stands at a key's neighbours.
const KEYBOARD = { keys: 94, degree: 1.5319148936170213 }
const KEYPAD = { keys: 15, degree: 0.6333333333333333 }

function repeats(text: string): Match[] {
  return Array.from(text.matchAll(/([^])\1{2,}/gi), (match) => {
    const [token] = match
    const bits = Math.log2(cardinality(token) * token.length)
    return { start: match.index, end: match.index + token.length, bits }
  })
}

function sequences(text: string): Match[] {
  const matches: Match[] = []
  for (let start = 0; start < text.length;) {
    let end = start + 1
    const sequence = SEQUENCES.find((each) => {
      const [first, second] = [
        each.indexOf(text.charAt(start)),
        end < text.length ? each.indexOf(text.charAt(end)) : -1,
      ]
      return first >= 0 && second >= 0 && Math.abs(second - first) === 1
    })
    if (sequence !== undefined) {
      const step = (at: number): number => sequence.indexOf(text.charAt(at)) - sequence.indexOf(text.charAt(at - 1))
      const direction = step(end)
      while (end < text.length && step(end) === direction) end += 1
      if (end - start > 2) {
        const first = text.charAt(start)
        const startBits =
          first === 'a' || first === '1' ? 0 : Math.log2(sequence.length) + (/[A-Z]/.test(first) ? 1 : 0)
        const bits = startBits + (direction === 1 ? 0 : 1) + Math.log2(end - start)
        matches.push({ start, end, bits })
      }
    }
    start = end
  }
  return matches
}

// The reference's port takes one character more than the date has, and so none at the end of the text; and of digits
// alone only six or eight.
function dates(text: string): Match[] {
  const found: {
    readonly token: string
    readonly year: number
    readonly month: number
    readonly day: number
    readonly separated: boolean
  }[] = []
  const add = (token: string, year: string, month: string, day: string, separated: boolean): void => {
    found.push({ token, year: Number(year), month: Number(month), day: Number(day), separated })
  }
  for (const [token, month = '', day = '', year = ''] of text.matchAll(DATE_YEAR_LAST))
    add(token, year, month, day, true)
  for (const [token, year = '', day = '', month = ''] of text.matchAll(DATE_YEAR_FIRST))
    add(token, year, month, day, true)
  for (const [token] of text.matchAll(DIGITS)) {
    if (token.length === 6) add(token, token.slice(0, 2), token.slice(4), token.slice(2, 4), false)
    if (token.length !== 8) continue
    add(token, token.slice(0, 4), token.slice(6), token.slice(4, 6), false)
    add(token, token.slice(4), token.slice(2, 4), token.slice(0, 2), false)
  }
  return found.filter(isDate).map(({ token, year, separated }) => {
    const start = text.indexOf(token)
    const bits = Math.log2(DAYS * MONTHS * (year < 100 ? 100 : YEARS)) + (separated ? SEPARATOR_BITS : 0)
    return { start, end: start + token.length + 1, bits }
  })
}

function isDate({
  year,
  month,
  day,
}: {
  readonly year: number
  readonly month: number
  readonly day: number
}): boolean {
  const swapped = month >= 12 && month <= 31 && day <= 12
  const [d, m] = swapped ? [month, day] : [day, month]
  return d <= DAYS && m <= MONTHS && ((year >= 1900 && year <= 2019) || year <= 99)
}

function choose(from: number, count: number): number {
  if (count > from) return 0
  let ways = 1
  for (let each = 1; each <= count; each += 1) ways = (ways * (from - each + 1)) / each
  return ways
}

/** In how many ways at most `count` can be chosen. */
function chooseUpTo(from: number, count: number): number {
  return Array.from({ length: count + 1 }, (_, each) => choose(from, each)).reduce((sum, ways) => sum + ways, 0)
}
