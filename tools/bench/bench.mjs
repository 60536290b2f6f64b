// Times the built command line beside the real Pulumi, as whole processes in turn (ours, theirs, ours, …), checks what
// each of them answered, and prints medians and the ratio of each pair. `--runs N` (7), `--only TEXT` (of a row's name), `--write` puts the table into
// docs/performance.md. Needs Python 3, for the system's own accounting of a finished process.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Envelope, Registry, parseKeyUrl } from '../../packages/core/dist/index.mjs'
import { passphrase } from '../../packages/provider-passphrase/dist/index.mjs'
import { LocalstackKms, localstackKms } from '../services/localstack-kms.ts'
import { OpenBao, openbao } from '../services/openbao.ts'
import { changeOfConfig, manyStacks } from './change-cases.mjs'
import { stateCases, throughPipe } from './state-cases.mjs'

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean' },
  },
})
const RUNS = Number(flags.runs)
const MANY = 10_000
const root = fileURLToPath(new URL('../../', import.meta.url))
const cli = join(root, 'apps/cli/dist/stackseal.mjs')
const pulumi = process.env.STACKSEAL_PULUMI ?? join(root, '.cache/pulumi/pulumi')
const measure = fileURLToPath(new URL('measure.py', import.meta.url))

// In the repository's ignored folder: below a shared one, such as /tmp, the command line keeps no compiled code.
mkdirSync(join(root, '.cache'), { recursive: true })
const place = mkdtempSync(join(root, '.cache/bench-'))
const project = join(place, 'project')
const env = {
  PATH: process.env.PATH,
  HOME: place,
  PULUMI_HOME: join(place, 'pulumi'),
  PULUMI_BACKEND_URL: `file://${join(place, 'backend')}`,
  PULUMI_CONFIG_PASSPHRASE: 'bench',
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  XDG_CACHE_HOME: join(place, 'cache'),
  STACKSEAL_STATE_DIR: join(place, 'state'),
}

const ON_SERVICE = '`config get` of a secret, on'
const PIPE = 'through a pipe'
const MANY_STACKS = 'stack files under'

const servers = []
try {
  mkdirSync(project, { recursive: true })
  mkdirSync(join(place, 'backend'))
  writeFileSync(join(project, 'Pulumi.yaml'), 'name: bench\nruntime: yaml\n')
  await stackFile('one', 1)
  await stackFile('many', MANY)
  for (const stack of ['one', 'many'])
    execFileSync(pulumi, ['stack', 'init', stack, '--no-select'], { cwd: project, env })
  const isWanted = (name) => name.includes(flags.only)
  const world = { place, project, env, cli, pulumi, measure, only: flags.only }
  const cases = [...CASES(), changeOfConfig(world, 'many', MANY), ...stateCases(world)]
  if (isWanted(ON_SERVICE)) cases.push(await onVault(), await onAws())
  const lines = isWanted(PIPE) ? [throughPipe(world)] : []
  if (isWanted(MANY_STACKS)) lines.push(...(await manyStacks(world)))
  report(cases.filter(({ name }) => isWanted(name)).map(compare), lines)
} finally {
  for (const server of servers) await server.stop()
  rmSync(place, { recursive: true, force: true })
}

function CASES() {
  const listing = (text) => {
    const values = Object.values(JSON.parse(text))
    return values.length === MANY && values.every(({ value }, i) => typeof value === 'string' && i >= 0)
  }
  return [
    { name: '`--version`', ours: ['--version'], theirs: ['version'], right: (text) => /^v?\d+\.\d+\.\d+/.test(text) },
    { name: '`--help`', ours: ['--help'], theirs: ['--help'], right: (text) => text.includes('config') },
    {
      name: '`config get` of a secret, 1 in the file',
      both: ['config', 'get', '-s', 'one', 'key0'],
      right: (text) => text === 'value 0\n',
      goals: { cpu: 0.6, memory: 0.6 },
    },
    {
      name: `\`config get\` of a secret, ${MANY.toLocaleString('en')} in the file`,
      both: ['config', 'get', '-s', 'many', 'key77'],
      right: (text) => text === 'value 77\n',
      goals: { cpu: 0.3, memory: 0.6 },
    },
    {
      name: `\`config --show-secrets --json\`, ${MANY.toLocaleString('en')} secrets`,
      both: ['config', '-s', 'many', '--show-secrets', '--json'],
      right: listing,
      goals: { cpu: 0.3, memory: 0.6 },
    },
    {
      name: `\`config set --secret\` into ${MANY.toLocaleString('en')}`,
      both: ['config', 'set', '-s', 'many', '--secret', 'key77', 'changed'],
      changes: 'many',
      goals: { cpu: 0.3, memory: 0.6 },
    },
  ]
}

async function onVault() {
  await openbao.install()
  const bao = await OpenBao.start()
  servers.push(bao)
  await bao.api('POST', 'transit/keys/bench', {})
  const access = { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.token }
  return ofService('vault', 'hashivault://bench', access, { name: `Vault (${openbao.name})`, cpu: 0.9 })
}

async function onAws() {
  await localstackKms.install()
  const aws = await LocalstackKms.start()
  servers.push(aws)
  await aws.admin('eu-west-1').createKey('bench')
  const access = {
    AWS_ENDPOINT_URL: aws.address,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: aws.caller.id,
    AWS_SECRET_ACCESS_KEY: aws.caller.secret,
  }
  return ofService('aws', 'awskms://alias/bench', access, { name: `AWS KMS (${localstackKms.name})`, cpu: 0.75 })
}

