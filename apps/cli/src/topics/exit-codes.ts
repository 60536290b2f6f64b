import { ERRORS } from '@stackseal/core'
import type { ErrorKind } from '@stackseal/core'
import { EXIT_NUMBERS } from '../exit-number.ts'
import type { Topic, TopicBlock } from '../topic.ts'

const MEANINGS: Readonly<Record<ErrorKind, string>> = {
  failed: 'failed: a fault of Stackseal or of the system',
  usage: 'wrong usage',
  data: 'data refused: malformed, not found, or does not open; a check found something',
  access: 'access: credentials missing or refused, or something is not trusted',
  retry: 'try again later',
  interrupted: 'interrupted',
}

const kinds = Object.entries(EXIT_NUMBERS) as readonly (readonly [ErrorKind, number])[]

function blockOf([kind, exit]: readonly [ErrorKind, number]): TopicBlock {
  const rows = Object.entries(ERRORS)
    .filter(([, error]) => error.kind === kind)
    .map(([code, { summary }]) => [code, summary] as const)
  return { heading: `${exit}  ${MEANINGS[kind]}`, rows }
}

export const topic: Topic = {
  blocks: [
    {
      text: [
        'The exit number says what kind of thing went wrong; the code, which stands behind the message and in its JSON form, says what.',
      ],
    },
    {
      heading: '0  done',
      text: ['verify and config --show-secrets exit with 3 where they found something that does not open.'],
    },
    ...kinds.map(blockOf),
  ],
}
