import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { nodeWorld, registerCases, type Subject } from '@stackseal/provider-testkit'
import { generateIdentity, identityToRecipient } from 'age-encryption'

import { age } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stackseal-provider-age-'))
after(() => rmSync(folder, { recursive: true }))

const [ann, ben, eve] = [await generateIdentity(), await generateIdentity(), await generateIdentity()]
const [ofAnn, ofBen] = [await identityToRecipient(ann), await identityToRecipient(ben)]
const file = join(folder, 'identity.txt')
writeFileSync(file, `# of ben\n${ben}\n`)

const noService = { cannot: 'there is no service: age seals and opens on this machine' }
const subject: Subject = {
  name: 'age',
  make: age,
  keys: [
    { url: `age:?recipient=${ofAnn}`, env: { STACKSEAL_AGE_KEY: ann } },
    { url: `age:?recipient=${ofBen}`, env: { STACKSEAL_AGE_KEY_FILE: file } },
  ],
  secrets: [ann, ben, eve],
  unknownParameter: `age:?recipient=${ofAnn}&region=eu-west-1`,
  stranger: { STACKSEAL_AGE_KEY: eve },
  faults: {
    noCredentials: async () => ({ env: {} }),
    invalidCredentials: async () => ({ env: { STACKSEAL_AGE_KEY: ann.replace(/.$/, 'X') } }),
    encryptOnly: async () => ({ env: { STACKSEAL_AGE_KEY: eve }, code: 'ERR_WRONG_KEY' }),
    denied: { cannot: 'age knows no permissions: who is no recipient holds a wrong key' },
    noSuchKey: { cannot: 'a recipient is a key; there is none that could be missing' },
    disabledKey: { cannot: 'an age key can not be disabled' },
    serverDown: noService,
    throttled: noService,
    throttledOnce: noService,
    hanging: noService,
    otherServer: noService,
  },
  repairable: { cannot: 'there is one text form' },
  asks: { cannot: 'it asks nobody' },
  countCalls: noService,
  server: noService,
  module: { url: new URL('../src/index.ts', import.meta.url).href },
}

registerCases(test, subject, { world: nodeWorld() })
