import { isStacksealError, type StacksealError } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { changeSecretsProvider } from '../../src/change/change-key.ts'
import { compress, compressionOf } from '../../src/files/compression.ts'
import type { ForgettingFileSystem } from '../forgetting-file-system.ts'
import {
  ARCHIVES,
  archiveText,
  change,
  changeWithHistory,
  FILE,
  keyUrlOf,
  keyUrlsOfHistory,
  leftovers,
  OLD_RECORD,
  OLD_STATE,
  OLD_TEXT,
  options,
  OTHER_STATE,
  plain,
  STATE,
  textOf,
  worldWithHistory,
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

const masked = (text: string): string =>
  text
    .replaceAll(/v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]+/g, 'CIPHERTEXT')
    .replaceAll(/plain:\/\/(?:old|new|state)/g, 'URL')
    .replaceAll(/(?<=encryptedkey":")[A-Za-z0-9+/=]{44}/g, 'KEY')

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const damaged = (text: string): string =>
  text.replace(/(v1:.{16}:)(..)/, (_, start: string, two: string) => start + (two === 'AA' ? 'BB' : 'AA'))

const nothingChanged = (fs: ForgettingFileSystem, before: string): void => {
  expect(leftovers(fs)).toEqual([])
  expect(historyOf(fs)).toBe(before)
  expect([textOf(fs, FILE), textOf(fs, STATE)]).toEqual([OLD_TEXT, OLD_STATE])
}

const historyOf = (fs: ForgettingFileSystem): string =>
  JSON.stringify(Object.values(ARCHIVES).map((path) => Buffer.from(fs.contentOf(path) ?? []).toString('base64')))

