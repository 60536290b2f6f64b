import type { Topic } from '../topic.ts'

export const topic: Topic = {
  blocks: [
    {
      heading: 'Of a project:',
      rows: [
        [
          'Pulumi.yaml',
          'The project: its name, and in stackConfigDir where its stack files lie. Looked for in this folder and above it; .yml and .json count too.',
        ],
        [
          'Pulumi.<stack>.yaml',
          'A stack: its configuration with secrets as ciphertexts, and its sealed key. Made to be committed. --config-file names another one.',
        ],
      ],
    },
    {
      heading: 'Beside a stack file, while it is changed:',
      rows: [
        [
          '.<file>.stackseal-lock',
          'Who is changing it. Left behind by a process that is gone, it is broken by the next change.',
        ],
        ['.<file>.stackseal-new', 'The new text, until it takes the place of the old one. Ciphertexts only.'],
      ],
      text: [
        'A file is replaced as a whole: the new text is written beside it, flushed, read back and renamed. Whatever ends the program, one of the two whole files is there. Bytes outside the changed value stay as they are.',
      ],
    },
    {
      heading: 'In a backend that is a folder (file://):',
      rows: [
        [
          '.pulumi/stacks/…',
          'The states. Only stack init and stack import write one; the one before stays beside it as .bak.',
        ],
        ['.pulumi/locks/…', "Pulumi's locks: one that is there is honoured, and one is taken while a state is written"],
      ],
    },
    {
      heading: 'Named by a flag (--output, --file):',
      text: [
        'Written as a whole or not at all, through .<file>.stackseal-new. Where secrets stand in it in clear it is for its owner alone (mode 0600).',
      ],
    },
    {
      heading: 'In the home folder:',
      rows: [
        ['~/.pulumi/workspaces/…', 'Which stack is selected, shared with Pulumi'],
        ['~/.local/state/stackseal', 'Notes about keys that were made here or that you trust; no key, no secret'],
        ['~/.cache/stackseal', 'Compiled code of Stackseal itself; can be deleted'],
      ],
    },
    {
      heading: 'Links:',
      text: [
        'A stack file that is a symbolic link is followed inside the project, and stays a link. One that leads out of it is refused, since somebody may have put it into what you checked out; --follow-links follows it.',
      ],
    },
    {
      heading: 'A value that is marked !secret:',
      text: [
        'It waits in plain text to be encrypted by config encrypt. Every command treats it as a secret until then and warns of its line; Pulumi would print it in clear.',
      ],
    },
  ],
}
