import type { Command, Flag } from '../command.ts'
import { JOBS_FLAG } from './jobs-flag.ts'

const SECRETS_PROVIDER_FLAG: Flag = {
  name: 'secrets-provider',
  value: 'URL',
  summary:
    'The key URL of the key that seals the data key (awskms:, azurekeyvault:, gcpkms:, hashivault:), or the word passphrase (passphrase)',
}

const MANY_STACKS =
  'Takes any number of stacks: names of this project, stack files, folders (every stack of every project below), and patterns (*, **, ?, […], {…}; in quotes, so that no shell limits them). Each distinct sealed key is opened once and each passphrase asked for once; one stack that fails does not hold up the others. At the end a table says what became of each; the exit number is that of the first that failed.'

const CHANGE_KEY_FLAGS: readonly Flag[] = [
  { name: 'dry-run', summary: 'Look whether every secret opens, and say what would change; make no key' },
  { name: 'config-only', summary: 'Change the stack file alone, and leave the state to you' },
  {
    name: 'include-history',
    summary: 'Bring the history, backups and .bak files of a file:// backend under the new key too',
  },
  {
    name: 'new-passphrase-file',
    value: 'FILE',
    summary: 'A file that holds the new passphrase; white space at its ends does not count',
  },
  { name: 'new-passphrase-stdin', summary: 'Read the new passphrase from the first line of standard input' },
  { name: 'allow-empty-passphrase', summary: 'Take an empty new passphrase; otherwise it is an error' },
]

