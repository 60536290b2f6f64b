import type { Topic } from '../topic.ts'

export const topic: Topic = {
  blocks: [
    {
      text: [
        'Stackseal reads the variables that Pulumi reads, under the same names and with the same meaning, and a few of its own. A flag wins over a variable.',
      ],
    },
    {
      heading: 'The passphrase:',
      rows: [
        [
          'PULUMI_CONFIG_PASSPHRASE',
          'The passphrase, exactly as it stands there. A variable that is set and empty is the empty passphrase.',
        ],
        [
          'PULUMI_CONFIG_PASSPHRASE_FILE',
          'A file that holds it, looked for from the working folder; white space at both ends is dropped. Counts where the variable above is not set.',
        ],
        [
          'STACKSEAL_NEW_PASSPHRASE',
          'The passphrase of the key that a state gets (state rekey, state seal), where it is another one; or STACKSEAL_NEW_PASSPHRASE_FILE, a file that holds it',
        ],
      ],
      text: ['Where neither is set the passphrase is asked for on the terminal. There is no flag for it on purpose.'],
    },
    {
      heading: 'The new passphrase of stack change-secrets-provider and stack rotate:',
      rows: [
        ['STACKSEAL_NEW_PASSPHRASE', 'The new passphrase; an empty one needs --allow-empty-passphrase'],
        ['STACKSEAL_NEW_PASSPHRASE_FILE', 'A file that holds it; the flags --new-passphrase-… come before both'],
      ],
    },
    {
      heading: 'The stack:',
      rows: [
        ['PULUMI_STACK', 'The stack to work on, where --stack is not given'],
        ['PULUMI_HOME', 'Where Pulumi keeps which stack is selected (~/.pulumi)'],
        ['PULUMI_CREDENTIALS_PATH', "Where Pulumi's login is looked up instead"],
        [
          'PULUMI_BACKEND_URL',
          "The backend of the stacks and their states, before the project's own and Pulumi's login",
        ],
        [
          'PULUMI_DIY_BACKEND_*',
          'GZIP, ZSTD, RETAIN_CHECKPOINTS and the others that Pulumi reads for a backend in a folder',
        ],
        ['HOME, USERPROFILE', 'The home folder, for the folders below and above'],
        [
          'PATH',
          'Where pulumi is found that carries a state outside of a file:// backend, in absolute folders only; doctor looks there without running it',
        ],
      ],
    },
    {
      heading: 'Places of its own:',
      rows: [
        [
          'STACKSEAL_STATE_DIR',
          'Notes about keys that were made or trusted on this machine, and the journal of a change of a key ($XDG_STATE_HOME/stackseal, else ~/.local/state/stackseal)',
        ],
        ['XDG_STATE_HOME', 'The parent of that folder, where the variable above is not set'],
        ['XDG_CACHE_HOME', 'The parent of the folder with compiled code (~/.cache). Nothing of a stack is in it.'],
      ],
    },
    {
      heading: 'Key services:',
      rows: [
        ['STACKSEAL_PROVIDERS', 'Modules of further providers, as --provider names them'],
        [
          'STACKSEAL_ANY_KEY',
          'AWS: open a data key also where another key sealed it than the URL names, as --any-key does',
        ],
        [
          'PULUMI_CLOUD_SECRET_OVERRIDE',
          'Another key URL for the same sealed key, for this run: the profile of a CI system, another region. It never gets into the file.',
        ],
        ['STACKSEAL_ALLOW_ENDPOINTS', 'Hosts of key services that a stack file may name, besides the well-known ones'],
        [
          'AWS_*',
          'Credentials, profile and region, as for the AWS command line; AWS_ENDPOINT_URL_KMS and AWS_ENDPOINT_URL name another server',
        ],
        ['AZURE_*', 'Credentials, as for the Azure SDK'],
        [
          'GOOGLE_CREDENTIALS',
          'A key as JSON text; else GOOGLE_OAUTH_ACCESS_TOKEN; else the application default credentials, with GOOGLE_APPLICATION_CREDENTIALS',
        ],
        ['GOOGLE_CLOUD_UNIVERSE_DOMAIN', "Google's cloud under another domain"],
        [
          'VAULT_ADDR, VAULT_TOKEN',
          'The server and the token; VAULT_SERVER_URL and VAULT_SERVER_TOKEN come before them',
        ],
        [
          'VAULT_*',
          'VAULT_NAMESPACE, VAULT_CACERT, VAULT_CLIENT_CERT, VAULT_SKIP_VERIFY and the others, as for the vault program',
        ],
        ['HTTPS_PROXY, NO_PROXY', 'The way to a Vault server through a proxy'],
      ],
    },
    {
      heading: 'The terminal:',
      rows: [
        ['NO_COLOR', 'No colors, where it is set and not empty'],
        ['TERM', 'dumb: no colors, and nothing is asked'],
        [
          'CI',
          'Nothing is asked in a CI system. The variables of the known ones count too (GITHUB_ACTIONS, GITLAB_CI, …).',
        ],
        ['PULUMI_DISABLE_CI_DETECTION', 'Ask in a CI system all the same'],
      ],
    },
  ],
}
