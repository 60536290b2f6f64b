import { nodeWorld, registerCases, type Subject } from '@stackseal/provider-testkit'
import { test } from 'vitest'
import { passphrase } from '../src/index.ts'

const PHRASE = 'correct horse battery staple'
const OTHER = 'another phrase altogether'
const fileUrl = (path: string): string => new URL(path, import.meta.url).href
const remote = { cannot: 'no service is asked' }

const subject: Subject = {
  name: 'Passphrase',
  make: passphrase,
  keys: [
    { url: 'passphrase:', env: { PULUMI_CONFIG_PASSPHRASE: PHRASE } },
    { url: 'passphrase:', env: { PULUMI_CONFIG_PASSPHRASE: OTHER } },
  ],
  sealedForm: 'text',
  secrets: [PHRASE, OTHER],
  unknownParameter: 'passphrase:?iterations=1',
  stranger: { PULUMI_CONFIG_PASSPHRASE: OTHER },
  faults: {
    noCredentials: async () => ({ env: {} }),
    invalidCredentials: async () => ({ env: { PULUMI_CONFIG_PASSPHRASE: OTHER } }),
    denied: remote,
    encryptOnly: remote,
    noSuchKey: remote,
    disabledKey: remote,
    serverDown: remote,
    throttled: remote,
    throttledOnce: remote,
    hanging: remote,
    otherServer: remote,
  },
  repairable: { cannot: 'there is one text form of a salt' },
  asks: { env: {}, answer: PHRASE },
  countCalls: remote,
  server: remote,
  module: {
    url: fileUrl('../src/index.ts'),
    exportName: 'passphrase',
    aliases: { '@stackseal/core': fileUrl('../../core/src/index.ts') },
    poison: { PULUMI_CONFIG_PASSPHRASE: 'the phrase of the process' },
  },
}

registerCases(test, subject, { world: nodeWorld() })
