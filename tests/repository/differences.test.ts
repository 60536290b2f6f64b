import { expect, test } from 'vitest'
import { differencesPage } from '../../tools/make-differences.ts'
import { projectText } from './project-files.ts'

const { differences, rows } = JSON.parse(projectText('vectors/differences.json')) as {
  differences: readonly { readonly id: string }[]
  rows: readonly { readonly row: string; readonly difference: string }[]
}

test('docs/differences.md is what npm run differences makes', () => {
  expect(projectText('docs/differences.md')).toBe(differencesPage())
})

test('every row that differs belongs to a difference of the table', () => {
  const ids = differences.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(rows.filter(({ difference }) => !ids.includes(difference))).toEqual([])
})
