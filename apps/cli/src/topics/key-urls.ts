import type { Topic } from '../topic.ts'

export const topic: Topic = {
  blocks: [
    {
      text: [
        'A key URL names the key that seals the data key of a stack. It stands in the stack file as it was typed and is never changed, and it holds no credential: those come from the environment (stackseal help environment).',
        'The words passphrase and default are short for passphrase:. For every other key the stack file holds the URL as secretsprovider and the sealed data key as encryptedkey; for a passphrase it holds encryptionsalt.',
      ],
    },
    {
      heading: 'Passphrase:',
      rows: [['passphrase', 'The data key follows from a passphrase. No service, no network.']],
    },
    {
      heading: 'AWS KMS:',
      rows: [
        ['awskms://ID?region=…', 'A key by its id'],
        ['awskms://alias/NAME?region=…', 'A key by an alias'],
        ['awskms:///ARN?region=…', 'A key by its ARN, with three slashes'],
        ['context_NAME=VALUE', 'A parameter: a pair of the encryption context'],
        ['region, profile, endpoint', 'Parameters that choose where and as whom'],
      ],
      lines: ['awskms://alias/app?region=eu-west-1&context_project=shop'],
    },
    {
      heading: 'Azure Key Vault:',
      rows: [
        ['azurekeyvault://HOST/keys/NAME', 'The latest version of a key'],
        ['…/keys/NAME/VERSION', 'One version: stays right when the key is rotated'],
        ['algorithm=NAME', 'A parameter (RSA-OAEP-256)'],
      ],
      lines: ['azurekeyvault://app.vault.azure.net/keys/stacks'],
    },
    {
      heading: 'Google Cloud KMS:',
      rows: [['gcpkms://RESOURCE', 'The resource name of a crypto key']],
      lines: ['gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K'],
    },
    {
      heading: 'Vault and OpenBao:',
      rows: [
        ['hashivault://NAME', 'A key of the transit engine'],
        ['engine=PATH', 'A parameter: where the engine is mounted (transit)'],
      ],
      lines: ['hashivault://stacks'],
    },
    {
      heading: 'Others:',
      text: [
        'A further provider brings its own scheme. It is loaded only where you name its module, with --provider or STACKSEAL_PROVIDERS: a scheme that a stack file mentions never chooses code to run. Pulumi does not open what such a provider sealed.',
      ],
    },
  ],
}
