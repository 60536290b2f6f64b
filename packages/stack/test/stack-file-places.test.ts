import { expect, test } from 'vitest'
import { parseConfigPlace } from '../src/config/config-place.ts'
import { StackFile } from '../src/stack-file.ts'

test.each([
  {
    what: 'a secret right under its key gives way to what a path needs',
    before: 'config:\n  proj:a: # c\n    secure: v1:AAAA:BBBB\n  proj:b: 1\n',
    key: 'a.x[1]',
    after: 'config:\n  proj:a: # c\n    x:\n      - null\n      - new\n  proj:b: 1\n',
  },
  {
    what: 'a secret in flow style gives way too',
    before: "config: {'proj:a': {secure: 'v1:AAAA:BBBB'}, 'proj:b': 1}\n",
    key: 'a.x',
    after: "config: {'proj:a': {x: new}, 'proj:b': 1}\n",
  },
  {
    what: 'a pair goes behind one without a value, which keeps its colon apart',
    before: 'config:\n  proj:a: {b: c, d: }\n',
    key: 'a.x',
    after: 'config:\n  proj:a: {b: c, d: , x: new }\n',
  },
  {
    what: 'a key that is written as a number is found under the name it is read as',
    before: 'config:\n  proj:a:\n    1.50: old # c\n    ~: 1\n',
    key: 'a["1.5"]',
    after: 'config:\n  proj:a:\n    1.50: new # c\n    ~: 1\n',
  },
  {
    what: 'a key that is written as null likewise',
    before: 'config:\n  proj:a:\n    1.50: old\n    ~: 1 # c\n',
    key: 'a.<nil>',
    after: 'config:\n  proj:a:\n    1.50: old\n    ~: new # c\n',
  },
])('$what', async ({ before, key, after }) => {
  const file = await StackFile.parse(before, 'proj', 'Pulumi.dev.yaml')
  expect((await file.set(parseConfigPlace(key, 'proj', true), { text: 'new' })).text).toBe(after)
})

test('a key that is read as another name is removed under that name', async () => {
  const file = await StackFile.parse('config:\n  proj:a:\n    0x1F: x\n    b: y\n', 'proj', 'Pulumi.dev.yaml')
  expect((await file.remove(parseConfigPlace('a["31"]', 'proj', true))).text).toBe('config:\n  proj:a:\n    b: y\n')
})
