import { expect, test } from 'vitest'
import { cliReference } from '../../tools/make-cli-reference.ts'
import { projectText } from './project-files.ts'

test('docs/cli.md is what npm run cli-reference makes', () => {
  expect(projectText('docs/cli.md')).toBe(cliReference())
})