describe('a change of the key with the history', () => {
  test('brings every archive under the new key, and changes no other byte of it', async () => {
    const fs = worldWithHistory()
    await changeWithHistory(fs)
    expect(await keyUrlOf(fs)).toBe('plain://new')
    expect(await keyUrlsOfHistory(fs)).toEqual(new Set(['plain://new']))
    for (const path of Object.values(ARCHIVES)) {
      const old = path.includes('.history.') ? OLD_RECORD : OLD_STATE
      expect([path, masked(archiveText(fs, path))]).toEqual([path, masked(old)])
    }
    expect(leftovers(fs)).toEqual([])
  })

  test('leaves no old ciphertext anywhere', async () => {
    const fs = worldWithHistory()
    await changeWithHistory(fs)
    const old = [OLD_TEXT, OLD_STATE].flatMap((text) => text.match(/v1:[^"\s]{20,}/g) ?? [])
    expect(old.length).toBe(4)
    const texts = [FILE, STATE, ...Object.values(ARCHIVES)].map((path) => archiveText(fs, path))
    for (const ciphertext of old) expect(texts.filter((text) => text.includes(ciphertext))).toEqual([])
  })

  test('keeps every archive packed as it was, and renews the note beside it', async () => {
    const fs = worldWithHistory()
    await changeWithHistory(fs)
    const packing = Object.values(ARCHIVES).map((path) => compressionOf(fs.contentOf(path) ?? new Uint8Array()))
    expect(packing).toEqual(['none', 'none', 'gzip', 'none', 'gzip', 'zstd'])
    for (const path of [ARCHIVES.bak, ARCHIVES.record]) expect(textOf(fs, `${path}.attrs`)).not.toContain('AAAA')
  })

  test('tells what it brought along, and nothing that is left', async () => {
    const result = await changeSecretsProvider({
      ...options(worldWithHistory()),
      secretsProvider: 'plain://new',
      includeHistory: true,
    })
    expect(result.archives).toEqual([])
    expect(result.rekeyedArchives.map(({ file }) => file).toSorted()).toEqual(Object.values(ARCHIVES).toSorted())
  })

  test('without it every archive opens with the old key, and is told', async () => {
    const fs = worldWithHistory()
    const before = historyOf(fs)
    const result = await changeSecretsProvider({ ...options(fs), secretsProvider: 'plain://new' })
    expect(result.archives.length).toBe(Object.values(ARCHIVES).length)
    expect(result.rekeyedArchives).toEqual([])
    expect(historyOf(fs)).toBe(before)
    expect(await keyUrlsOfHistory(fs)).toEqual(new Set(['plain://old']))
  })

  test('opens an archive with the key that it names, and a record with whichever key opens it', async () => {
    const fs = worldWithHistory({ [ARCHIVES.checkpoint]: OTHER_STATE })
    await changeWithHistory(fs)
    expect(await keyUrlsOfHistory(fs)).toEqual(new Set(['plain://new']))
  })

  test('takes the configuration along that a checkpoint of long ago keeps', async () => {
    const [secret] = OLD_RECORD.match(/\{"secure":"v1:[^"]{20,}"\}/) ?? []
    const before = OLD_STATE.replace('"latest":', `"config":{"proj:first":${secret}},"latest":`)
    const fs = worldWithHistory({ [ARCHIVES.backup]: compress(bytesOf(before), 'zstd') })
    await changeWithHistory(fs)
    expect(archiveText(fs, ARCHIVES.backup)).not.toContain(secret)
    expect(masked(archiveText(fs, ARCHIVES.backup))).toBe(masked(before))
  })

  test('leaves an archive byte for byte that has neither a secret nor a key', async () => {
    const empty = '{"version":0,"checkpoint":{"stack":"organization/proj/dev"}}'
    const plainRecord = OLD_RECORD.replace(/"config":\{"proj:first.*?(?=\},"version")/, '"config":{"proj:plain":"010"')
    const fs = worldWithHistory({ [ARCHIVES.bak]: empty, [ARCHIVES.record]: plainRecord })
    await changeWithHistory(fs)
    expect([textOf(fs, ARCHIVES.bak), textOf(fs, ARCHIVES.record)]).toEqual([empty, plainRecord])
  })

  test('does nothing in a dry run, and tells what it would bring along', async () => {
    const fs = worldWithHistory()
    const before = historyOf(fs)
    const result = await changeSecretsProvider({
      ...options(fs),
      secretsProvider: 'plain://new',
      includeHistory: true,
      dryRun: true,
    })
    expect(result.rekeyedArchives.length).toBe(Object.values(ARCHIVES).length)
    nothingChanged(fs, before)
  })

  test('can not be asked for where the state is left alone', async () => {
    const fs = worldWithHistory()
    const before = historyOf(fs)
    const error = await failureOf(
      changeSecretsProvider({ ...options(fs), secretsProvider: 'plain://new', includeHistory: true, configOnly: true }),
    )
    expect(error).toMatchObject({ code: 'ERR_USAGE', details: { changed: false } })
    nothingChanged(fs, before)
  })
})

describe('an archive that does not open is named, and nothing is changed', () => {
  const older = OLD_STATE.replaceAll('plain://old', 'gone://older')
  test.each([
    ['a damaged secret', { [ARCHIVES.checkpoint]: damaged(OLD_STATE) }, ['dev-1.checkpoint.json']],
    ['a damaged record', { [ARCHIVES.record]: damaged(OLD_RECORD) }, ['dev-1.history.json']],
    ['a file that is cut off', { [ARCHIVES.bak]: OLD_STATE.slice(0, -20) }, ['dev.json.bak']],
    [
      'a packed file that is cut off',
      { [ARCHIVES.packedRecord]: compress(bytesOf(OLD_RECORD), 'gzip').slice(0, -9) },
      ['dev-2.history.json.gz'],
    ],
    ['an older key', { [ARCHIVES.backup]: compress(bytesOf(older), 'zstd') }, ['dev.1.json.zst']],
    [
      'several of them',
      { [ARCHIVES.bak]: '[]', [ARCHIVES.record]: damaged(OLD_RECORD), [ARCHIVES.checkpoint]: older },
      ['dev.json.bak', 'dev-1.checkpoint.json', 'dev-1.history.json'],
    ],
  ])('%s', async (_, files: Readonly<Record<string, string | Uint8Array>>, names) => {
    for (const dryRun of [true, false]) {
      const fs = worldWithHistory(files)
      const before = historyOf(fs)
      const error = await failureOf(
        changeSecretsProvider({ ...options(fs), secretsProvider: 'plain://new', includeHistory: true, dryRun }),
      )
      expect(error.details).toMatchObject({ count: names.length, changed: false })
      for (const name of names) {
        expect(error.message).toContain(name)
        expect(error.details['secrets']).toContain(name)
      }
      expect(error.hint).toContain('--include-history')
      nothingChanged(fs, before)
      // Without the history the stack itself changes its key all the same.
      await change(fs)
      expect(await keyUrlOf(fs)).toBe('plain://new')
    }
  })
})

test('an archive of an older key of the same provider comes along', async () => {
  expect(plain.schemes).toContain('plain')
  const fs = worldWithHistory({ [ARCHIVES.bak]: OTHER_STATE, [ARCHIVES.packedCheckpoint]: OTHER_STATE })
  await changeWithHistory(fs)
  expect(await keyUrlsOfHistory(fs)).toEqual(new Set(['plain://new']))
})
