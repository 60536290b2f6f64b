// Plays the product's story in a temporary folder with the built command line, shows each command and its output as a
// terminal would, and checks every claim it makes. Exit 1 if one does not hold.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'

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
let broken = 0

try {
  chapter('A new project, with a stack whose data key comes from a passphrase')
  stackseal(place, ['new', '--name', 'shop', '--stack', 'dev', '--dir', 'shop'])
  const shop = join(place, 'shop')
  stackseal(shop, ['config', 'set', 'region', 'eu-west-1'])
  stackseal(shop, ['config', 'set', '--secret', 'supersecret', 'correct-horse-battery-stable'])

  chapter('What is safe to commit')
  const file = join(shop, 'Pulumi.dev.yaml')
  const stackFile = show('cat Pulumi.dev.yaml', readFileSync(file, 'utf8'))
  claim('the file holds the salt of the passphrase', /^encryptionsalt: v1:[^:]+:v1:[^:]+:\S+$/m.test(stackFile))
  claim('the file holds the secret as a ciphertext', /^ {4}secure: v1:\S+:\S+$/m.test(stackFile))
  claim('the plaintext is nowhere in it', !stackFile.includes('correct-horse'))

  chapter('Reading it back')
  const list = stackseal(shop, ['config'])
  claim(
    'the list masks the secret',
    /^supersecret +\[secret\]$/m.test(list.stdout) && !list.stdout.includes('correct-horse'),
  )
  const got = stackseal(shop, ['config', 'get', 'supersecret'])
  claim('config get reveals it', got.stdout === 'correct-horse-battery-stable\n')

  chapter('A program takes the secret from the library and never prints it')
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
  show('cat program.mjs', program)
  const ran = run(shop, 'node program.mjs', process.execPath, ['program.mjs'])
  claim('the program worked with the secret', ran.status === 0 && /^signed: [0-9a-f]{16}$/m.test(ran.stdout))
  claim('its output says [secret]', ran.stdout.includes('password [secret]'))
  claim('its output does not hold the secret', !(ran.stdout + ran.stderr).includes('correct-horse'))

  chapter('The wrong passphrase')
  const before = readFileSync(file)
  const wrong = stackseal(shop, ['config', 'get', 'supersecret'], { PULUMI_CONFIG_PASSPHRASE: 'not this one' }, 3)
  claim('it is refused with exit number 3 and a code', wrong.stderr.includes('ERR_WRONG_PASSPHRASE'))
  claim('nothing was printed as an answer', wrong.stdout === '')
  const denied = stackseal(
    shop,
    ['config', 'set', '--secret', 'other', 'x'],
    { PULUMI_CONFIG_PASSPHRASE: 'not this one' },
    3,
  )
  claim(
    'a change is refused too, and says that the file was not changed',
    denied.stderr.includes('Pulumi.dev.yaml was not changed'),
  )
  claim('the file is untouched', readFileSync(file).equals(before))

  chapter('A stack file that the real Pulumi command line wrote')
  const vector = join(root, 'vectors/pulumi/stacks/01-simple')
  const theirs = join(place, 'theirs')
  mkdirSync(theirs)
  for (const name of ['Pulumi.yaml', 'Pulumi.dev.yaml']) cpSync(join(vector, name), join(theirs, name))
  const passphrase = { PULUMI_CONFIG_PASSPHRASE: 'correct horse' }
  const read = stackseal(theirs, ['config', '-s', 'dev', '--show-secrets', '--json'], passphrase)
  claim(
    'the list is what Pulumi printed',
    read.stdout === readFileSync(join(vector, 'config.show-secrets.json'), 'utf8'),
  )
  const old = readFileSync(join(theirs, 'Pulumi.dev.yaml'), 'utf8').split('\n')
  stackseal(theirs, ['config', 'set', '-s', 'dev', '--secret', 'password', 'hunter4'], passphrase)
  const now = readFileSync(join(theirs, 'Pulumi.dev.yaml'), 'utf8').split('\n')
  const changed = now.flatMap((line, i) => (line === old[i] ? [] : [`-${old[i]}`, `+${line}`]))
  show('diff of Pulumi.dev.yaml', `${changed.join('\n')}\n`)
  claim('exactly one line changed', now.length === old.length && changed.length === 2)
  const after = stackseal(theirs, ['config', 'get', '-s', 'dev', 'password'], passphrase)
  claim('and it opens', after.stdout === 'hunter4\n')
  const verified = stackseal(theirs, ['verify', '-s', 'dev'], passphrase)
  claim('every secret of the file opens', verified.status === 0)
} finally {
  rmSync(place, { recursive: true, force: true })
}

process.stdout.write(broken === 0 ? '\nEvery claim holds.\n' : `\n${broken} claims do not hold.\n`)
process.exitCode = broken === 0 ? 0 : 1

function chapter(title) {
  process.stdout.write(`\n${styleText('bold', `# ${title}`)}\n`)
}

function stackseal(cwd, args, extra = {}, expected = 0) {
  const prefix = Object.entries(extra)
    .map(([name, value]) => `${name}=${quoted(value)} `)
    .join('')
  const result = run(cwd, `${prefix}stackseal ${args.map(quoted).join(' ')}`, process.execPath, [cli, ...args], extra)
  if (expected !== 0) process.stdout.write(`(exit ${result.status})\n`)
  if (result.status !== expected) claim(`exit number ${expected} instead of ${result.status}`, false)
  return result
}

function run(cwd, shown, command, args, extra = {}) {
  const result = spawnSync(command, args, { cwd, env: { ...env, ...extra }, encoding: 'utf8' })
  show(shown, result.stdout + result.stderr)
  return result
}

function show(command, output) {
  process.stdout.write(`\n${styleText('cyan', '$')} ${command}\n${output}`)
  return output
}

function claim(text, holds) {
  if (!holds) broken++
  process.stdout.write(
    holds ? `${styleText('green', '  ✓')} ${text}\n` : `${styleText('red', '  ✗ does not hold:')} ${text}\n`,
  )
}

function quoted(word) {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word}'`
}
