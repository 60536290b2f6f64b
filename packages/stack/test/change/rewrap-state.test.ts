import { encodeBase64, isStacksealError, type ProviderV1, Registry } from '@stackseal/core'
import { expect, test } from 'vitest'
import { causeOf } from '../cause-of.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { ProcessTable } from '../../src/files/process-table.ts'
import { rewrapStack } from '../../src/stack-rewrap.ts'
import { faultyFileSystem, SimulatedExit } from '../faulty-file-system.ts'
import { fakeMachine } from '../fake-processes.ts'
import {
  FILE,
  keyUrlOf,
  OLD_STATE,
  OLD_TEXT,
  opensEach,
  options,
  OTHER_STATE,
  plain,
  STATE,
  textOf,
  world,
} from './change-world.ts'

/** One that seals an existing key: its text is the key itself, so another URL is all that a re-wrap changes. */
const sealing: ProviderV1 = { ...plain, sealKey: async (_url, dataKey) => encodeBase64(dataKey) }
const registry = new Registry([sealing])

const rewrap = (fs: FileSystem, processes?: ProcessTable) =>
  rewrapStack({ ...options(fs, processes), registry, to: 'plain://new' })

const ciphertexts = (text: string | undefined): readonly string[] => text?.match(/v1:[A-Za-z0-9+/]{16}:[^"\s]+/g) ?? []

test('seals the state as the stack file, and keeps every ciphertext of both', async () => {
  const fs = world()
  expect(await rewrap(fs)).toMatchObject({ state: 'sealed' })
  expect(await keyUrlOf(fs)).toBe('plain://new')
  expect(ciphertexts(textOf(fs, STATE))).toEqual(ciphertexts(OLD_STATE))
  expect(textOf(fs, `${STATE}.bak`)).toBe(OLD_STATE)
})

test('leaves a state alone that has a data key of its own', async () => {
  const fs = world(OTHER_STATE)
  expect(await rewrap(fs)).toMatchObject({ state: 'other' })
  expect(textOf(fs, STATE)).toBe(OTHER_STATE)
  expect(textOf(fs, FILE)).toContain('plain://new')
})

test('a fault (EIO) at every step is reported truthfully, also between state and stack file', async () => {
  let [failed, halves, isOver] = [0, 0, false]
  for (let step = 1; !isOver; step++) {
    const fs = world()
    const faulty = faultyFileSystem(fs, { failAtStep: step, error: 'EIO' })
    const failure = await rewrap(faulty.fs, fakeMachine('here', 'first').start(1)).then(
      () => undefined,
      (error: unknown) => {
        if (isStacksealError(error)) return error
        throw error
      },
    )
    const changed = textOf(fs, STATE) !== OLD_STATE || textOf(fs, FILE) !== OLD_TEXT
    const said = failure === undefined ? true : failure.details['changed']
    expect({ step, changed: said }).toEqual({ step, changed })
    isOver = failure === undefined && faulty.steps() < step
    if (failure !== undefined) failed++
    if (failure !== undefined && textOf(fs, STATE) !== OLD_STATE && textOf(fs, FILE) === OLD_TEXT) halves++
  }
  expect(failed).toBeGreaterThan(20)
  expect(halves).toBeGreaterThan(3)
})

test('cut at every step, both documents open, and the same command brings them together', async () => {
  let halves = 0
  for (let step = 1; ; step++) {
    const fs = world()
    let done = true
    try {
      await rewrap(faultyFileSystem(fs, { exitAtStep: step }).fs, fakeMachine('here', 'first').start(1))
    } catch (error) {
      const cause = causeOf(error)
      if (!(cause instanceof SimulatedExit)) throw error
      done = false
    }
    expect({ step, opens: await opensEach(fs) }).toEqual({ step, opens: true })
    if (done) break
    const isHalf = textOf(fs, STATE) !== OLD_STATE && textOf(fs, FILE)?.includes('plain://old') === true
    if (!isHalf) continue
    halves++
    const survivor = fs.crash(new Set(), 'saved')
    await rewrap(survivor, fakeMachine('here', 'second').start(1))
    expect(await keyUrlOf(survivor)).toBe('plain://new')
  }
  expect(halves).toBeGreaterThan(3)
})
