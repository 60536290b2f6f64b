// Plays the product's story in a temporary folder with the built command line, shows each command and its output as a
// terminal would, and checks every claim it makes. Exit 1 if one does not hold.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Story } from './story.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(root, 'apps/cli/dist/stackseal.mjs')
const place = mkdtempSync(join(tmpdir(), 'stackseal-demo-'))
const env = {
  PATH: process.env.PATH,
  HOME: place,
  PULUMI_HOME: join(place, '.pulumi'),
  STACKSEAL_STATE_DIR: join(place, '.state'),
  XDG_CACHE_HOME: join(place, '.cache'),
  PULUMI_CONFIG_PASSPHRASE: 'a passphrase for the demo',
}
const story = new Story(cli, env)

try {
  story.chapter('A new project, with a stack whose data key comes from a passphrase')
  story.stackseal(place, ['new', '--name', 'shop', '--stack', 'dev', '--dir', 'shop'])
  const shop = join(place, 'shop')
  story.stackseal(shop, ['config', 'set', 'region', 'eu-west-1'])
  story.stackseal(shop, ['config', 'set', '--secret', 'supersecret', 'correct-horse-battery-stable'])

  story.chapter('What is safe to commit')
  const file = join(shop, 'Pulumi.dev.yaml')
  const stackFile = story.show('cat Pulumi.dev.yaml', readFileSync(file, 'utf8'))
  story.claim('the file holds the salt of the passphrase', /^encryptionsalt: v1:[^:]+:v1:[^:]+:\S+$/m.test(stackFile))
  story.claim('the file holds the secret as a ciphertext', /^ {4}secure: v1:\S+:\S+$/m.test(stackFile))
  story.claim('the plaintext is nowhere in it', !stackFile.includes('correct-horse'))

  story.chapter('Reading it back')
  const list = story.stackseal(shop, ['config'])
  story.claim(
    'the list masks the secret',
    /^supersecret +\[secret\]$/m.test(list.stdout) && !list.stdout.includes('correct-horse'),
  )
  const got = story.stackseal(shop, ['config', 'get', 'supersecret'])
  story.claim('config get reveals it', got.stdout === 'correct-horse-battery-stable\n')

  story.chapter('A program takes the secret from the library and never prints it')
  const program = `import { createHmac } from 'node:crypto'
import { Registry } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'
import { openStack } from '@stackseal/stack'

const registry = new Registry([passphrase()])
const stack = await openStack({ cwd: '.', stack: 'dev', registry, env: process.env })
const password = await stack.config.requireSecret('supersecret')

console.log(\`region \${stack.config.require('region')}, password \${password}\`)
console.log('signed:', createHmac('sha256', password.reveal()).update('hello').digest('hex').slice(0, 16))
`
  writeFileSync(join(shop, 'program.mjs'), program)
  mkdirSync(join(shop, 'node_modules/@stackseal'), { recursive: true })
  for (const name of ['core', 'stack', 'provider-passphrase']) {
    symlinkSync(join(root, 'packages', name), join(shop, 'node_modules/@stackseal', name))
  }
  story.show('cat program.mjs', program)
  const ran = story.run(shop, 'node program.mjs', process.execPath, ['program.mjs'])
  story.claim('the program worked with the secret', ran.status === 0 && /^signed: [0-9a-f]{16}$/m.test(ran.stdout))
  story.claim('its output says [secret]', ran.stdout.includes('password [secret]'))
  story.claim('its output does not hold the secret', !(ran.stdout + ran.stderr).includes('correct-horse'))

  story.chapter('The wrong passphrase')
  const before = readFileSync(file)
  const wrong = story.stackseal(shop, ['config', 'get', 'supersecret'], { PULUMI_CONFIG_PASSPHRASE: 'not this one' }, 3)
  story.claim('it is refused with exit number 3 and a code', wrong.stderr.includes('ERR_WRONG_PASSPHRASE'))
  story.claim('nothing was printed as an answer', wrong.stdout === '')
  const denied = story.stackseal(
    shop,
    ['config', 'set', '--secret', 'other', 'x'],
    { PULUMI_CONFIG_PASSPHRASE: 'not this one' },
    3,
  )
  story.claim(
    'a change is refused too, and says that the file was not changed',
    denied.stderr.includes('Pulumi.dev.yaml was not changed'),
  )
  story.claim('the file is untouched', readFileSync(file).equals(before))

  story.chapter('A stack file that the real Pulumi command line wrote')
  const vector = join(root, 'vectors/pulumi/stacks/01-simple')
  const theirs = join(place, 'theirs')
  mkdirSync(theirs)
  for (const name of ['Pulumi.yaml', 'Pulumi.dev.yaml']) cpSync(join(vector, name), join(theirs, name))
  const passphrase = { PULUMI_CONFIG_PASSPHRASE: 'correct horse' }
  const read = story.stackseal(theirs, ['config', '-s', 'dev', '--show-secrets', '--json'], passphrase)
  story.claim(
    'the list is what Pulumi printed',
    read.stdout === readFileSync(join(vector, 'config.show-secrets.json'), 'utf8'),
  )
  const old = readFileSync(join(theirs, 'Pulumi.dev.yaml'), 'utf8').split('\n')
  story.stackseal(theirs, ['config', 'set', '-s', 'dev', '--secret', 'password', 'hunter4'], passphrase)
  const now = readFileSync(join(theirs, 'Pulumi.dev.yaml'), 'utf8').split('\n')
  const changed = now.flatMap((line, i) => (line === old[i] ? [] : [`-${old[i]}`, `+${line}`]))
  story.show('diff of Pulumi.dev.yaml', `${changed.join('\n')}\n`)
  story.claim('exactly one line changed', now.length === old.length && changed.length === 2)
  const after = story.stackseal(theirs, ['config', 'get', '-s', 'dev', 'password'], passphrase)
  story.claim('and it opens', after.stdout === 'hunter4\n')
  const verified = story.stackseal(theirs, ['verify', '-s', 'dev'], passphrase)
  story.claim('every secret of the file opens', verified.status === 0)
} finally {
  rmSync(place, { recursive: true, force: true })
}

process.exitCode = story.end()
