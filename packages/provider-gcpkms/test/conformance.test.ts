import { nodeWorld, registerCases } from '@stackseal/provider-testkit'
import { afterAll, expect, test } from 'vitest'

import { FakeKms } from './fake-kms.ts'
import { gcpSubject } from './gcp-subject.ts'

const fake = await FakeKms.start()

registerCases(test, gcpSubject(fake), { patienceMs: 5_000, world: nodeWorld() })

test('importing what is published does nothing', async () => {
  const url = new URL('../src/index.ts', import.meta.url).href
  const aliases = { '@stackseal/core': new URL('../../core/src/index.ts', import.meta.url).href }
  const report = await nodeWorld().watchImport({ url, exportName: 'gcpKms', aliases })
  expect(report).toMatchObject({ imported: true, environment: [], sockets: 0, packages: [], output: '' })
})

afterAll(() => fake.stop())