/** A stack on a key service, which both command lines open. */
function ofService(stack, keyUrl, access, { name, cpu }) {
  Object.assign(env, access)
  const options = { cwd: project, env }
  execFileSync(process.execPath, [cli, 'stack', 'init', stack, '--secrets-provider', keyUrl], options)
  execFileSync(process.execPath, [cli, 'config', 'set', '-s', stack, '--secret', 'key0', 'value 0'], options)
  return {
    name: `\`config get\` of a secret, on ${name}`,
    both: ['config', 'get', '-s', stack, 'key0'],
    right: (text) => text === 'value 0\n',
    goals: { cpu },
  }
}

async function stackFile(stack, count) {
  const registry = new Registry([passphrase()])
  const envelope = await Envelope.create(parseKeyUrl('passphrase:'), registry, { env })
  const secrets = await envelope.encryptAll(Array.from({ length: count }, (_, i) => `value ${i}`))
  const config = secrets.map((text, i) => `  bench:key${i}:\n    secure: ${text}\n`).join('')
  writeFileSync(
    join(project, `Pulumi.${stack}.yaml`),
    `encryptionsalt: ${envelope.sealedKey.sealed}\nconfig:\n${config}`,
  )
}

function compare(test) {
  test.prepare?.()
  const pairs = []
  for (let run = -1; run < RUNS; run++) {
    const ours = once(test, 'ours', process.execPath, [cli, ...(test.both ?? test.ours)])
    const theirs = once(test, 'theirs', pulumi, test.both ?? test.theirs)
    if (run >= 0) pairs.push({ ours, theirs })
  }
  const bare = test.ours?.[0]?.startsWith('--')
    ? Array.from({ length: RUNS }, () => once({ right: () => true }, 'bare', process.execPath, ['-e', '0']))
    : undefined
  return { ...test, pairs, bare }
}

function once({ name, right, changes, oursEnv, theirsInput, after }, who, command, args) {
  const answer = join(place, 'answer')
  const file = changes && join(project, `Pulumi.${changes}.yaml`)
  if (file) copyFileSync(file, join(place, 'before'))
  const input = who === 'theirs' ? theirsInput : undefined
  const measured = spawnSync('python3', [measure, answer, command, ...args], {
    cwd: project,
    env: { ...env, ...(who === 'ours' ? oursEnv : {}), ...(input === undefined ? {} : { MEASURE_STDIN: '1' }) },
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  })
  if (measured.status !== 0) throw new Error(`python3 could not measure: ${measured.stderr}`)
  const result = JSON.parse(measured.stdout)
  const text = readFileSync(answer, 'utf8')
  if (result.exit !== 0) throw new Error(`${name}: ${command} ended with ${result.exit}: ${measured.stderr}`)
  if (right && !right(text, who)) throw new Error(`${name}: ${command} answered wrongly: ${text.slice(0, 200)}`)
  if (file) {
    const got = execFileSync(process.execPath, [cli, 'config', 'get', '-s', changes, 'key77'], {
      cwd: project,
      env,
      encoding: 'utf8',
    })
    if (got !== 'changed\n') throw new Error(`${name}: ${command} did not change the file`)
    copyFileSync(join(place, 'before'), file)
  }
  after?.()
  return result
}

function report(results, more) {
  const lines = [
    '| command | CPU s, ours / Pulumi | ratio | wall s, ours / Pulumi | ratio | MiB, ours / Pulumi | ratio | goals |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...results.map(({ name, pairs, goals }) => {
      const cell = (what, unit, digits) => {
        const [ours, theirs] = ['ours', 'theirs'].map((who) => median(pairs.map((pair) => pair[who][what])) / unit)
        return `${ours.toFixed(digits)} / ${theirs.toFixed(digits)} | ${ratio(pairs, what).toFixed(2)}`
      }
      const missed = Object.entries(goals ?? {}).filter(([what, goal]) => ratio(pairs, what) > goal)
      const goal =
        goals === undefined
          ? ''
          : `${goalsText(goals)}: ${missed.length === 0 ? 'met' : `missed (${missed.map(([what]) => what).join(', ')})`}`
      return `| ${name} | ${cell('cpu', 1, 3)} | ${cell('wall', 1, 3)} | ${cell('memory', 1024, 0)} | ${goal} |`
    }),
    '',
    ...results
      .filter(({ bare }) => bare)
      .map(({ name, pairs, bare }) => {
        const over = 1000 * (median(pairs.map(({ ours }) => ours.cpu)) - median(bare.map(({ cpu }) => cpu)))
        return `${name} costs ${over.toFixed(0)} ms CPU over bare Node (\`node -e 0\`, ${(1000 * median(bare.map(({ cpu }) => cpu))).toFixed(0)} ms); the goal is 15 ms: ${over <= 15 ? 'met' : 'missed'}.`
      }),
    ...more,
  ]
  const table = lines.join('\n')
  process.stdout.write(`${table}\n`)
  if (!flags.write) return
  const version = execFileSync(pulumi, ['version'], { env, encoding: 'utf8' }).trim()
  const facts = `Node ${process.versions.node}, Pulumi ${version}, ${cpus().length} cores, ${RUNS} pairs, ${new Date().toISOString().slice(0, 10)}.`
  const page = join(root, 'docs/performance.md')
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replace(/(<!-- bench -->\n)[\s\S]*(<!-- \/bench -->)/, `$1\n${facts}\n\n${table}\n\n$2`))
}

function goalsText({ cpu, wall, memory }) {
  return Object.entries({ CPU: cpu, wall, memory })
    .filter(([, goal]) => goal !== undefined)
    .map(([what, goal]) => `${what} ${goal}`)
    .join(', ')
}

function ratio(pairs, what) {
  return median(pairs.map(({ ours, theirs }) => ours[what] / theirs[what]))
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
