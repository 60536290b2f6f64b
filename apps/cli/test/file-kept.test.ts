import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, vector } from './support/project.ts'

// Every byte outside the value that changes stays (the reference prints the file anew: unknown fields, further
// documents, byte order marks and line ends go, top-level numbers and booleans become text, comments move).

const SALT = /^encryptionsalt: .*$/m.exec(readFileSync(vector('01-simple', 'Pulumi.dev.yaml'), 'utf8'))?.[0] ?? ''

const BLOCK = `# above everything

${SALT}   # the salt, do not touch
unknown:   {a: [1, 2,3 ], b: 'c'}   # not ours


config:
  # above plain
  vec:plain:    hello     # beside plain

  vec:number: 0x1F
  vec:octal: 010
  vec:float: 1.50
  vec:bool: True
  vec:null: ~
  vec:date: 2020-01-02
  vec:single: 'it''s'
  "vec:quoted key": "\\u0041\\tz"
  vec:folded: >-
    one
    two

    three
  vec:literal: |+
    keep

  # above the list
  vec:list:
  - one   # first
  -   two
  - {three: 3,  four: [ 4 ]}
  vec:flow: { a: 1, "b": [x, 'y' , z], c: {} }
  vec:anchor: &anchor
    deep: value
  vec:alias: *anchor
  bare: without a namespace
  vec:last: end

environment:
  - one
another: "field" # and the last line`

interface Form {
  readonly name: string
  readonly form: (text: string) => string
}

const FORMS: readonly Form[] = [
  { name: 'as it is, without a line end at its end', form: (text) => text },
  { name: 'with a line end at its end', form: (text) => `${text}\n` },
  { name: 'CRLF', form: (text) => `${text}\n`.replaceAll('\n', '\r\n') },
  { name: 'a byte order mark', form: (text) => `\ufeff${text}\n` },
  { name: 'a byte order mark and CRLF', form: (text) => `\ufeff${text}\n`.replaceAll('\n', '\r\n') },
  { name: 'a marker before it', form: (text) => `---\n${text}\n` },
  { name: 'markers and a comment around it', form: (text) => `--- # start\n${text}\n...\n# after\n` },
  { name: 'a further document', form: (text) => `${text}\n---\nconfig: {vec:plain: other}\n--- |\n not: ours\n` },
]

interface Edit {
  readonly command: readonly string[]
  /** What stands there, and what stands there afterwards; with LF. */
  readonly from: string
  readonly to: string
}

const EDITS: readonly Edit[] = [
  { command: ['set', 'plain', 'world'], from: 'vec:plain:    hello ', to: 'vec:plain:    world ' },
  { command: ['set', 'single', "that's"], from: "'it''s'", to: "'that''s'" },
  { command: ['set', 'quoted key', 'a"b'], from: '"\\u0041\\tz"', to: '"a\\"b"' },
  { command: ['set', 'bool', 'no'], from: 'vec:bool: True', to: 'vec:bool: "no"' },
  { command: ['set', '--type', 'int', 'number', '7'], from: '0x1F', to: '7' },
  { command: ['set', 'bare', 'still'], from: 'bare: without a namespace', to: 'bare: still' },
  { command: ['set', '--path', 'list[1]', '2'], from: '-   two', to: '-   2' },
  { command: ['set', '--path', 'list[2].four[0]', '5'], from: '[ 4 ]', to: '[ 5 ]' },
  { command: ['set', '--path', 'flow.b[1]', 'Y'], from: "'y'", to: "'Y'" },
  { command: ['set', '--path', 'flow.c.d', 'true'], from: 'c: {}', to: 'c: {d: true}' },
  { command: ['set', '--path', 'list[3]', 'end'], from: '[ 4 ]}\n', to: '[ 4 ]}\n  - end\n' },
  { command: ['set', 'new', 'value'], from: '  vec:last: end\n', to: '  vec:last: end\n  vec:new: value\n' },
  { command: ['rm', 'plain'], from: '  vec:plain:    hello     # beside plain\n', to: '' },
  { command: ['rm', '--path', 'list[0]'], from: '  - one   # first\n', to: '' },
  { command: ['rm', 'folded'], from: '  vec:folded: >-\n    one\n    two\n\n    three\n', to: '' },
  { command: ['rm', 'last'], from: '  vec:last: end\n', to: '' },
]

// The file holds a key without a value, of which the reference warns whenever it has read it.
const WARNING =
  'warning: null has no value in Pulumi.dev.yaml; Pulumi takes it as "" now, and as null in a later version: set it to "" if that is meant\n'

describe.each(FORMS)('in a file that is $name', ({ form }) => {
  test.each(EDITS)('config $command changes what it names and nothing else', async ({ command, from, to }) => {
    const text = form(BLOCK)
    expect(BLOCK.split(from).length).toBe(2)
    const on = project(Buffer.from(text))
    const { exit, stderr } = await inProcess(['-s', 'dev', 'config', ...command], { cwd: on.folder })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: WARNING })
    expect(readFileSync(on.file).toString('latin1')).toBe(
      Buffer.from(form(BLOCK.replace(from, () => to))).toString('latin1'),
    )
  })

  test('config set --secret adds a secret and changes nothing else', async () => {
    const on = project(Buffer.from(form(BLOCK)))
    const { exit, stderr } = await inProcess(['config', 'set', '--secret', 'new', 'value'], {
      cwd: on.folder,
      env: SIMPLE,
    })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: WARNING })
    const end = form('\n').includes('\r') ? '\r\n' : '\n'
    const added = new RegExp(` {2}vec:new:${end} {4}secure: v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]+${end}`)
    const text = readFileSync(on.file, 'utf8')
    expect(text).toMatch(added)
    expect(text.replace(added, '')).toBe(form(BLOCK))
  })
})