/** Making a project and stacks, carrying their states, changing their keys. */
export const STACK_COMMANDS: readonly Command[] = [
  {
    words: ['new'],
    aliases: ['create', 'setup'],
    summary: 'Make a project and its first stack',
    description: [
      'Writes Pulumi.yaml (runtime yaml) and Pulumi.<stack>.yaml. An existing project is left alone. Templates are not offered: use pulumi new for them.',
    ],
    arguments: [{ name: 'template' }],
    flags: [
      { name: 'name', short: 'n', value: 'NAME', summary: "The project's name (the name of the folder)" },
      { name: 'description', short: 'd', value: 'TEXT', summary: "The project's description" },
      { name: 'dir', value: 'DIR', summary: 'The folder of the project, made where it is not there (the current one)' },
      {
        name: 'config',
        short: 'c',
        value: 'KEY=VALUE',
        summary: 'A plain configuration value; may be repeated',
        repeats: true,
      },
      SECRETS_PROVIDER_FLAG,
    ],
    examples: [
      { text: 'A project named after this folder, with a stack dev on a passphrase', line: 'stackseal new' },
      { text: 'Another name, another stack', line: 'stackseal new --name shop --stack prod' },
      {
        text: 'In a folder of its own, with configuration',
        line: 'stackseal new --dir shop --config region=eu-west-1',
      },
    ],
    changes: 'the project',
    load: () => import('../commands/new.ts'),
  },
  {
    words: ['stack'],
    summary: 'Make and list stacks, and carry their states',
  },
  {
    words: ['stack', 'init'],
    aliases: ['new', 'create', 'setup'],
    summary: 'Make a stack',
    description: [
      'Writes Pulumi.<stack>.yaml with a new sealed key, and selects the stack. The passphrase comes from PULUMI_CONFIG_PASSPHRASE, from the file that PULUMI_CONFIG_PASSPHRASE_FILE names, or is asked for.',
    ],
    arguments: [{ name: 'name' }],
    flags: [
      SECRETS_PROVIDER_FLAG,
      { name: 'copy-config-from', value: 'STACK', summary: 'Copy the configuration of this stack, its secrets too' },
      { name: 'no-select', summary: 'Leave the selected stack as it is' },
    ],
    examples: [
      { text: 'A stack on a passphrase', line: 'stackseal stack init dev' },
      { text: 'The same, without selecting it', line: 'stackseal stack init prod --no-select' },
      { text: 'A stack on a key of Vault', line: 'stackseal stack init prod --secrets-provider hashivault://app' },
    ],
    changes: 'the stack',
    load: () => import('../commands/stack-init.ts'),
  },
  {
    words: ['stack', 'ls'],
    aliases: ['list'],
    summary: "List the project's stacks",
    description: [
      'The selected stack has a star. In a file:// backend a stack can have a state and no stack file, or the other way round: it says which is missing.',
      'With --json, a list of objects with name and current, and with missing ("file" or "state") where a half is.',
    ],
    examples: [
      { text: 'All stacks of this project', line: 'stackseal stack ls' },
      {
        text: 'Only the name of the selected one',
        line: "stackseal stack ls --json | jq -r '.[] | select(.current).name'",
      },
    ],
    load: () => import('../commands/stack-ls.ts'),
  },
  {
    words: ['stack', 'select'],
    summary: 'Choose the stack that commands work on',
    description: ['The choice is shared with Pulumi: it is kept in the same workspace file.'],
    arguments: [{ name: 'name' }],
    examples: [{ text: 'Work on dev from now on', line: 'stackseal stack select dev' }],
    changes: 'the selected stack',
    load: () => import('../commands/stack-select.ts'),
  },
  {
    words: ['stack', 'rewrap'],
    summary: "Seal a stack's data key anew",
    description: [
      'Under the newest version of its key, after that was rotated; or under another key with --to. The data key and every ciphertext stay, so no secret changes. The new sealed key is opened, and compared, before it is stored. A state outside of a file:// backend follows where pulumi is on the PATH and reaches it.',
      'Whoever could open the old sealed key can still open these secrets. A passphrase seals nothing and can not be re-wrapped.',
      MANY_STACKS,
      'A stack is passed over that is under the URL of --to already; without --to, one whose sealed key is of the newest version of its key (Vault tells versions, for the others it is sealed anew), and one on a passphrase or without a key.',
    ],
    arguments: [{ name: 'stack', rest: true }],
    flags: [{ name: 'to', value: 'URL', summary: "The key URL of another key (the stack's own)" }, JOBS_FLAG],
    examples: [
      { text: 'After the key was rotated', line: 'stackseal stack rewrap' },
      { text: 'Move a stack to another key', line: 'stackseal stack rewrap prod --to hashivault://prod' },
      { text: 'Every stack of every project below a folder', line: 'stackseal stack rewrap stacks/' },
    ],
    changes: 'the stack',
    load: () => import('../commands/stack-rewrap.ts'),
  },
  {
    words: ['stack', 'export'],
    summary: 'Print the state of a stack',
    description: [
      'Byte for byte what pulumi stack export prints. Secrets stay encrypted, and no key is opened; with --show-secrets they stand in clear, and a file gets the mode 0600.',
      'Of a backend that is a folder (file://). For any other one it names the pipe to use.',
    ],
    flags: [
      { name: 'show-secrets', summary: 'Decrypt secrets and show them' },
      { name: 'file', value: 'FILE', summary: 'Write into this file instead of standard output' },
    ],
    examples: [
      { text: 'The state of the selected stack', line: 'stackseal stack export >state.json' },
      {
        text: 'With every secret in clear, for its owner alone',
        line: 'stackseal stack export --show-secrets --file plain.json',
      },
    ],
    load: () => import('../commands/stack-export.ts'),
  },
  {
    words: ['stack', 'import'],
    summary: 'Make a document the state of a stack',
    description: [
      'Takes what stack export prints, from a file or from standard input, after the checks of pulumi stack import: every resource is of this stack, and the state is whole. Secrets in clear are encrypted, those that are encrypted are opened once and stay; a document that names no key gets the one of the stack. Operations that were pending are taken out.',
      'While it writes it holds the lock of Pulumi. Of a backend that is a folder (file://). For any other one it names the pipe to use.',
    ],
    flags: [
      { name: 'file', value: 'FILE', summary: 'Read this file instead of standard input' },
      { name: 'force', short: 'f', summary: 'Import also what the checks find dangerous' },
    ],
    examples: [
      { text: 'A state that was exported', line: 'stackseal stack import --file state.json' },
      { text: 'A state that was edited in clear', line: 'stackseal stack import <plain.json' },
    ],
    changes: 'the state of the stack',
    load: () => import('../commands/stack-import.ts'),
  },
  {
    words: ['stack', 'output'],
    summary: 'Print the outputs of a stack, or one of them',
    description: [
      'Outputs that are no secrets need no key. A secret is shown as [secret], and in clear with --show-secrets. Of a backend that is a folder (file://).',
    ],
    arguments: [{ name: 'name' }],
    flags: [{ name: 'show-secrets', summary: 'Decrypt secrets and show them' }],
    examples: [
      { text: 'All of them', line: 'stackseal stack output' },
      { text: 'One, a secret too', line: 'stackseal stack output url --show-secrets' },
      { text: 'For a program', line: "stackseal stack output --json | jq -r '.url'" },
    ],
    load: () => import('../commands/stack-output.ts'),
  },
  {
    words: ['stack', 'change-secrets-provider'],
    summary: "Move a stack's secrets to another key",
    description: [
      'To a new data key under a key URL, or under a passphrase: every secret of the stack file and of its state. All of it is opened, encrypted anew and opened again before a byte is written; a secret that does not open is named, and nothing is changed. Then both change together. If that is interrupted, the next command that changes the stack finishes it, or "stackseal stack recover".',
      'A state in a file:// backend is changed by Stackseal itself. From any other (a bucket, Pulumi Cloud) the installed pulumi carries it, by stack export and stack import: it has to be on the PATH, logged in, and able to use the new key. It is given the new passphrase in the environment of the import, and nothing else that is secret.',
      'The old passphrase comes from where it always comes from. The new one is asked for twice, or comes from --new-passphrase-file, --new-passphrase-stdin, STACKSEAL_NEW_PASSPHRASE or the file that STACKSEAL_NEW_PASSPHRASE_FILE names. The word default means a passphrase.',
      'History, backups and .bak files keep their old ciphertexts; the last lines say how many there are. With --include-history they change with the rest, each packed as it was; a file that does not open, such as one under a still older key, is named, and nothing is changed. What git has of the stack file keeps its old ciphertexts in any case.',
      MANY_STACKS,
      'A stack that is under the URL already, its state too, is passed over; on a passphrase, one that the new passphrase opens. So a second run goes on where the first one ended.',
    ],
    arguments: [
      { name: 'url', required: true },
      { name: 'stack', rest: true },
    ],
    flags: [...CHANGE_KEY_FLAGS, JOBS_FLAG],
    examples: [
      { text: 'To a new passphrase, which is asked for', line: 'stackseal stack change-secrets-provider passphrase' },
      { text: 'To a key of AWS', line: 'stackseal stack change-secrets-provider awskms://alias/app' },
      {
        text: 'What it would do',
        line: 'stackseal stack change-secrets-provider hashivault://app --dry-run',
      },
      {
        text: 'The stack file alone, where neither reaches the state: the last lines say how it follows',
        line: 'stackseal stack change-secrets-provider hashivault://app --config-only',
      },
      {
        text: 'Every stack prod of many projects',
        line: "stackseal stack change-secrets-provider hashivault://new '*/Pulumi.prod.yaml'",
      },
    ],
    changes: 'the stack',
    load: () => import('../commands/stack-change-secrets-provider.ts'),
  },
  {
    words: ['stack', 'rotate'],
    summary: 'Give a stack a new data key, or a new passphrase',
    description: [
      'As stack change-secrets-provider, under the key URL that the stack has: a new data key, and every secret of the stack file and the state encrypted anew. On a passphrase it takes a new passphrase.',
      'Whoever had the old data key can open nothing that is written from now on, and everything that was written before: values that must stay secret from them have to change themselves.',
      MANY_STACKS,
      'A stack that the new passphrase opens already, or that has no key, is passed over. On a key service every run gives a new data key: after one that did not come to its end, name the stacks that are left.',
    ],
    arguments: [{ name: 'stack', rest: true }],
    flags: [...CHANGE_KEY_FLAGS, JOBS_FLAG],
    examples: [
      { text: 'A new data key for the selected stack', line: 'stackseal stack rotate' },
      { text: 'A new passphrase from a file', line: 'stackseal stack rotate dev --new-passphrase-file new.txt' },
      { text: 'Every stack of every project below a folder', line: 'stackseal stack rotate stacks/' },
    ],
    changes: 'the stack',
    load: () => import('../commands/stack-rotate.ts'),
  },
  {
    words: ['stack', 'recover'],
    summary: 'Finish a change of the key that was interrupted',
    description: [
      'Puts the prepared files in their places: no key and no network are needed, unless pulumi carries the state. Then it is asked whether it did; if not, it does now, and takes a new passphrase from STACKSEAL_NEW_PASSPHRASE, its file, or an answer. What another program wrote meanwhile is not touched, but named; then --force takes the prepared file and keeps the other beside it, and --abandon leaves the files as they are, each with the key that it names.',
    ],
    arguments: [{ name: 'name' }],
    flags: [
      { name: 'force', summary: 'Also where a file holds something else by now; that is kept beside it' },
      { name: 'abandon', summary: 'Leave the files as they are, and drop what was prepared' },
    ],
    examples: [{ text: 'After a power cut', line: 'stackseal stack recover' }],
    changes: 'the stack',
    load: () => import('../commands/stack-recover.ts'),
  },
]
