import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folder, PROGRAM, stackseal } from './support/stackseal.ts'

// Beside what was built, since nothing is cached below the folders that everybody can write.
let place = ''
beforeAll(() => {
  place = mkdtempSync(join(dirname(PROGRAM), '.cache-test-'))
})
afterAll(() => {
  rmSync(place, { recursive: true })
})

let next = 0
const cacheHome = (): string => {
  next += 1
  const made = join(place, String(next))
  mkdirSync(made)
  return made
}
const run = (home: string): Promise<unknown> => stackseal(['--help'], { env: { XDG_CACHE_HOME: home } })

describe('compiled code is kept', () => {
  beforeEach((context) => context.skip(process.platform === 'win32', 'Windows has no modes and owners of this kind'))

  test('in a folder that nobody else can write', async () => {
    const home = cacheHome()
    await run(home)
    expect(lstatSync(join(home, 'stackseal')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(home, 'stackseal'))).toHaveLength(1)
  })

  test('but not where others can write', async () => {
    const home = cacheHome()
    mkdirSync(join(home, 'stackseal'))
    chmodSync(join(home, 'stackseal'), 0o770)
    await run(home)
    expect(readdirSync(join(home, 'stackseal'))).toEqual([])
  })

  test('but not through a link', async () => {
    const home = cacheHome()
    const elsewhere = cacheHome()
    chmodSync(elsewhere, 0o700)
    symlinkSync(elsewhere, join(home, 'stackseal'))
    await run(home)
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test('but not below a folder for temporary files', async () => {
    const home = folder('cache')
    await run(home)
    expect(readdirSync(home)).toEqual([])
  })

  test('and what can not be cached does not matter', async () => {
    const { exit, stderr } = await stackseal(['--version'], {
      env: { XDG_CACHE_HOME: '/proc/nowhere', HOME: '/proc/nowhere' },
    })
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(existsSync('/proc/nowhere')).toBe(false)
  })
})
