import type { Command, Flag } from '../command.ts'

const PATH_FLAG: Flag = { name: 'path', summary: 'The key is a path into a value: servers[0].port' }

/** A stack's configuration. */
export const CONFIG_COMMANDS: readonly Command[] = [
  {
    words: ['config'],
    summary: "List a stack's configuration",
    description: [
      'Secrets are shown as [secret]. A secret that does not open does not hide the others: the rest is shown, it is named, and the exit number is 3.',
    ],
    flags: [{ name: 'show-secrets', summary: 'Decrypt secrets and show them' }],
    examples: [
      { text: 'The configuration of the selected stack', line: 'stackseal config' },
      { text: 'Of another stack, for a program', line: 'stackseal config --stack prod --json' },
      { text: 'With every secret in clear', line: 'stackseal config --show-secrets' },
    ],
    load: () => import('../commands/config.ts'),
  },
  {
    words: ['config', 'get'],
    summary: 'Print one value, a secret too',
    arguments: [{ name: 'key', required: true }],
    flags: [PATH_FLAG, { name: 'raw', summary: 'Print no newline after the value' }],
    examples: [
      { text: 'A value, decrypted if it is a secret', line: 'stackseal config get dbPassword' },
      { text: 'A value inside another', line: "stackseal config get --path 'servers[0].port'" },
      { text: 'Of a namespace, as JSON', line: 'stackseal config get aws:region --json' },
    ],
    load: () => import('../commands/config-get.ts'),
  },
  {
    words: ['config', 'set'],
    summary: 'Set one value',
    description: [
      'Without a value it is read from standard input, or asked for on a terminal (a secret is not shown). One newline at the end of standard input is dropped. Everything else in the file stays as it is.',
    ],
    arguments: [{ name: 'key', required: true }, { name: 'value' }],
    flags: [
      { name: 'secret', summary: 'Encrypt the value' },
      { name: 'plaintext', summary: 'Store the value in plain text, also where it looks like a secret' },
      {
        name: 'type',
        value: 'TYPE',
        choices: ['string', 'int', 'bool', 'float'],
        summary: 'Store a value of this type: string, int, bool or float',
      },
      {
        ...PATH_FLAG,
        summary: 'The key is a path into a value: servers[0].port; true, false and integers get their type',
      },
      { name: 'raw', summary: 'Keep the newline at the end of standard input' },
    ],
    examples: [
      { text: 'A plain value', line: 'stackseal config set region eu-west-1' },
      { text: 'A secret, asked for', line: 'stackseal config set --secret dbPassword' },
      { text: 'A secret from a file', line: 'stackseal config set --secret tlsKey <key.pem' },
      { text: 'A value inside a list inside a map', line: "stackseal config set --path 'servers[0].port' 8080" },
      { text: 'A value that begins with a dash', line: 'stackseal config set flags -- --verbose' },
    ],
    changes: 'the stack',
    load: () => import('../commands/config-set.ts'),
  },
  {
    words: ['config', 'set-all'],
    summary: 'Set several values in one write',
    description: [
      'Sets all of them or, where one can not be set, none. A key that holds an equals sign stands in quotes: --plaintext \'"a=b"=value\'.',
      '--json takes what config --json prints, and - reads it from standard input; a secret list or mapping becomes one secret, which holds its JSON text. Values are not checked for looking like a secret.',
    ],
    flags: [
      { name: 'plaintext', value: 'KEY=VALUE', summary: 'A plain value; may be repeated', repeats: true },
      { name: 'secret', value: 'KEY=VALUE', summary: 'A value to encrypt; may be repeated', repeats: true },
      { ...PATH_FLAG, summary: 'The keys are paths into values: servers[0].port' },
      { name: 'json', value: 'TEXT', summary: 'Values in the form that config --json prints them' },
    ],
    examples: [
      {
        text: 'Two plain values',
        line: 'stackseal config set-all --plaintext region=eu-west-1 --plaintext size=3',
      },
      {
        text: 'Everything from another stack, secrets too',
        line: 'stackseal config --show-secrets -j | stackseal config set-all -s prod --json -',
      },
    ],
    changes: 'the stack',
    load: () => import('../commands/config-set-all.ts'),
  },
  {
    words: ['config', 'rm'],
    aliases: ['remove', 'delete'],
    summary: 'Remove one value',
    arguments: [{ name: 'key', required: true }],
    flags: [PATH_FLAG],
    examples: [
      { text: 'A value', line: 'stackseal config rm region' },
      { text: 'The first item of a list', line: "stackseal config rm --path 'servers[0]'" },
    ],
    changes: 'the stack',
    load: () => import('../commands/config-rm.ts'),
  },
  {
    words: ['config', 'rm-all'],
    aliases: ['remove-all', 'delete-all'],
    summary: 'Remove several values in one write',
    arguments: [{ name: 'key', required: true, rest: true }],
    flags: [{ ...PATH_FLAG, summary: 'The keys are paths into values: servers[0].port' }],
    examples: [
      { text: 'Two values', line: 'stackseal config rm-all region size' },
      { text: 'Values inside another', line: 'stackseal config rm-all --path db.host db.port' },
    ],
    changes: 'the stack',
    load: () => import('../commands/config-rm-all.ts'),
  },
  {
    words: ['config', 'cp'],
    aliases: ['copy'],
    summary: 'Copy values to another stack',
    description: [
      'Copies one value, or without a key every value of the stack file. Secrets are encrypted again under the key of the other stack. Its other values stay, and so does the stack that is copied from.',
    ],
    arguments: [{ name: 'key' }],
    flags: [{ name: 'dest', short: 'd', value: 'STACK', summary: 'The stack to copy to' }, PATH_FLAG],
    examples: [
      { text: 'One secret', line: 'stackseal config cp dbPassword --dest prod' },
      { text: 'Everything of another stack', line: 'stackseal config cp -s dev --dest prod' },
    ],
    changes: 'the other stack',
    load: () => import('../commands/config-cp.ts'),
  },
  {
    words: ['config', 'encrypt'],
    summary: 'Encrypt values that are marked !secret',
    description: [
      'Turns every value that carries the YAML tag !secret in the stack file into a ciphertext, in its place; nothing else moves. Write a new secret as password: !secret hunter2, and encrypt it before the file goes anywhere.',
    ],
    examples: [{ text: 'The selected stack', line: 'stackseal config encrypt' }],
    changes: 'the stack',
    load: () => import('../commands/config-encrypt.ts'),
  },
]
