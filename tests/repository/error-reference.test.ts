import { ERRORS } from '@stackseal/core'
import { expect, test } from 'vitest'
import { errorReference } from '../../tools/make-error-reference.ts'
import { projectText } from './project-files.ts'

const page = projectText('docs/errors.md')

test('docs/errors.md is what npm run errors makes', () => {
  expect(page).toBe(errorReference())
})

test.each(Object.keys(ERRORS))('%s is documented once', (code) => {
  expect(page.split('\n').filter((line) => line.startsWith(`| \`${code}\` |`))).toHaveLength(1)
})
