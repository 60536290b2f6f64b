// The rows of the bench about changing keys: of a stack with very many secrets in its configuration, and of very many stacks.
import { execFile, execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Envelope, parseKeyUrl, Registry } from '../../packages/core/dist/index.mjs'
import { vault } from '../../packages/provider-vault/dist/index.mjs'
import { CountingProxy } from '../../tests/services/counting-proxy.ts'
import { OpenBao, openbao } from '../services/openbao.ts'

const NEXT = 'the next passphrase'
const GOALS = { cpu: 0.25 }

/** The row of a change of the passphrase of a stack with `count` secrets in its file, and none in its state. */
export function changeOfConfig({ place, project, env, cli }, stack, count) {
  const files = [join(project, `Pulumi.${stack}.yaml`), join(place, 'backend/.pulumi/stacks/bench', `${stack}.json`)]
  const copies = files.map((_, i) => join(place, `${stack}-copy-${i}`))
  const shown = (passphrase) =>
    execFileSync(process.execPath, [cli, 'config', '-s', stack, '--show-secrets', '--json'], {
      cwd: project,
      env: { ...env, PULUMI_CONFIG_PASSPHRASE: passphrase },
      maxBuffer: 1 << 30,
    }).toString()
  let before
  return {
    name: `\`stack change-secrets-provider\`: a new passphrase, ${count.toLocaleString('en')} secrets in the file`,
    both: ['stack', 'change-secrets-provider', 'passphrase', '-s', stack],
    oursEnv: { STACKSEAL_NEW_PASSPHRASE: NEXT },
    theirsInput: `${NEXT}\n`,
    prepare: () => {
      before = shown(env.PULUMI_CONFIG_PASSPHRASE)
      files.forEach((file, i) => copyFileSync(file, copies[i]))
    },
    right: () => shown(NEXT) === before && before.split('"value ').length - 1 === count,
    after: () => copies.forEach((copy, i) => copyFileSync(copy, files[i])),
    goals: GOALS,
  }
}

const STACKS = 1_000
const KEYS = 3

/** Works on very many stack files that share a few sealed keys; gives lines about how often a key service was called. */
export async function manyStacks({ place, env, cli }) {
  await openbao.install()
  const bao = await OpenBao.start()
  let proxy
  try {
    for (const key of ['old', 'new']) await bao.api('POST', `transit/keys/${key}`, {})
    proxy = await CountingProxy.start(bao.address)
    const access = { VAULT_ADDR: proxy.address, VAULT_TOKEN: bao.token }
    const folder = join(place, 'stacks')
    await writeStacks(folder, access)
    const run = async (args) => {
      proxy.paths.length = 0
      const start = performance.now()
      const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args, '--json', '-q'], {
        cwd: place,
        env: { ...env, ...access },
        maxBuffer: 1 << 30,
      })
      const opens = (key) => proxy.paths.filter((path) => path.endsWith(`/decrypt/${key}`)).length
      return { answers: JSON.parse(stdout), opens, seconds: (performance.now() - start) / 1000 }
    }
    const line = (what, { answers, opens, seconds }, isRight) => {
      if (answers.length !== STACKS || !answers.every(isRight)) throw new Error(`${what} answered wrongly`)
      const count = opens('old')
      const goal = `the goal is ${KEYS}: ${count === KEYS ? 'met' : 'missed'}`
      return `\`${what}\` of ${STACKS.toLocaleString('en')} stack files under ${KEYS} sealed keys of ${openbao.name}: ${count} opens, ${seconds.toFixed(1)} s wall; ${goal}.`
    }
    const change = ['stack', 'change-secrets-provider', 'hashivault://new', 'stacks', '--config-only']
    const lines = [
      line('verify', await run(['verify', 'stacks']), isOpen),
      line('stack change-secrets-provider', await run(change), ({ outcome }) => outcome === 'changed'),
    ]
    const after = await run(['verify', 'stacks'])
    if (!after.answers.every(isOpen) || after.opens('new') !== STACKS) throw new Error('a changed stack does not open')
    return lines
  } finally {
    await proxy?.stop()
    await bao.stop()
  }
}

const isOpen = ({ ok, opened }) => ok && opened === 1

async function writeStacks(folder, access) {
  const registry = new Registry([vault()])
  const envelopes = []
  for (let i = 0; i < KEYS; i++) {
    envelopes.push(await Envelope.create(parseKeyUrl('hashivault://old'), registry, { env: access }))
  }
  await registry.close()
  for (let i = 0; i < STACKS; i++) {
    const file = join(folder, `p${i}/Pulumi.prod.yaml`)
    const envelope = envelopes[i % KEYS]
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(join(dirname(file), 'Pulumi.yaml'), `name: p${i}\nruntime: yaml\n`)
    const secret = await envelope.encrypt(`value ${i}`)
    writeFileSync(
      file,
      `secretsprovider: hashivault://old\nencryptedkey: ${envelope.sealedKey.sealed}\nconfig:\n  p${i}:token:\n    secure: ${secret}\n`,
    )
  }
}
