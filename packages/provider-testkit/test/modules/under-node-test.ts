// Started by runners.test.ts as `node --test`: the same cases under another runner.
import { test } from 'node:test'

import { registerCases } from '../../src/index.ts'
import { memoSubject } from '../memo-subject.ts'

registerCases(test, memoSubject(), { patienceMs: 5_000 })
