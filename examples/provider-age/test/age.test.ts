import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { Envelope, parseKeyUrl, type ProviderContext, Registry } from '@stackseal/core'
import { armor, Decrypter, generateIdentity, identityToRecipient } from 'age-encryption'

import provider, { age } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stackseal-provider-age-'))
after(() => rmSync(folder, { recursive: true }))

const [ann, ben, eve] = [await generateIdentity(), await generateIdentity(), await generateIdentity()]
const [ofAnn, ofBen, ofEve] = await Promise.all([ann, ben, eve].map((identity) => identityToRecipient(identity)))
const baseUrl = pathToFileURL(`${folder}/`)
const as = (identity: string): ProviderContext => ({ env: { STACKSEAL_AGE_KEY: identity }, baseUrl })
const registry = new Registry([age()])
const both = parseKeyUrl(`age:?recipient=${ofAnn}&recipient=${ofBen}`)

test('several people open one stack, each with a key of their own', async () => {
  const made = await Envelope.create(both, registry, as(ann))
  const ciphertext = await made.encrypt('battery staple')
  for (const identity of [ann, ben, `# two of them\n${eve}\r\n\n${ben}\n`]) {
    const opened = await Envelope.open(made.sealedKey, registry, as(identity))
    assert.equal(await opened.decrypt(ciphertext), 'battery staple')
  }
  await assert.rejects(Envelope.open(made.sealedKey, registry, as(eve)), { code: 'ERR_WRONG_KEY' })
})

test('who makes a stack has to be a recipient of it', async () => {
  await assert.rejects(Envelope.create(both, registry, as(eve)), { code: 'ERR_WRONG_KEY' })
})

test('recipients and identities may lie in files beside the stack', async () => {
  writeFileSync(join(folder, 'team.txt'), `# the team\n${ofAnn}\n\n${ofBen}\n`)
  writeFileSync(join(folder, 'ben.txt'), `# created: today\n# public key: ${ofBen}\n${ben}\n`)
  const { sealedKey } = await Envelope.create(parseKeyUrl('age:?recipients=team.txt'), registry, as(ann))
  await Envelope.open(sealedKey, registry, { env: { STACKSEAL_AGE_KEY_FILE: 'ben.txt' }, baseUrl })
})

test('a stack opens where the file of recipients is not', async () => {
  const { sealed } = await provider.createKey(both, as(ann))
  await provider.openKey(parseKeyUrl('age:?recipients=nowhere.txt'), sealed, as(ann))
})

test('a re-wrap adds somebody, and leaves the data key as it is', async () => {
  const { dataKey } = await provider.createKey(both, as(ann))
  const sealed = (await provider.sealKey?.(parseKeyUrl(`age:?recipient=${ofEve}`), dataKey, { env: {} })) ?? ''
  assert.deepEqual((await provider.openKey(both, sealed, as(eve))).dataKey, dataKey)
})

test('what is stored is an age file, which age itself opens', async () => {
  const { dataKey, sealed } = await provider.createKey(both, as(ann))
  const file = Buffer.from(sealed, 'base64')
  assert.match(file.toString('latin1'), /^age-encryption\.org\/v1\n/)
  const decrypter = new Decrypter()
  decrypter.addIdentity(ben)
  assert.deepEqual(await decrypter.decrypt(armor.decode(armor.encode(file))), dataKey)
})

test('says who the recipients are', () => {
  assert.deepEqual(provider.describe?.(both, undefined), { recipients: `${ofAnn} ${ofBen}` })
  assert.deepEqual(provider.describe?.(parseKeyUrl('age:?recipients=team.txt'), ''), { file: 'team.txt' })
})

const REFUSED = [
  'age:',
  'age://',
  'age:?recipient=',
  'age:?recipients=',
  `age:${ofAnn}`,
  `age://${ofAnn}`,
  `age:///?x&recipient=${ofAnn}`,
  `age://team?recipient=${ofAnn}`,
  `age:?recipient=${ofAnn}&Recipient=${ofBen}`,
  'age:?recipients=a.txt&recipients=b.txt',
  `age:?recipient=${ofAnn}x`,
  `age:?recipient=${ann}`,
  'age:?recipient=ssh-ed25519+AAAA',
]

for (const text of REFUSED) {
  test(`${text.replaceAll(/[A-Z0-9]{40,}/g, '…')} is refused, and an identity in it is not shown`, async () => {
    await assert.rejects(provider.createKey(parseKeyUrl(text), as(ann)), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_INVALID_KEY_URL')
      assert.ok(!`${JSON.stringify(error)}${error.stack}`.includes(ann))
      return true
    })
  })
}

for (const [what, env, code] of [
  ['a path that leads nowhere', { STACKSEAL_AGE_KEY_FILE: 'nowhere.txt' }, 'ERR_FILE_NOT_FOUND'],
  ['a comment alone', { STACKSEAL_AGE_KEY: '# nothing' }, 'ERR_CREDENTIALS_INVALID'],
  ['a recipient', { STACKSEAL_AGE_KEY: ofAnn ?? '' }, 'ERR_CREDENTIALS_INVALID'],
  ['half an identity', { STACKSEAL_AGE_KEY: ann.slice(0, 30) }, 'ERR_CREDENTIALS_INVALID'],
  ['empty variables', { STACKSEAL_AGE_KEY: '', STACKSEAL_AGE_KEY_FILE: '' }, 'ERR_CREDENTIALS_MISSING'],
] as const) {
  test(`${what} in place of an identity is ${code}`, async () => {
    const { sealed } = await provider.createKey(both, as(ann))
    await assert.rejects(provider.openKey(both, sealed, { env, baseUrl }), (error: Error & { code?: string }) => {
      assert.equal(error.code, code)
      assert.ok(!`${JSON.stringify(error)}${error.stack}`.includes(ann.slice(0, 30)))
      return true
    })
  })
}
