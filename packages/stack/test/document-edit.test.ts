import { isStacksealError, type StacksealError } from '@stackseal/core'
import { describe, expect, test } from 'vitest'

import { yamlFormat } from '../src/document/document-format.ts'
import type { DocumentPath } from '../src/document/document-path.ts'
import { type ConfigValue, SecretText } from '../src/values/config-value.ts'

// The edits themselves, without the second look of a stack file, which refuses one that went wrong. Lines are joined here
// by `/`.
const lines = (text: string): string => text.replaceAll('/', '\n')
const crlf = (text: string): string => text.replaceAll('/', '\r\n')

async function set(text: string, path: DocumentPath, value: ConfigValue, careful = false): Promise<string> {
  return yamlFormat.setAt(text, await yamlFormat.find(text), path, value, { careful })
}

async function remove(text: string, path: DocumentPath, careful = false): Promise<string> {
  return yamlFormat.removeAt(text, await yamlFormat.find(text), path, { careful })
}

async function refusal(run: Promise<unknown>): Promise<StacksealError> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (isStacksealError(error)) return error
  throw new Error('it was not refused', { cause: error })
}

const map = (...pairs: [string, ConfigValue][]): ConfigValue => new Map(pairs)
const newSecret = new SecretText('v1:C:D')

type Row = readonly [what: string, before: string, path: DocumentPath, value: ConfigValue, after: string]

