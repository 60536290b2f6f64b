import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

import { parseConfigPlace } from '../src/config/config-place.ts'
import { StackFile } from '../src/stack-file.ts'
import { configAsJson } from './config-vectors.ts'
import { outsideOfEdit } from './outside-of-edit.ts'

const VECTORS = new URL('../../../vectors/pulumi/', import.meta.url)
const STACKS = new URL('stacks/', VECTORS)

/** Every file that Pulumi edited once, as it was before and as Pulumi left it. */
function editedOnce(folder: string): { name: string; before: string; after: string }[] {
  const files = readdirSync(new URL(folder, STACKS))
  const read = (name: string | undefined): string => readFileSync(new URL(`${folder}/${name}`, STACKS), 'utf8')
  return files.flatMap((name) => {
    const [, start, number, what = ''] = /^(Pulumi\.dev\.yaml\..*?)(\d+)(-\w+)?$/.exec(name) ?? []
    const after = files.find((it) => it === `${start}${Number(number) + 1}${what}-after-set`)
    return after === undefined ? [] : [{ name, before: read(name), after: read(after) }]
  })
}

const EDITED = ['12-environment', '13-legacy-files'].flatMap(editedOnce)

const parse = (text: string): Promise<StackFile> => StackFile.parse(text, 'vec', 'Pulumi.dev.yaml')

describe('a file in an old or odd form', () => {
  test('stands in the vectors', () => {
    expect(EDITED.length).toBeGreaterThan(9)
  })

  test.each(EDITED)(
    'has after an edit what Pulumi gives it, and every other byte: $name',
    async ({ before, after }) => {
      const [file, theirs] = [await parse(before), await parse(after)]
      let ours = file
      for (const [printed, { key, value }] of theirs.config) {
        if (file.config.has(printed)) continue
        ours = await ours.set({ key, path: [] }, value)
        expect(outsideOfEdit(file.text, { key, path: [] }, ours.text)).toEqual({ kept: true })
      }
      expect(ours.text).not.toBe(file.text)
      expect(configAsJson(ours.config)).toBe(configAsJson(theirs.config))
      expect(ours.sealedKey).toMatchObject({ url: { text: 'passphrase:' }, sealed: theirs.sealedKey?.sealed })
      expect(ours.header).toEqual(file.header)
    },
  )
})

interface Roundtrip {
  readonly project: string
  readonly before: string
  readonly commands: readonly string[]
  readonly after: string
}

test('comments stay where they are through the edits of the reference', async () => {
  const tables = JSON.parse(readFileSync(new URL('tables.json', VECTORS), 'utf8')) as {
    cliRoundtripComments: Roundtrip
  }
  const { project, before, commands, after } = tables.cliRoundtripComments
  let file = await StackFile.parse(before, project, 'Pulumi.dev.yaml')
  for (const command of commands) {
    const [, , ...words] = command.split(' ')
    const [key = '', value = ''] = words.filter((word) => word !== '--path')
    file = await file.set(parseConfigPlace(key, project, words.includes('--path')), { text: value })
  }
  // The reference drops the blank line at the top and ends the last one.
  expect(`${file.text.trimStart()}\n`).toBe(after)
})
