import { isStacksealError, type ProviderV1, Registry, type StacksealError } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { causeOf } from '../cause-of.ts'
import { changeSecretsProvider, rotateStack } from '../../src/change/change-key.ts'
import { changePath } from '../../src/change/change-journal.ts'
import { recoverStack } from '../../src/change/recover-stack.ts'
import { lockStack } from '../../src/backend/stack-lock.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import { openStack } from '../../src/stack.ts'
import { DEV, openBackend } from '../backend/open-backend.ts'
import { fakeMachine } from '../fake-processes.ts'
import { faultyFileSystem, SimulatedExit } from '../faulty-file-system.ts'
import type { ForgettingFileSystem } from '../forgetting-file-system.ts'
import { type Call, watchedFileSystem } from '../watched-file-system.ts'
import {
  change,
  FILE,
  keyUrlOf,
  leftovers,
  oldKey,
  OLD_STATE,
  OLD_TEXT,
  OTHER_STATE,
  opensEach,
  options,
  plain,
  recover,
  setPlain,
  STATE,
  stateText,
  textOf,
  world,
} from './change-world.ts'

async function failureOf(work: Promise<unknown>): Promise<StacksealError> {
  try {
    await work
  } catch (error) {
    if (isStacksealError(error)) return error
    throw error
  }
  throw new Error('nothing failed')
}

const nothingChanged = (fs: ForgettingFileSystem): void => {
  expect([textOf(fs, FILE), textOf(fs, STATE)]).toEqual([OLD_TEXT, OLD_STATE])
  expect(leftovers(fs)).toEqual([])
}

function write(fs: ForgettingFileSystem, path: string, text: string): void {
  if (fs.contentOf(path) !== undefined) fs.unlink(path)
  const fd = fs.openExclusive(path, 0o644)
  fs.write(fd, new TextEncoder().encode(text))
  fs.close(fd)
}

/** Where that moment is, once it was found. */
let halfStep = 1

/** A world in which a change was killed after its state was switched, and before its stack file was. */
async function halfChanged(): Promise<{ fs: ForgettingFileSystem; machine: ReturnType<typeof fakeMachine> }> {
  for (let step = halfStep; ; step++) {
    const fs = world()
    const machine = fakeMachine('here', 'first')
    try {
      await change(faultyFileSystem(fs, { exitAtStep: step }).fs, machine.start(1))
    } catch (error) {
      const cause = causeOf(error)
      if (!(cause instanceof SimulatedExit)) throw error
    }
    machine.end(1)
    halfStep = step
    if (textOf(fs, STATE) !== OLD_STATE && textOf(fs, FILE) === OLD_TEXT) return { fs, machine }
    if (textOf(fs, FILE) !== OLD_TEXT) throw new Error('no such moment')
  }
}

const masked = (text: string | undefined): string | undefined =>
  text
    ?.replaceAll(/v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]+/g, 'CIPHERTEXT')
    .replaceAll(/plain:\/\/(?:old|new)/g, 'URL')
    .replaceAll(/(?<=encryptedkey"?: ?"?)[A-Za-z0-9+/=]{44}/g, 'KEY')

const damaged = (text: string): string =>
  text.replace(/(v1:.{16}:)(..)/, (_, start: string, two: string) => start + (two === 'AA' ? 'BB' : 'AA'))

