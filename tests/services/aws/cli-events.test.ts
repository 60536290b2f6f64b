import { describe } from 'vitest'

import { testCliEvents } from '../cli/cli-events.ts'
import { localstackCliService, ministackCliService } from './aws-cli-services.ts'

// Two servers, because none here has both: real encryption with states of keys, and callers with rights.
describe('on LocalStack', () => {
  testCliEvents(localstackCliService, (event) => event !== 'rights removed')
})
describe('on MiniStack', () => {
  testCliEvents(ministackCliService, (event) => event === 'rights removed')
})
