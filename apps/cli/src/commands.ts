import type { Command, Flag } from './command.ts'

const PATH_FLAG: Flag = { name: 'path', summary: 'The key is a path into a value: servers[0].port' }
const SECRETS_PROVIDER_FLAG: Flag = {
  name: 'secrets-provider',
  value: 'URL',
  summary:
    'The key URL of the key that seals the data key (awskms:, azurekeyvault:, gcpkms:, hashivault:), or the word passphrase (passphrase)',
}

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

/** Every command, in the order of the help page. */
export const COMMANDS: readonly Command[] = [
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
    load: () => import('./commands/new.ts'),
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
    load: () => import('./commands/stack-init.ts'),
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
    load: () => import('./commands/stack-ls.ts'),
  },
  {
    words: ['stack', 'select'],
    summary: 'Choose the stack that commands work on',
    description: ['The choice is shared with Pulumi: it is kept in the same workspace file.'],
    arguments: [{ name: 'name' }],
    examples: [{ text: 'Work on dev from now on', line: 'stackseal stack select dev' }],
    changes: 'the selected stack',
    load: () => import('./commands/stack-select.ts'),
  },
  {
    words: ['stack', 'rewrap'],
    summary: "Seal a stack's data key anew",
    description: [
      'Under the newest version of its key, after that was rotated; or under another key with --to. The data key and every ciphertext stay, so no secret changes. The new sealed key is opened, and compared, before it is stored.',
      'Whoever could open the old sealed key can still open these secrets. A passphrase seals nothing and can not be re-wrapped.',
    ],
    arguments: [{ name: 'name' }],
    flags: [{ name: 'to', value: 'URL', summary: "The key URL of another key (the stack's own)" }],
    examples: [
      { text: 'After the key was rotated', line: 'stackseal stack rewrap' },
      { text: 'Move a stack to another key', line: 'stackseal stack rewrap prod --to hashivault://prod' },
    ],
    changes: 'the stack',
    load: () => import('./commands/stack-rewrap.ts'),
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
    load: () => import('./commands/stack-export.ts'),
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
    load: () => import('./commands/stack-import.ts'),
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
    load: () => import('./commands/stack-output.ts'),
  },
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
    load: () => import('./commands/config.ts'),
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
    load: () => import('./commands/config-get.ts'),
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
    load: () => import('./commands/config-set.ts'),
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
    load: () => import('./commands/config-set-all.ts'),
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
    load: () => import('./commands/config-rm.ts'),
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
    load: () => import('./commands/config-rm-all.ts'),
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
    load: () => import('./commands/config-cp.ts'),
  },
  {
    words: ['config', 'encrypt'],
    summary: 'Encrypt values that are marked !secret',
    description: [
      'Turns every value that carries the YAML tag !secret in the stack file into a ciphertext, in its place; nothing else moves. Write a new secret as password: !secret hunter2, and encrypt it before the file goes anywhere.',
    ],
    examples: [{ text: 'The selected stack', line: 'stackseal config encrypt' }],
    changes: 'the stack',
    load: () => import('./commands/config-encrypt.ts'),
  },
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
    load: () => import('./commands/state-inspect.ts'),
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
    load: () => import('./commands/state-verify.ts'),
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
    load: () => import('./commands/state-reveal.ts'),
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
    load: () => import('./commands/state-seal.ts'),
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
    load: () => import('./commands/state-rekey.ts'),
  },
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
    load: () => import('./commands/encrypt.ts'),
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
    load: () => import('./commands/decrypt.ts'),
  },
  {
    words: ['verify'],
    summary: 'Check that every secret opens',
    description: [
      'Opens the data key and every secret of the stack, and of its state where the backend is a folder; or of the files that are named; and says what does not open. Nothing is printed of their content, nothing is written. The exit number is 3 where something was found.',
    ],
    arguments: [{ name: 'file', rest: true }],
    flags: [
      { name: 'expect-denied', summary: 'Succeed only if the key service refuses: a check that rights are gone' },
    ],
    examples: [
      { text: 'The selected stack', line: 'stackseal verify' },
      { text: 'Every stack file here', line: 'stackseal verify Pulumi.*.yaml' },
      { text: 'That these credentials do not open it', line: 'stackseal verify --stack prod --expect-denied' },
    ],
    load: () => import('./commands/verify.ts'),
  },
  {
    words: ['inspect'],
    summary: 'Tell what can be told without a key',
    description: [
      'The key URL, the provider and the number of secrets of the stack, and of its state where the backend is a folder; or of the files that are named. Opens nothing and asks for nothing.',
    ],
    arguments: [{ name: 'file', rest: true }],
    examples: [
      { text: 'The selected stack', line: 'stackseal inspect' },
      { text: 'A file, for a program', line: 'stackseal inspect --json Pulumi.prod.yaml' },
    ],
    load: () => import('./commands/inspect.ts'),
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
    load: () => import('./commands/doctor.ts'),
  },
  {
    words: ['completion'],
    summary: 'Print a script that completes command lines',
    description: [
      'For bash, zsh, fish or powershell. It completes commands, flags and their values, stacks and configuration keys; it opens no key and loads no provider.',
    ],
    arguments: [{ name: 'shell', required: true }],
    examples: [
      { text: 'In bash, now; for always in ~/.bashrc', line: 'source <(stackseal completion bash)' },
      { text: 'In zsh, for always', line: 'stackseal completion zsh >"${fpath[1]}/_stackseal"' },
      { text: 'In fish, for always', line: 'stackseal completion fish >~/.config/fish/completions/stackseal.fish' },
      {
        text: 'In PowerShell, in $PROFILE',
        line: 'stackseal completion powershell | Out-String | Invoke-Expression',
      },
    ],
    load: () => import('./commands/completion.ts'),
  },
  {
    words: ['__complete'],
    hidden: true,
    summary: 'Print what can stand at the cursor, for the scripts of completion',
    arguments: [{ name: 'word', rest: true }],
    flags: [{ name: 'new-word', summary: 'The cursor stands at a new word, which is empty' }],
    examples: [{ text: 'What can follow', line: 'stackseal __complete -- config get ""' }],
    load: () => import('./commands/complete.ts'),
  },
  {
    words: ['providers'],
    summary: 'List the key schemes and where their providers come from',
    description: [
      "Stackseal's own, the modules that --provider and STACKSEAL_PROVIDERS name, and what the project's package.json suggests. Nothing is loaded.",
    ],
    examples: [
      { text: 'What can be opened here', line: 'stackseal providers' },
      { text: 'With a provider of somebody else', line: 'stackseal providers --provider stackseal-provider-age' },
    ],
    load: () => import('./commands/providers.ts'),
  },
  {
    words: ['providers', 'policy'],
    summary: 'Print the least rights that a key needs to give',
    description: [
      'For AWS the policy of the key and one for IAM, for Azure a role assignment, for Google an IAM binding, for Vault a policy: text that can be pasted. Nothing is looked up and nothing is changed.',
    ],
    arguments: [{ name: 'url', required: true }],
    flags: [{ name: 'principal', value: 'WHO', summary: 'Who is to use the key, as the key service names them' }],
    examples: [
      {
        text: 'For a role in AWS',
        line: 'stackseal providers policy awskms://alias/app --principal ROLE_ARN',
      },
      { text: 'For Vault', line: 'stackseal providers policy hashivault://app' },
    ],
    load: () => import('./commands/providers-policy.ts'),
  },
  {
    words: ['trust'],
    summary: 'Trust a key or a provider module on this machine',
    description: [
      "A stack: its sealed key, as it stands in the file now, is yours. The first secret can be encrypted under it although nothing else proves it, and it is opened also where another key sealed it than the one its URL names now. With --module: the package that the project's package.json suggests for a scheme may be loaded, as long as its package.json stays as it is.",
    ],
    arguments: [{ name: 'stack' }],
    flags: [
      { name: 'module', value: 'MODULE', summary: "A package that the project's package.json suggests" },
      { name: 'list', summary: 'List what is trusted' },
      { name: 'remove', summary: 'Trust it no longer' },
    ],
    examples: [
      { text: 'The key of a stack that was checked out', line: 'stackseal trust dev' },
      { text: 'A provider of somebody else', line: 'stackseal trust --module stackseal-provider-age' },
      { text: 'What is trusted here', line: 'stackseal trust --list' },
    ],
    changes: 'what is trusted',
    load: () => import('./commands/trust.ts'),
  },
]
