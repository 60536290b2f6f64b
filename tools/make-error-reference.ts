// Makes docs/errors.md from the table of errors in packages/core/src/errors.ts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ErrorKind, ERRORS } from '../packages/core/src/errors.ts'

const FILE = join(import.meta.dirname, '../docs/errors.md')

const KINDS: Readonly<Record<ErrorKind, { readonly exit: number; readonly title: string; readonly text: string }>> = {
  failed: {
    exit: 1,
    title: 'Failed',
    text: 'Something broke: a fault of Stackseal, of a provider, or of the machine.',
  },
  usage: {
    exit: 2,
    title: 'Wrong usage',
    text: 'The command line or the call asks for something that can not be done.',
  },
  data: {
    exit: 3,
    title: 'Data refused',
    text: 'A file or a secret is not what it should be: malformed, changed, of another key, or not there.',
  },
  access: { exit: 4, title: 'Access', text: 'Credentials, a permission or trust is missing or was refused.' },
  retry: { exit: 5, title: 'Try again later', text: 'The same call may work in a while.' },
  interrupted: { exit: 130, title: 'Interrupted', text: 'Somebody stopped it.' },
}

/** The text of docs/errors.md: one section a kind, one row a code. */
export function errorReference(): string {
  const kinds = Object.entries(KINDS) as [ErrorKind, (typeof KINDS)[ErrorKind]][]
  const sections = kinds.flatMap(([kind, { exit, title, text }]) => [
    `## ${title}`,
    `${text} The command line exits with ${exit}.`,
    [
      '| code | what happened |',
      '| --- | --- |',
      ...Object.entries(ERRORS)
        .filter(([, row]) => row.kind === kind)
        .map(([code, row]) => `| \`${code}\` | ${row.summary.replaceAll(/[|<]/g, String.raw`\$&`)} |`),
    ].join('\n'),
  ])
  return `${['# Errors', INTRODUCTION, ...sections].join('\n\n')}\n`
}

const INTRODUCTION = `Every error of Stackseal is a \`StacksealError\` with one of these codes. The message says what happened and to which
file, the hint gives one next step; neither ever holds a secret. \`isStacksealError(error)\` recognises one, also
across two copies of the package. A code keeps its meaning for as long as it exists.

This page is made by \`npm run errors\` from the table in \`packages/core/src/errors.ts\`.`

if (import.meta.main) writeFileSync(FILE, errorReference())