describe('a value that is set', () => {
  test.each<Row>([
    ['keeps the blanks before it', 'a:   1/', ['a'], 2n, 'a:   2/'],
    ['keeps its place on the line below its key', 'a:/  text # c/b: 1/', ['a'], 's', 'a:/  s # c/b: 1/'],
    ['keeps every blank before the comment behind its key', 'a:  # c/  x: 1/', ['a'], 's', 'a: s  # c/'],
    [
      'takes the place of a mapping behind a dash, and of the comments in it',
      'a:/  - x: 1 # c/    w: 2/  - 3/',
      ['a', 0n],
      's',
      'a:/  - s/  - 3/',
    ],
    ['is found by how its key is written', '1.50: a/', ['1.50'], 'b', '1.50: b/'],
    ['keeps the comment behind it', 'a: 1 # c/b: 2/', ['a'], 3n, 'a: 3 # c/b: 2/'],
    ['keeps single quotes', "a: 'x' # c/", ['a'], 'w', "a: 'w' # c/"],
    ['keeps double quotes', 'a: "x"/', ['a'], 'w', 'a: "w"/'],
    ['keeps single quotes in a flow mapping', "a: {b: 'x', c: 1}/", ['a', 'b'], 'w', "a: {b: 'w', c: 1}/"],
    ['keeps double quotes in a flow list', 'a: [1, "x"]/', ['a', 1n], 'w', 'a: [1, "w"]/'],
    ['needs no quotes that were not there', 'a: x/', ['a'], 'w', 'a: w/'],
    [
      'gets quotes in a flow mapping where its text needs them there',
      'a: {b: x}/',
      ['a', 'b'],
      'p, q',
      "a: {b: 'p, q'}/",
    ],
    ['keeps an anchor that nobody names', 'a: &k x/', ['a'], 'w', 'a: &k w/'],
    ['keeps such an anchor in a flow mapping', 'a: {b: &k x}/', ['a', 'b'], 'w', 'a: {b: &k w}/'],
    ['may be null', 'a: x/', ['a'], null, 'a: null/'],
    ['may be null in a flow list', 'a: [x]/', ['a', 0n], null, 'a: [null]/'],
    ['stands where nothing stood', 'a:/b: 2/', ['a'], 1n, 'a: 1/b: 2/'],
    ['stands before a comment where nothing stood', 'a: # c/', ['a'], 1n, 'a: 1 # c/'],
    ['stands where nothing stood in a flow mapping', 'a: {b: , c: 1}/', ['a', 'b'], 2n, 'a: {b: 2 , c: 1}/'],
    ['stands where nothing stood behind a dash', 'a:/  -/  - 2/', ['a', 0n], 1n, 'a:/  - 1/  - 2/'],
    ['takes the place of an alias, which is only a mention', 'a: &k 1/b: *k/', ['b'], 2n, 'a: &k 1/b: 2/'],
    [
      'takes the place of a mapping, but not of the comment behind its key',
      'a: # c/  x: 1/  w: 2/b: 3/',
      ['a'],
      's',
      'a: s # c/b: 3/',
    ],
    [
      'takes the place of a list, but not of the comment behind its key',
      'a: # c/  - 1/b: 3/',
      ['a'],
      's',
      'a: s # c/b: 3/',
    ],
    ['takes the place of a list that is not indented', 'a:/- 1/- 2/b: 3/', ['a'], 's', 'a: s/b: 3/'],
    [
      'takes the place of a mapping as another one',
      'a: # c/  x: 1/b: 3/',
      ['a'],
      map(['w', 2n]),
      'a: # c/  w: 2/b: 3/',
    ],
    ['takes the place of a flow mapping', 'a: {x: 1} # c/', ['a'], 's', 'a: s # c/'],
    [
      'takes the place of a literal text, but not of the comment behind its sign',
      'a: | # c/  text/  more/b: 3/',
      ['a'],
      's',
      'a: s # c/b: 3/',
    ],
    ['takes the place of a folded text', 'a: >-/  text/  more/b: 3/', ['a'], 's', 'a: s/b: 3/'],
    ['takes the place of a text over several lines', 'a: one/  two # c/b: 3/', ['a'], 's', 'a: s # c/b: 3/'],
    ['of several lines begins before the comment', 'a: 1 # c/b: 3/', ['a'], 'l/m/', 'a: | # c/  l/  m/b: 3/'],
    ['of several lines ends a file that had no line end', 'a: 1', ['a'], 'l/m', 'a: |-/  l/  m/'],
    ['of one line leaves a file without its line end', 'a: 1', ['a'], 2n, 'a: 2'],
    ['takes the place of a mapping behind a dash', 'a:/  - x: 1/    w: 2/  - 3/', ['a', 0n], 's', 'a:/  - s/  - 3/'],
    ['takes the place of a list behind a dash', 'a:/  - - 1/    - 2/  - 3/', ['a', 0n], 's', 'a:/  - s/  - 3/'],
    [
      'becomes a mapping behind a dash',
      'a:/  - 1/  - 2/',
      ['a', 0n],
      map(['x', 1n], ['z', 2n]),
      'a:/  - x: 1/    z: 2/  - 2/',
    ],
    ['becomes a mapping in a flow list', 'a: [1, 2]/', ['a', 0n], map(['x', 1n]), 'a: [{x: 1}, 2]/'],
    ['becomes a mapping where its path goes on', 'a: 1/b: 2/', ['a', 'x'], 3n, 'a:/  x: 3/b: 2/'],
    ['becomes a list where its path goes on', 'a: 1/b: 2/', ['a', 0n], 3n, 'a:/  - 3/b: 2/'],
    ['becomes a list in place of a mapping', 'a: {x: 1}/', ['a', 0n], 3n, 'a:/  - 3/'],
    ['becomes a mapping in place of a list', 'a: [1]/', ['a', 'x'], 3n, 'a:/  x: 3/'],
    ['is found by what a key in base 16 stands for', '0x1F: a/', ['31'], 'b', '0x1F: b/'],
    ['is found by what a null key stands for', '~: a/', ['<nil>'], 'b', '~: b/'],
    [
      'is found under an alias of a key by no name but its own',
      'k: &k x/*k : 1/w: 2/',
      ['w'],
      3n,
      'k: &k x/*k : 1/w: 3/',
    ],
  ])('%s', async (_, before, path, value, after) => {
    const given = typeof value === 'string' ? lines(value) : value
    expect(await set(lines(before), path, given)).toBe(lines(after))
    // Text of several lines is written in another way there.
    const isOneLine = typeof value !== 'string' || !value.includes('/')
    expect(isOneLine ? await set(crlf(before), path, given) : crlf(after)).toBe(crlf(after))
  })

  test('of several lines stands in double quotes where it has to be careful', async () => {
    expect(await set('a: 1\n', ['a'], 'l\nm', true)).toBe('a: "l\\nm"\n')
    expect(await set("a: 'x'\n", ['a'], 'l\nm', true)).toBe('a: "l\\nm"\n')
    expect(await set("a: 'x'\n", ['a'], 'w', true)).toBe("a: 'w'\n")
    expect(await set('a: 1\n', ['a'], 7n, true)).toBe('a: 7\n')
    expect(await set('a: 1\n', ['b'], map(['c', 'l\nm']), true)).toBe('a: 1\nb:\n  c: "l\\nm"\n')
  })
})

