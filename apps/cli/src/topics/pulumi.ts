import type { Topic } from '../topic.ts'

export const topic: Topic = {
  blocks: [
    {
      text: [
        'Stackseal and Pulumi work on the same files, one after the other in any order: what one wrote the other reads, with the same meaning.',
      ],
    },
    {
      heading: 'The same:',
      text: [
        'config, config get, set, set-all, rm, rm-all and cp, with --path, --secret, --plaintext, --type, --show-secrets and --json; new; stack init, ls and select; the selected stack; keys, paths and namespaces; the passphrase and where it comes from; key URLs; what looks like a secret.',
        'config --json prints the same bytes, and the ciphertexts are of the same form under the same keys.',
      ],
    },
    {
      heading: 'Other, to be on the safe side:',
      rows: [
        [
          'Reading never writes',
          'Pulumi rewrites a stack file on some reads, and may make a new salt or data key in it.',
        ],
        [
          'Only stack init and new make keys',
          'A file with secrets and without its key is an error, not a reason for another key.',
        ],
        ['Every other byte stays', 'Comments, quotes, blank lines and unknown fields are not rendered anew.'],
        ['A secret that is the same stays', 'Setting the value that is there changes nothing.'],
        ['One bad secret hides no other', 'The rest is listed, the bad one is named, the exit number is 3.'],
        ['Keys are proven before use', 'A new secret is encrypted only under a key that opens the others.'],
        ['Writing is all or nothing', 'Under a lock, flushed, and put in place by a rename.'],
        ['Exit numbers tell apart', 'See stackseal help exit-codes.'],
      ],
      text: ['The whole list, with reasons: docs/differences.md of the project.'],
    },
    {
      heading: 'Not here:',
      text: [
        'Stackseal deploys nothing, and runs no program but the installed pulumi, where that has to carry a state (stack change-secrets-provider, stack rotate, stack rewrap, stack recover): up, preview, refresh, destroy and everything around them are for Pulumi, and so are plugins, environments and policies. Secrets that Pulumi Cloud itself holds are recognised and not opened.',
        'Called with such a word, stackseal says so in one line, and what to use instead.',
      ],
    },
    {
      heading: 'More than there:',
      text: [
        'verify, inspect and doctor; encrypt and decrypt of one value; config encrypt for values marked !secret; set-all with secret objects; providers of others.',
      ],
    },
  ],
}
