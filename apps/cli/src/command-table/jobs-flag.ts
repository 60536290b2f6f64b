import type { Flag } from '../command.ts'

/** Of the commands that work on many stacks. */
export const JOBS_FLAG: Flag = {
  name: 'jobs',
  value: 'N',
  summary: 'Of many stacks, work on so many at once (4)',
}