describe('a secret that is set', () => {
  test.each<readonly [what: string, before: string, after: string]>([
    ['changes nothing but the ciphertext, in braces', "a: {secure: 'v1:A:B'} # c/", "a: {secure: 'v1:C:D'} # c/"],
    [
      'changes nothing but the ciphertext, on its own line',
      'a:/  # c/  secure: "v1:A:B"/',
      'a:/  # c/  secure: "v1:C:D"/',
    ],
    ['takes the place of a mapping of two', 'a: {secure: v1:A:B, x: 1}/', 'a:/  secure: v1:C:D/'],
    ['takes the place of another mapping of one', 'a: {other: v1:A:B}/', 'a:/  secure: v1:C:D/'],
    ['takes the place of a mapping whose secure is no text', 'a: {secure: [1]}/', 'a:/  secure: v1:C:D/'],
    ['takes the place of a text', 'a: x/', 'a:/  secure: v1:C:D/'],
  ])('%s', async (_, before, after) => {
    expect(await set(lines(before), ['a'], newSecret)).toBe(lines(after))
  })
})

describe('a value that is added', () => {
  test.each<Row>([
    ['stands beside a mapping that holds the same name', 'a: {w: {x: 1}}/', ['a', 'x'], 2n, 'a: {w: {x: 1}, x: 2}/'],
    [
      'stands beside what several merge keys bring in',
      'b: &b {x: 1}/c: &c {<<: *b}/a: {<<: *c}/',
      ['a', 'w'],
      2n,
      'b: &b {x: 1}/c: &c {<<: *b}/a: {<<: *c, w: 2}/',
    ],
    [
      'stands beside a merge key whose values hold the same name',
      'b: &b {x: {w: 1}}/a: {<<: *b}/',
      ['a', 'w'],
      2n,
      'b: &b {x: {w: 1}}/a: {<<: *b, w: 2}/',
    ],
    ['begins an empty file', '', ['b'], 1n, 'b: 1/'],
    ['begins a file that has a comment without a line end', '# c', ['b'], 1n, '# c/b: 1/'],
    ['comes after the comments of a file that has nothing else', '# c/', ['b', 'd'], 1n, '# c/b:/  d: 1/'],
    ['comes after a byte order mark', '\ufeff', ['b'], 1n, '\ufeffb: 1/'],
    ['stays in the first document', '# c/---/# d/---/x: 1/', ['b'], 1n, '# c/---/# d/b: 1/---/x: 1/'],
    ['stands at the end', 'a: 1/', ['b'], 2n, 'a: 1/b: 2/'],
    ['stands at the end of a file with a byte order mark', '\ufeffa: 1/', ['b'], 2n, '\ufeffa: 1/b: 2/'],
    ['stands before the next document', 'a: 1/---/x: 1/', ['b'], 2n, 'a: 1/b: 2/---/x: 1/'],
    ['stands before the comment of a next document', 'a:/  x: 1/---/# c/', ['a', 'w'], 2n, 'a:/  x: 1/  w: 2/---/# c/'],
    [
      'stands behind the comments that are indented like its neighbours',
      'a:/  x: 1/  # c/  # d/# e/',
      ['a', 'w'],
      2n,
      'a:/  x: 1/  # c/  # d/  w: 2/# e/',
    ],
    [
      'stands behind a comment that is indented deeper',
      'a:/  x: 1/    # c/b: 1/',
      ['a', 'w'],
      2n,
      'a:/  x: 1/    # c/  w: 2/b: 1/',
    ],
    [
      'stands before a comment that is indented less',
      'a:/  x: 1/ # c/b: 1/',
      ['a', 'w'],
      2n,
      'a:/  x: 1/  w: 2/ # c/b: 1/',
    ],
    ['stands before the comments below the top level', 'a: 1/# c/', ['b'], 2n, 'a: 1/b: 2/# c/'],
    ['stands behind an indented comment below the top level', 'a: 1/ # c/', ['b'], 2n, 'a: 1/ # c/b: 2/'],
    ['stands before a blank line', 'a:/  x: 1//  # c/b: 1/', ['a', 'w'], 2n, 'a:/  x: 1/  w: 2//  # c/b: 1/'],
    ['stands behind a text of several lines', 'a:/  x: |/    t/b: 1/', ['a', 'w'], 2n, 'a:/  x: |/    t/  w: 2/b: 1/'],
    ['ends with a line end where the file had none', 'a: 1', ['b'], 2n, 'a: 1/b: 2/'],
    ['stands at the end of a list', 'a:/  - 1/  - 2/b: 1/', ['a', 2n], 3n, 'a:/  - 1/  - 2/  - 3/b: 1/'],
    ['stands at the end of a list that is not indented', 'a:/- 1/b: 1/', ['a', 1n], 3n, 'a:/- 1/- 3/b: 1/'],
    ['stands in braces', 'a: {x: 1} # c/', ['a', 'w'], 2n, 'a: {x: 1, w: 2} # c/'],
    ['stands in empty braces', 'a: {}/', ['a', 'w'], 2n, 'a: {w: 2}/'],
    ['stands in brackets', 'a: [1, 2]/', ['a', 2n], 3n, 'a: [1, 2, 3]/'],
    ['stands in empty brackets', 'a: []/', ['a', 0n], 3n, 'a: [3]/'],
    ['in braces has quotes where its name needs them there', 'a: {x: 1}/', ['a', 'p, q'], 2n, "a: {x: 1, 'p, q': 2}/"],
    ['in brackets has quotes where its text needs them there', 'a: [1]/', ['a', 1n], 'p, q', "a: [1, 'p, q']/"],
    ['in braces leaves a name without a value what it is', 'a: {x: }/', ['a', 'w'], 2n, 'a: {x: , w: 2 }/'],
    ['in braces leaves an empty text what it is', "a: {x: ''}/", ['a', 'w'], 2n, "a: {x: '', w: 2}/"],
    ['in braces stands behind a list', 'a: {x: []}/', ['a', 'w'], 2n, 'a: {x: [], w: 2}/'],
    ['brings the containers that its path needs', 'a: 1/', ['b', 'c', 1n], 2n, 'a: 1/b:/  c:/    - null/    - 2/'],
    [
      'stands beside what a merge key brings in',
      'b: &b {x: 1}/a:/  <<: *b/  z: 1/',
      ['a', 'w'],
      2n,
      'b: &b {x: 1}/a:/  <<: *b/  z: 1/  w: 2/',
    ],
  ])('%s', async (_, before, path, value, after) => {
    expect(await set(lines(before), path, value)).toBe(lines(after))
    const hasLineEnd = before.includes('/')
    expect(hasLineEnd ? await set(crlf(before), path, value) : crlf(after)).toBe(crlf(after))
  })
})

