import { inspect } from 'node:util'

import { describe, expect, test } from 'vitest'

import type * as Errors from '../src/errors.ts'
import { ERRORS, isStacksealError, StacksealError } from '../src/errors.ts'

describe('an error', () => {
  const error = new StacksealError('ERR_LOCKED', 'the stack is locked', {
    hint: 'wait',
    details: { file: 'Pulumi.dev.yaml', changed: false },
    cause: new Error('token of a vendor'),
  })

  test('is recognised by another copy of this package, and the other way round', async () => {
    const url = new URL('../src/errors.ts?another-copy', import.meta.url).href
    const other = (await import(/* @vite-ignore */ url)) as typeof Errors
    expect(other.StacksealError).not.toBe(StacksealError)
    expect(other.isStacksealError(error)).toBe(true)
    const theirs = new other.StacksealError('ERR_IO', 'x')
    expect(theirs instanceof StacksealError).toBe(false)
    expect(isStacksealError(theirs)).toBe(true)
  })

  test.each([undefined, null, 'ERR_IO', 5, {}, new Error('x'), { code: 'ERR_IO', name: 'StacksealError' }])(
    'is not recognised in what only looks like one (row %#)',
    (value) => {
      expect(isStacksealError(value)).toBe(false)
    },
  )

  test('gives code, message, hint and details to JSON, never the cause or the stack', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'ERR_LOCKED',
      message: 'the stack is locked',
      hint: 'wait',
      details: { file: 'Pulumi.dev.yaml', changed: false },
    })
    expect(JSON.parse(JSON.stringify(new StacksealError('ERR_IO', 'x')))).toEqual({
      code: 'ERR_IO',
      message: 'x',
      details: {},
    })
  })

  test('without a hint has none in JSON either', () => {
    expect(Object.keys(new StacksealError('ERR_IO', 'x').toJSON())).toEqual(['code', 'message', 'details'])
  })

  test('has the kind of its row', () => {
    expect([error.kind, error.name, error instanceof Error]).toEqual(['retry', 'StacksealError', true])
    for (const code of Object.keys(ERRORS) as (keyof typeof ERRORS)[]) {
      expect(new StacksealError(code, 'x').kind).toBe(ERRORS[code].kind)
    }
  })

  test('takes more facts without losing or changing those it has', () => {
    const more = error.with({ hint: 'another', details: { file: 'other', line: 3 } })
    expect(more).toMatchObject({
      code: 'ERR_LOCKED',
      message: error.message,
      hint: 'wait',
      cause: error.cause,
      stack: error.stack,
    })
    expect(more.details).toEqual({ file: 'Pulumi.dev.yaml', changed: false, line: 3 })
    expect(new StacksealError('ERR_IO', 'x').with({ hint: 'first' }).hint).toBe('first')
  })

  test('keeps its own copy of the details', () => {
    const details = { file: 'a' }
    const kept = new StacksealError('ERR_IO', 'x', { details })
    details.file = 'b'
    expect(kept.details).toEqual({ file: 'a' })
    expect(Object.isFrozen(kept.details)).toBe(true)
  })

  test('without a cause has no such property', () => {
    expect('cause' in new StacksealError('ERR_IO', 'x')).toBe(false)
    expect(inspect(new StacksealError('ERR_IO', 'x'))).not.toContain('cause')
  })

  test('has a code of capitals and a summary that is one sentence or two, in each row', () => {
    const rows = Object.entries(ERRORS).map(([code, { summary }]) => `${code} ${summary}`)
    expect(rows.filter((row) => !/^ERR_[A-Z_]+ (?:[A-Z]|encryptionsalt).*\.$/.test(row))).toEqual([])
  })
})
