import type { Command, Flag } from '../command.ts'

const OUTPUT_FLAG: Flag = {
  name: 'output',
  short: 'o',
  value: 'FILE',
  summary: 'Write into this file instead of standard output',
}
const NEW_KEY_FLAGS: readonly Flag[] = [
  { name: 'to-stack-file', value: 'FILE', summary: 'The key of this stack file' },
  { name: 'to', value: 'URL', summary: 'A new data key under this key URL, or under the word passphrase' },
]

/** States from a file or a pipe. */
export const STATE_COMMANDS: readonly Command[] = [
  {
    words: ['state'],
    summary: 'Work on a state, from a file or a pipe',
    description: [
      'On an export of pulumi stack export, a file of a file backend (packed or not), and what a program sealed with the libraries. Without a file, or with -, standard input is read; memory does not grow with the state.',
    ],
  },
  {
    words: ['state', 'inspect'],
    summary: 'Tell what can be told of a state without a key',
    arguments: [{ name: 'file' }],
    examples: [
      { text: 'An export', line: 'stackseal state inspect state.json' },
      { text: 'A state in any backend of Pulumi', line: 'pulumi stack export | stackseal state inspect --json' },
    ],
    load: () => import('../commands/state-inspect.ts'),
  },
  {
    words: ['state', 'verify'],
    summary: 'Check that every secret of a state opens',
    description: [
      'Opens the key that the state names and tries every secret, and names those that do not open by resource and path. The exit number is 3 where something was found.',
    ],
    arguments: [{ name: 'file' }],
    examples: [
      { text: 'An export', line: 'stackseal state verify state.json' },
      { text: 'A state in any backend of Pulumi', line: 'pulumi stack export | stackseal state verify' },
    ],
    load: () => import('../commands/state-verify.ts'),
  },
  {
    words: ['state', 'reveal'],
    summary: 'Show every secret of a state in clear',
    description: [
      'Every other byte stays. A wrong key is an error before the first byte of output. A file that is written gets the mode 0600.',
    ],
    arguments: [{ name: 'file' }],
    flags: [OUTPUT_FLAG],
    examples: [
      {
        text: 'The resources of a state in any backend',
        line: "pulumi stack export | stackseal state reveal | jq '.deployment.resources'",
      },
      { text: 'For its owner alone', line: 'stackseal state reveal state.json --output plain.json' },
    ],
    load: () => import('../commands/state-reveal.ts'),
  },
  {
    words: ['state', 'seal'],
    summary: 'Encrypt the secrets of a state that stand in clear',
    description: [
      'Under the key that the state names, or another one. Secrets that are encrypted already have to open with that key, and keep their bytes, as every other byte does.',
    ],
    arguments: [{ name: 'file' }],
    flags: [...NEW_KEY_FLAGS, OUTPUT_FLAG],
    examples: [
      { text: 'What was revealed', line: 'stackseal state seal plain.json | pulumi stack import' },
      {
        text: 'A state that names no key',
        line: 'stackseal state seal in.json --to-stack-file Pulumi.dev.yaml -o out.json',
      },
    ],
    load: () => import('../commands/state-seal.ts'),
  },
  {
    words: ['state', 'rekey'],
    summary: 'Move every secret of a state to another key',
    description: [
      'For a state in any backend: pulumi stack export | stackseal state rekey --to-stack-file Pulumi.dev.yaml | pulumi stack import',
      'Opens each secret with the key that the state names, encrypts it under the other, opens the result again and compares. A wrong key is an error before the first byte of output, and what was printed before any other error is no valid state.',
      'Where both keys are passphrases, STACKSEAL_NEW_PASSPHRASE or the file that STACKSEAL_NEW_PASSPHRASE_FILE names gives the new one, and PULUMI_CONFIG_PASSPHRASE the old.',
    ],
    arguments: [{ name: 'file' }],
    flags: [...NEW_KEY_FLAGS, OUTPUT_FLAG],
    examples: [
      {
        text: 'Between pulumi stack export and pulumi stack import, for any backend of Pulumi',
        line: 'stackseal state rekey --to-stack-file Pulumi.dev.yaml',
      },
      { text: 'To a new key', line: 'stackseal state rekey state.json --to hashivault://app --output new.json' },
    ],
    load: () => import('../commands/state-rekey.ts'),
  },
]