describe('a change of the key', () => {
  test('changes ciphertexts and the fields of the key, and no other byte', async () => {
    const fs = world()
    await change(fs)
    expect(masked(textOf(fs, FILE))).toBe(masked(OLD_TEXT))
    expect(masked(textOf(fs, STATE))).toBe(masked(OLD_STATE))
    for (const ciphertext of OLD_TEXT.match(/v1:[^"\s]+/g) ?? []) expect(textOf(fs, FILE)).not.toContain(ciphertext)
    for (const ciphertext of OLD_STATE.match(/v1:[^"\s]+/g) ?? []) expect(textOf(fs, STATE)).not.toContain(ciphertext)
    expect(await keyUrlOf(fs)).toBe('plain://new')
  })

  test('keeps the state that was as .bak, and notes what it wrote beside it', async () => {
    const fs = world()
    await change(fs)
    expect(textOf(fs, `${STATE}.bak`)).toBe(OLD_STATE)
    expect(JSON.parse(textOf(fs, `${STATE}.attrs`) ?? '')).toMatchObject({
      md5: expect.not.stringMatching('AAAA') as string,
    })
  })

  test("makes no new key under a key URL of which nothing shows that it is the stack's own", async () => {
    const empty = OLD_TEXT.replace(/config:\n[^]*/, '')
    for (const state of [OTHER_STATE, OLD_STATE.replace(/"outputs":.*?(?=\}\],"metadata")/, '"outputs":{}')]) {
      const fs = world(state, empty)
      const error = await failureOf(rotateStack(options(fs)))
      expect(error).toMatchObject({ code: 'ERR_KEY_NOT_PROVEN', details: { changed: false } })
      expect([textOf(fs, FILE), textOf(fs, STATE)]).toEqual([empty, state])
    }
    // Secrets of the state open with it: then it is.
    await expect(rotateStack(options(world(OLD_STATE, empty)))).resolves.toMatchObject({ stateSecrets: 2 })
  })

  test('rotates under the key URL that the stack has', async () => {
    const fs = world()
    const { before, to, after } = await rotateStack(options(fs))
    expect([before?.url.text, to.text, after?.url.text]).toEqual(['plain://old', 'plain://old', 'plain://old'])
    expect(after?.sealed).not.toBe(before?.sealed)
    expect(await keyUrlOf(fs)).toBe('plain://old')
  })

  test('tells what it would do and does nothing, in a dry run', async () => {
    const fs = world()
    const result = await changeSecretsProvider({ ...options(fs), secretsProvider: 'plain://new', dryRun: true })
    expect(result).toMatchObject({ name: 'dev', configSecrets: 2, stateSecrets: 2, after: undefined })
    nothingChanged(fs)
  })

  test('leaves the state alone where only the configuration is meant', async () => {
    const fs = world()
    await changeSecretsProvider({ ...options(fs), secretsProvider: 'plain://new', configOnly: true })
    expect(textOf(fs, STATE)).toBe(OLD_STATE)
    expect(textOf(fs, FILE)).toContain('plain://new')
    expect(await opensEach(fs)).toBe(true)
    expect(leftovers(fs)).toEqual([])
  })

  test('changes nothing where one secret does not open, and names every one that does not', async () => {
    const [file, state] = [damaged(OLD_TEXT), damaged(await stateText(oldKey))]
    const fs = world(state, file)
    for (const dryRun of [false, true]) {
      const error = await failureOf(changeSecretsProvider({ ...options(fs), secretsProvider: 'plain://new', dryRun }))
      expect(error).toMatchObject({ code: 'ERR_DECRYPT_FAILED', details: { count: 2, changed: false } })
      expect(error.details['secrets']).toBe(
        'config first\nstate outputs.a of urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev',
      )
      expect([textOf(fs, FILE), textOf(fs, STATE)]).toEqual([file, state])
      expect(leftovers(fs)).toEqual([])
    }
  })

  test('refuses a backend that is not reached, with the way through Pulumi', async () => {
    const fs = world()
    const error = await failureOf(
      rotateStack({ ...options(fs), env: { HOME: '/home', PULUMI_BACKEND_URL: 's3://bucket' } }),
    )
    expect(error.code).toBe('ERR_BACKEND_NOT_REACHED')
    expect(error.hint).toContain('--config-only')
    expect(error.hint).toContain('stackseal state rekey --to-stack-file Pulumi.dev.yaml')
    nothingChanged(fs)
  })
})

/** A file system in which something else happens once, right before the first call at which a test says so. */
function interposed(inner: FileSystem, when: (call: Call) => boolean, happen: () => void): FileSystem {
  let happened = false
  return watchedFileSystem(inner, (call, run) => {
    if (!happened && when(call)) {
      happened = true
      happen()
    }
    return run()
  })
}

describe('somebody else at the same time', () => {
  test('two changes at once: one is made, and the other says that it is locked or that the key is another', async () => {
    const fs = world()
    const machine = fakeMachine('here', 'first')
    const results = await Promise.allSettled([change(fs, machine.start(1)), change(fs, machine.start(2))])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const failed = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(['ERR_LOCKED', 'ERR_CHANGED_MEANWHILE']).toContain((failed.reason as StacksealError).code)
    expect(await keyUrlOf(fs)).toBe('plain://new')
    expect(leftovers(fs)).toEqual([])
  })

  test('a plain config set between reading and the lock is kept', async () => {
    const fs = world()
    const slow: ProviderV1 = {
      ...plain,
      createKey: async (url, context) => {
        await setPlain(fs)
        return plain.createKey(url, context)
      },
    }
    await changeSecretsProvider({ ...options(fs), registry: new Registry([slow]), secretsProvider: 'plain://new' })
    expect(await keyUrlOf(fs)).toBe('plain://new')
    expect(textOf(fs, FILE)).toContain('proj:later: "1"')
  })

  test('a stack file that is written while files are prepared stays, and nothing is changed', async () => {
    const fs = world()
    const theirs = `${OLD_TEXT}# by an editor\n`
    const editing = interposed(
      fs,
      (call) => call === 'fsyncFolder' && fs.contentOf(changePath(FILE)) !== undefined,
      () => write(fs, FILE, theirs),
    )
    const error = await failureOf(change(editing))
    expect(error).toMatchObject({ code: 'ERR_CHANGED_MEANWHILE', details: { changed: false } })
    expect([textOf(fs, FILE), textOf(fs, STATE)]).toEqual([theirs, OLD_STATE])
    expect(leftovers(fs)).toEqual([])
  })

  test('a stack file that is written when the state was just switched stays, and waits for a decision', async () => {
    const fs = world()
    const theirs = `${OLD_TEXT}# by an editor\n`
    const editing = interposed(
      fs,
      (call) => call === 'fsyncFolder' && textOf(fs, STATE) !== OLD_STATE,
      () => write(fs, FILE, theirs),
    )
    const error = await failureOf(change(editing))
    expect(error).toMatchObject({ code: 'ERR_CHANGED_MEANWHILE', details: { changed: true, pending: true } })
    expect(error.hint).toContain('--abandon')
    expect(textOf(fs, FILE)).toBe(theirs)
    expect(fs.contentOf(`${FILE}.stackseal-kept-1`)).toBeUndefined()
    expect(await opensEach(fs)).toBe(true)
  })

  test('a writer of the state finishes an interrupted change before it takes the locks', async () => {
    const { fs, machine } = await halfChanged()
    const backend = await openBackend('/backend', { fs, env: { HOME: '/home' } })
    using _lock = await lockStack(backend, DEV, { command: 'stack import', timeoutMs: 0, processes: machine.start(2) })
    expect(await keyUrlOf(fs)).toBe('plain://new')
  })
})

describe('an interrupted change', () => {
  test('is told to a reader, who changes nothing', async () => {
    const { fs, machine } = await halfChanged()
    const before = JSON.stringify(fs.dump())
    const stack = await openStack(options(fs, machine.start(2)))
    expect(stack.pendingChange).toMatchObject({ command: 'stackseal stack change-secrets-provider', isSwitching: true })
    expect(await stack.config.getSecret('first').then((secret) => secret?.reveal())).toBe('first')
    expect(JSON.stringify(fs.dump())).toBe(before)
  })

  test('is finished by the next config set, which says so', async () => {
    const { fs, machine } = await halfChanged()
    const told: string[] = []
    const stack = await openStack({ ...options(fs, machine.start(2)), tell: (text) => told.push(text) })
    await stack.config.setSecret('first', 'first')
    stack.config.set('plain', 'changed')
    await stack.config.save()
    expect(told.join()).toContain('finished the interrupted "stackseal stack change-secrets-provider" of stack dev')
    expect(await keyUrlOf(fs)).toBe('plain://new')
    expect(textOf(fs, FILE)).toContain('proj:plain: changed')
    expect(leftovers(fs)).toEqual([])
  })

  test('touches nothing where a file holds something else by now, until somebody decides', async () => {
    const { fs, machine } = await halfChanged()
    const theirs = `${OLD_TEXT}# by an editor\n`
    write(fs, FILE, theirs)
    const processes = machine.start(2)
    const before = [textOf(fs, FILE), textOf(fs, STATE), textOf(fs, changePath(FILE))]
    for (const work of [recover, setPlain]) {
      const error = await failureOf(work(fs, processes))
      expect(error).toMatchObject({ code: 'ERR_CHANGED_MEANWHILE', details: { pending: true } })
      expect(error.hint).toContain('--force')
      expect(error.hint).toContain('--abandon')
      expect([textOf(fs, FILE), textOf(fs, STATE), textOf(fs, changePath(FILE))]).toEqual(before)
    }
  })

  test('takes the prepared file with force, and keeps the other beside it', async () => {
    const { fs, machine } = await halfChanged()
    const theirs = `${OLD_TEXT}# by an editor\n`
    write(fs, FILE, theirs)
    const finished = await recoverStack({ ...options(fs, machine.start(2)), resolution: 'force' })
    const keptAs = `${FILE}.stackseal-kept-1`
    expect(finished).toMatchObject({ outcome: 'finished', kept: [{ path: FILE, keptAs }] })
    expect(textOf(fs, keptAs)).toBe(theirs)
    expect(await keyUrlOf(fs)).toBe('plain://new')
  })

  test('leaves every file as it is when it is abandoned, and each opens with the key that it names', async () => {
    const { fs, machine } = await halfChanged()
    const before = [textOf(fs, FILE), textOf(fs, STATE)]
    const processes = machine.start(2)
    const finished = await recoverStack({ ...options(fs, processes), resolution: 'abandon' })
    expect(finished?.outcome).toBe('abandoned')
    expect([textOf(fs, FILE), textOf(fs, STATE)]).toEqual(before)
    expect(await opensEach(fs)).toBe(true)
    expect(leftovers(fs)).toEqual([])
    // And the next change brings both under one key.
    await change(fs, processes)
    expect(await keyUrlOf(fs)).toBe('plain://new')
  })

  test('is taken by a whole change that follows: first the old one, then the new', async () => {
    const { fs, machine } = await halfChanged()
    await changeSecretsProvider({ ...options(fs, machine.start(2)), secretsProvider: 'plain://newer' })
    expect(await keyUrlOf(fs)).toBe('plain://newer')
  })
})