describe('a value that is taken out', () => {
  test.each<readonly [what: string, before: string, path: DocumentPath, after: string]>([
    [
      'goes with its line, though that is indented and the last',
      'a:/  x: 1/  w: 2/b: 1/',
      ['a', 'w'],
      'a:/  x: 1/b: 1/',
    ],
    ['goes with its line and its comment', 'a: 1 # c/b: 2/', ['a'], 'b: 2/'],
    ['goes with its lines', 'a:/  x: 1/b: 2/', ['a'], 'b: 2/'],
    ['goes with its text of several lines', 'a: |/  t/  u/b: 2/', ['a'], 'b: 2/'],
    ['leaves the blank lines behind it', 'a: 1//b: 2/', ['a'], '/b: 2/'],
    ['may be the last of the file', 'a: 1/', ['a'], ''],
    ['may be the last of the file, without a line end', 'b: 1/a: 1', ['a'], 'b: 1/'],
    ['takes the configuration with it when it was the last there', 'config:/  a: 1/b: 2/', ['config', 'a'], 'b: 2/'],
    ['leaves another field empty', 'other:/  a: 1/b: 2/', ['other', 'a'], 'other: {}/b: 2/'],
    ['leaves an empty mapping', 'config:/  a:/    x: 1/', ['config', 'a', 'x'], 'config:/  a: {}/'],
    ['leaves an empty list', 'config:/  a:/    - 1/', ['config', 'a', 0n], 'config:/  a: []/'],
    ['leaves an empty list of a field', 'config:/  - 1/b: 2/', ['other', 0n], 'config:/  - 1/b: 2/'],
    ['is the first in braces', 'a: {x: 1, w: 2, z: 3} # c/', ['a', 'x'], 'a: {w: 2, z: 3} # c/'],
    ['is in the middle of braces', 'a: {x: 1, w: 2, z: 3} # c/', ['a', 'w'], 'a: {x: 1, z: 3} # c/'],
    ['is the last in braces', 'a: {x: 1, w: 2, z: 3} # c/', ['a', 'z'], 'a: {x: 1, w: 2} # c/'],
    ['is the first in brackets', 'a: [1, 2]/', ['a', 0n], 'a: [2]/'],
    ['is the last in brackets', 'a: [1, 2]/', ['a', 1n], 'a: [1]/'],
    ['is the only one of a document in braces', '{a: 1}/', ['a'], '{}/'],
    ['is an item of a list', 'a:/  - 1/  - 2/', ['a', 0n], 'a:/  - 2/'],
    [
      'stands behind a dash, where the next one takes its place',
      'a:/  - x: 1 # c/    w: 2/',
      ['a', 0n, 'x'],
      'a:/  - w: 2/',
    ],
    [
      'stands behind a dash, where a comment follows',
      'a:/  - x: 1/    # c/    w: 2/',
      ['a', 0n, 'x'],
      'a:/  - /    # c/    w: 2/',
    ],
    ['stands behind two dashes', 'a:/  - - 1/    - 2/', ['a', 0n, 0n], 'a:/  - - 2/'],
    ['is not there', 'a: 1/', ['b'], 'a: 1/'],
    ['is not there below another', 'a: 1/', ['a', 'b'], 'a: 1/'],
    ['is not there in an empty file', '# c/', ['b'], '# c/'],
    ['is the file itself', 'a: 1/', [], 'a: 1/'],
  ])('%s', async (_, before, path, after) => {
    expect(await remove(lines(before), path)).toBe(lines(after))
    expect(await remove(crlf(before), path)).toBe(crlf(after))
  })

  test('goes with the blank lines behind it where it has to be careful', async () => {
    expect(await remove('a: 1\n\n\nb: 2\n', ['a'], true)).toBe('b: 2\n')
    expect(await remove('a: 1\r\n\r\n\r\nb: 2\r\n', ['a'], true)).toBe('b: 2\r\n')
  })
})

