import { test } from 'vitest'

import { nodeWorld, registerCases } from '../src/index.ts'
import { memoSubject } from './memo-subject.ts'

registerCases(test, memoSubject(), { patienceMs: 5_000, world: nodeWorld() })
