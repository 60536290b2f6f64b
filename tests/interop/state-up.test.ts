import { FileBackend, findBackend, lockStack, nodeFileSystem } from '@stackseal/stack'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Playground, PROJECT } from './playground.ts'
import { out } from './run-command.ts'
import { skipWithoutUp, UP_PROJECT, upStack } from './up-stack.ts'

const DEV = { project: PROJECT, stack: 'dev' }

async function openBackend(playground: Playground, cwd: string): Promise<FileBackend> {
  const found = findBackend(nodeFileSystem, undefined, { cwd, env: playground.env })
  if (found.kind !== 'file') throw new Error(`the backend is ${found.kind}`)
  return FileBackend.open(nodeFileSystem, found.folder, { env: playground.env })
}

describe.concurrent('a stack that Stackseal made is deployed', () => {
  test.for([
    ['none', {}],
    ['gzip', { PULUMI_DIY_BACKEND_GZIP: '1' }],
    ['zstd', { PULUMI_DIY_BACKEND_ZSTD: '1' }],
  ] as const)(
    'packed with %s, rewritten by Stackseal, and deployed again without a change',
    async ([packing, env], context) => {
      skipWithoutUp(context)
      using playground = new Playground(env)
      const folder = playground.project('shop', undefined, UP_PROJECT)
      await out(playground.stackseal(folder, ['stack', 'init', 'dev']))
      await out(playground.stackseal(folder, ['config', 'set', '--secret', 'token', 'opensesame <&>']))
      expect(await upStack(playground, folder, { secrets: ['token'] })).toEqual({ create: 2 })
      const shown = await out(playground.pulumi(folder, ['stack', 'output', '--show-secrets', '--json']))
      expect(JSON.parse(shown)).toMatchObject({ token: 'opensesame <&>', content: { inner: 'deep' } })

      const backend = await openBackend(playground, folder)
      {
        using lock = await lockStack(backend, DEV, { command: 'test' })
        const read = backend.read(DEV)
        if (read === undefined) throw new Error('no state')
        expect(read.compression).toBe(packing)
        const text = new TextDecoder().decode(read.bytes)
        expect(text).not.toContain('opensesame')
        lock.replace(read, new TextEncoder().encode(`${text}\n`))
        // The update begins, and finds the lock.
        await expect(upStack(playground, folder, { secrets: ['token'] })).rejects.toThrow(
          'the stack is currently locked',
        )
      }
      expect(await upStack(playground, folder, { secrets: ['token'] })).toEqual({ same: 2 })
      // What every update leaves, with the ciphertexts of its time.
      const kinds = backend.archives(DEV).map(({ kind }) => kind)
      expect(new Set(kinds)).toEqual(new Set(['previous', 'backup', 'history', 'checkpoint']))
      expect(backend.stacks(PROJECT)).toEqual(['dev'])
    },
  )
})

test('a lock that an update holds stops Stackseal', async (context) => {
  skipWithoutUp(context)
  using playground = new Playground()
  const folder = playground.project('shop', undefined, UP_PROJECT)
  await out(playground.stackseal(folder, ['stack', 'init', 'dev']))
  const backend = await openBackend(playground, folder)
  const locks = backend.paths(DEV).locks
  const update = upStack(playground, folder)
  const ended = update.then(
    () => true,
    () => true,
  )
  // Taking the lock to try it could stop the update instead, so it is looked for first.
  while (readdirSync(locks).length === 0 && (await Promise.race([ended, sleep(5)])) !== true);
  const refused = await rejection(lockStack(backend, DEV, { command: 'test', timeoutMs: 0 }))
  expect(refused).toMatchObject({ code: 'ERR_LOCKED', details: { stack: 'dev', changed: false } })
  expect(await update).toEqual({ create: 2 })
})

/** What a promise ends with, which must not be a value. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
