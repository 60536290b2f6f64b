import type { Command } from '../command.ts'
import { JOBS_FLAG } from './jobs-flag.ts'

const MANY_FILES =
  'A folder means the stack files of every project below it, and a pattern (*, **, ?, […], {…}; in quotes, so that no shell limits it) those that match; node_modules and .git are left out. Of more than one file each distinct sealed key is opened once, and a table says what was found in each.'

/** Single values, and whether a stack's secrets open. */
export const SECRET_COMMANDS: readonly Command[] = [
  {
    words: ['encrypt'],
    summary: 'Encrypt one value and print its ciphertext',
    description: [
      'Encrypts under the data key of the stack and writes nothing. Without a value it is read from standard input, or asked for on a terminal and not shown. One newline at the end of standard input is dropped.',
    ],
    arguments: [{ name: 'value' }],
    flags: [
      { name: 'raw', summary: 'Keep the newline at the end of standard input, and print none after the ciphertext' },
    ],
    examples: [
      { text: 'A value that is asked for', line: 'stackseal encrypt' },
      { text: 'The content of a file, byte for byte', line: 'stackseal encrypt --raw <key.pem' },
    ],
    load: () => import('../commands/encrypt.ts'),
  },
  {
    words: ['decrypt'],
    summary: 'Decrypt one ciphertext and print its value',
    description: [
      'Opens a ciphertext (v1:…) of the stack. Without an argument it is read from standard input, or asked for on a terminal.',
    ],
    arguments: [{ name: 'ciphertext' }],
    flags: [{ name: 'raw', summary: 'Print no newline after the value' }],
    examples: [
      { text: 'A ciphertext from a stack file', line: 'stackseal decrypt v1:x4+bn0UCqeZCWTbR:hh0z…' },
      { text: 'There and back again', line: 'stackseal encrypt <note.txt | stackseal decrypt' },
    ],
    load: () => import('../commands/decrypt.ts'),
  },
  {
    words: ['verify'],
    summary: 'Check that every secret opens',
    description: [
      'Opens the data key and every secret of the stack, and of its state where the backend is a folder; or of the files that are named; and says what does not open. Nothing is printed of their content, nothing is written. The exit number is 3 where something was found.',
      MANY_FILES,
    ],
    arguments: [{ name: 'file', rest: true }],
    flags: [
      { name: 'expect-denied', summary: 'Succeed only if the key service refuses: a check that rights are gone' },
      JOBS_FLAG,
    ],
    examples: [
      { text: 'The selected stack', line: 'stackseal verify' },
      { text: 'Every stack file here', line: 'stackseal verify Pulumi.*.yaml' },
      { text: 'Every stack of every project below this folder', line: 'stackseal verify .' },
      { text: 'That these credentials do not open it', line: 'stackseal verify --stack prod --expect-denied' },
    ],
    load: () => import('../commands/verify.ts'),
  },
  {
    words: ['inspect'],
    summary: 'Tell what can be told without a key',
    description: [
      'The key URL, the provider and the number of secrets of the stack, and of its state where the backend is a folder; or of the files that are named. Opens nothing and asks for nothing.',
      'Files, folders and patterns are named as for verify; of more than one file there is a table.',
    ],
    arguments: [{ name: 'file', rest: true }],
    flags: [JOBS_FLAG],
    examples: [
      { text: 'The selected stack', line: 'stackseal inspect' },
      { text: 'A file, for a program', line: 'stackseal inspect --json Pulumi.prod.yaml' },
      { text: 'Which key every stack prod has', line: "stackseal inspect '**/Pulumi.prod.yaml'" },
    ],
    load: () => import('../commands/inspect.ts'),
  },
  {
    words: ['doctor'],
    summary: 'Look at everything that commands need',
    description: [
      'Versions, project, stack, key, where the passphrase would come from, and what an interrupted change left behind: each line is ok, a warning or a failure, with the one command to run next. Opens no key, calls no service and loads no provider. The exit number is 3 where there is a failure.',
    ],
    examples: [
      { text: 'The selected stack', line: 'stackseal doctor' },
      { text: 'Another one, for a program', line: 'stackseal doctor --stack prod --json' },
    ],
    load: () => import('../commands/doctor.ts'),
  },
]
