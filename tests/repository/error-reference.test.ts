import { type ErrorCode, ERRORS, StacksealError } from '@stackseal/core'
import { expect, test } from 'vitest'
import { exitNumber } from '../../apps/cli/src/exit-number.ts'
import { errorReference } from '../../tools/make-error-reference.ts'
import { projectText } from './project-files.ts'

const page = projectText('docs/errors.md')

test('docs/errors.md is what npm run errors makes', () => {
  expect(page).toBe(errorReference())
})

test.each(Object.keys(ERRORS) as ErrorCode[])(
  '%s is documented once, under the exit number that the command line gives it',
  (code) => {
    const sections = page.split(/^## /m).filter((section) => section.includes(`\n| \`${code}\` |`))
    expect(sections).toHaveLength(1)
    expect(sections[0]).toContain(`exits with ${exitNumber(new StacksealError(code, ''))}.`)
    expect(page.split(`\`${code}\``)).toHaveLength(2)
  },
)
