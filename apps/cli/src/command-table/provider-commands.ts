import type { Command } from '../command.ts'

/** The shell, and where providers come from. */
export const PROVIDER_COMMANDS: readonly Command[] = [
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
    load: () => import('../commands/completion.ts'),
  },
  {
    words: ['__complete'],
    hidden: true,
    summary: 'Print what can stand at the cursor, for the scripts of completion',
    arguments: [{ name: 'word', rest: true }],
    flags: [{ name: 'new-word', summary: 'The cursor stands at a new word, which is empty' }],
    examples: [{ text: 'What can follow', line: 'stackseal __complete -- config get ""' }],
    load: () => import('../commands/complete.ts'),
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
    load: () => import('../commands/providers.ts'),
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
    load: () => import('../commands/providers-policy.ts'),
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
    load: () => import('../commands/trust.ts'),
  },
]