describe('a value that others share', () => {
  test.each<readonly [what: string, text: string, path: DocumentPath, hint: string]>([
    ['through an alias', 'a: &k {x: 1}/b: *k/', ['b', 'x'], 'where the anchor stands'],
    ['inside an anchor', 'a: &k {x: 1}/b: *k/', ['a', 'x'], 'where the aliases stand'],
    ['as an anchor', 'a: &k 1/b: *k/', ['a'], 'where the aliases stand'],
    ['by a merge key', 'b: &b {x: 1}/a: {<<: *b}/', ['a', 'x'], 'merged values'],
    ['by a merge key beside others', 'b: &b {x: 1}/a: {z: 1, <<: *b}/', ['a', 'x'], 'merged values'],
    ['by a list of merged mappings', 'b: &b {x: 1}/c: &c {w: 1}/a: {<<: [*b, *c]}/', ['a', 'x'], 'merged values'],
    ['by a mapping that is merged on the spot', 'a: {<<: {x: 1}, z: 1}/', ['a', 'x'], 'merged values'],
    ['by a merge key of what is merged', 'b: &b {x: 1}/c: &c {<<: *b}/a: {<<: *c}/', ['a', 'x'], 'merged values'],
  ])('is not set: %s', async (_, text, path, hint) => {
    const error = await refusal(set(lines(text), path, 2n))
    expect([error.code, error.hint]).toEqual(['ERR_CANNOT_EDIT', expect.stringContaining(hint)])
  })

  test.each<readonly [what: string, text: string, path: DocumentPath]>([
    ['through an alias', 'a: &k {x: 1, w: 2}/b: *k/', ['b', 'x']],
    ['inside an anchor', 'a: &k {x: 1, w: 2}/b: *k/', ['a', 'x']],
    ['by a merge key', 'b: &b {x: 1}/a: {<<: *b, z: 1}/', ['a', 'x']],
  ])('is not taken out: %s', async (_, text, path) => {
    expect((await refusal(remove(lines(text), path))).code).toBe('ERR_CANNOT_EDIT')
  })

  test('is not encrypted anew, be it the secret or its ciphertext', async () => {
    const texts = ['a: &k {secure: v1:A:B}\nb: *k\n', 'a: {secure: &k v1:A:B}\nb: *k\n']
    const errors = await Promise.all(texts.map((text) => refusal(set(text, ['a'], newSecret))))
    expect(errors.map(({ code }) => code)).toEqual(['ERR_CANNOT_EDIT', 'ERR_CANNOT_EDIT'])
  })

  test('of a merge key is left alone when another is taken out, or one that is not there', async () => {
    const text = 'b: &b {x: 1}\na: {<<: *b, z: 1}\n'
    expect(await remove(text, ['a', 'z'])).toBe('b: &b {x: 1}\na: {<<: *b}\n')
    expect(await remove(text, ['a', 'w'])).toBe(text)
    expect(await remove(text, ['a', 0n])).toBe(text)
  })
})

test('a document that is a text or a list as a whole is not made a mapping', async () => {
  expect((await refusal(set('just text\n', ['a'], 1n))).code).toBe('ERR_CANNOT_EDIT')
  expect((await refusal(set('- 1\n', ['a'], 1n))).code).toBe('ERR_CANNOT_EDIT')
})
