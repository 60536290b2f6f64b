import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

import {
  CASES,
  type ConformanceCase,
  nodeWorld,
  registerCases,
  runCases,
  type Subject,
  type TestFunction,
} from '../src/index.ts'
import { memoSubject } from './memo-subject.ts'

const run = promisify(execFile)
const skip = (): void => undefined
const CORE = new URL('../../core/src/index.ts', import.meta.url).href

// What an alias is to vitest, in one line for Node.
const ALIAS = `data:text/javascript,import{registerHooks}from'node:module';registerHooks({resolve:(s,c,n)=>n(s==='@stackseal/core'?'${CORE}':s,c)})`

const always = (outcome: 'passes' | 'is not run' | 'fails'): ConformanceCase => ({
  name: `always/${outcome}`,
  title: outcome,
  async run() {
    if (outcome === 'fails') throw new TypeError('of a provider, with a secret in it')
    return outcome === 'is not run' ? { notRun: 'no reason' } : undefined
  },
})

test('the cases run under node:test, and what can not be run says why', async () => {
  const file = new URL('./modules/under-node-test.ts', import.meta.url)
  const flags = ['--experimental-strip-types', '--import', ALIAS, '--test-reporter=tap', '--test']
  const { stdout } = await run(process.execPath, [...flags, file.pathname], { env: { PATH: process.env['PATH'] } })
  const counts = Object.fromEntries([...stdout.matchAll(/^# (\w+) (\d+)$/gm)].map(([, name, count]) => [name, count]))
  // Processes and servers need a world; this run has none.
  expect(counts).toMatchObject({ tests: String(CASES.length), pass: String(CASES.length - 4), skipped: '4', fail: '0' })
  expect(stdout.match(/# SKIP this runner can not start a (?:process|server)/g)).toHaveLength(4)
})

test('a run gives every case with its outcome, and reasons without what a provider wrote', async () => {
  const cases = [always('passes'), always('is not run'), always('fails')]
  const results = await runCases(memoSubject(), { cases })
  expect(results).toMatchObject([
    { name: 'always/passes', outcome: 'passed' },
    { name: 'always/is not run', outcome: 'not run', reason: 'no reason' },
    { name: 'always/fails', outcome: 'failed', reason: 'it failed with an error that is not a StacksealError' },
  ])
})

test('a runner gets one test a case, and the failure of the case', async () => {
  const tests = new Map<string, Parameters<TestFunction>[1]>()
  registerCases((name, body) => tests.set(name, body), memoSubject(), { cases: [always('passes'), always('fails')] })
  expect([...tests.keys()]).toEqual(['Memo passes (always/passes)', 'Memo fails (always/fails)'])
  await expect(tests.get('Memo fails (always/fails)')?.({ skip })).rejects.toThrow(TypeError)
})

describe('a subject that says nothing of its stages', () => {
  test('has every case passed or not run with a reason', async () => {
    const whole = memoSubject()
    const subject: Subject = { name: whole.name, make: () => whole.make(), keys: whole.keys, secrets: whole.secrets }
    const results = await runCases(subject, { patienceMs: 5_000 })
    expect(results).toHaveLength(CASES.length)
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    const notRun = results.filter(({ outcome }) => outcome === 'not run')
    expect(notRun.length).toBeGreaterThan(10)
    for (const { reason } of notRun) expect(reason).toMatch(/^nobody said how to stage \S/)
  })
})

test('with one key alone, what needs two is not run, and the rest is', async () => {
  const subject = memoSubject()
  const results = await runCases({ ...subject, keys: [subject.keys[0]] }, { patienceMs: 5_000, world: nodeWorld() })
  const others = results.filter(({ outcome }) => outcome !== 'passed')
  expect(others).toMatchObject([{ name: 'isolation/other-key', outcome: 'not run', reason: 'one key alone was named' }])
})

test('the names of the cases are all different, and their titles are sentences about a provider', () => {
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length)
  for (const { name, title } of CASES) {
    expect(name).toMatch(/^[a-z-]+\/[a-z-]+$/)
    expect(title).toMatch(/^[a-z]+s? /)
  }
})
