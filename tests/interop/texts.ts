import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './playground.ts'
import type { SeededRandom } from './seeded-random.ts'

const TRAPS = JSON.parse(
  readFileSync(join(ROOT, 'vectors/pulumi/stacks/09-yaml-traps/traps.json'), 'utf8'),
) as readonly string[]

const WORDS = [
  'eu-west-1',
  'two words',
  'http://a.b/c?d#e',
  't3.micro',
  '10.0.0.0/16',
  "it's",
  'say "hi"',
  'a=b;c=d',
  '007',
  '42',
  'true',
  'false',
  '1.50',
  'x'.repeat(90),
]

const UNICODE = [
  'grüße',
  'e\u0301',
  '日本語',
  '🙂',
  '👩‍👩‍👧‍👦',
  'שלום',
  '\u202eabc',
  '\ufeffbom',
  'a\ufeffb',
  'a\u0085b',
  'a\u2028b',
  'a\u2029b',
  '\u00a0',
  '\u0001\u0007\u001b[31m',
  '\u007f',
  'a\tb',
  '\ttab',
  'tab\t',
  '\ufffd',
  '\uffff',
  '𝒳',
  '<a href="x">&amp;</a>',
]

const LINES = [
  'a\nb',
  'a\nb\n',
  'a\n\nb\n\n',
  'a\n\n\n',
  '  lead\nx',
  'x\n  deeper\ny\n',
  'x \ny',
  'x\ny ',
  'a\r\nb\r\n',
  'a\rb',
  '# c\nx',
  'x\n# c',
  '- a\n- b',
  '---\na',
  'a\n...\nb',
  'a: b\nc: d\n',
  'tab\tin\nline',
  'x\n\ty',
  'grüße\n🙂\n',
  'a\u2028b\nc',
  'x\n\u2028y',
  '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n',
  '{\n  "a": [1, 2],\n  "b": "c"\n}\n',
]

const STRUCTURED = [
  '{"a":1,"b":[true,null]}',
  '["x","y"]',
  'secure: v1:AAAA:BBBB',
  'v1:AAAAAAAAAAAAAAAA:BBBB',
  '${secret}',
  '!!str x',
  '!secret x',
  'a: {b: c}',
  '- - a',
  '? a\n: b',
  '%YAML 1.2',
  '&a *a',
]

const LONG = [
  'x'.repeat(129),
  'ä'.repeat(2000),
  'word '.repeat(400),
  `${'long line '.repeat(30)}\nsecond\n`,
  '0123456789abcdef'.repeat(4096),
  '\'"\\'.repeat(200),
]

// Every character that means something to YAML, and a few that mean something to nobody.
const ALPHABET = [
  'a',
  'b',
  '1',
  '0',
  ' ',
  ' ',
  ':',
  '#',
  '-',
  "'",
  '"',
  '\\',
  '\n',
  '\t',
  '\r',
  '{',
  '}',
  '[',
  ']',
  ',',
  '&',
  '*',
  '!',
  '|',
  '>',
  '%',
  '@',
  '`',
  '~',
  '.',
  '?',
  '=',
  '<',
  '_',
  '+',
  'é',
  '🙂',
  '\u0085',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\u00a0',
  '\u0007',
]

/** A value as a person, a script or an enemy would give it. */
export function anyText(random: SeededRandom): string {
  const forms = {
    word: () => random.pick(WORDS),
    trap: () => random.pick(TRAPS),
    unicode: () => random.pick(UNICODE),
    lines: () => random.pick(LINES),
    structured: () => random.pick(STRUCTURED),
    long: () => random.pick(LONG),
    empty: () => '',
    noise: () => Array.from({ length: 1 + random.below(12) }, () => random.pick(ALPHABET)).join(''),
  }
  const often = { word: 25, trap: 25, unicode: 10, lines: 12, structured: 5, long: 3, empty: 4, noise: 16 }
  return forms[random.weighted(often)]()
}
