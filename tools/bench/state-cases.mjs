// The rows of the bench about states: stacks with very many secrets, which Pulumi makes of a document in clear.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const SIZES = [1_000, 10_000, 100_000]
const PER_RESOURCE = 10
const SIGNATURE = '"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"'
const GOALS = {
  export: { cpu: 0.4, memory: 0.25 },
  shown: { cpu: 0.4, memory: 0.333 },
  rekey: { cpu: 0.55, memory: 0.333 },
  change: { cpu: 0.55, wall: 0.45, memory: 0.333 },
}
/** What the goals are for. */
const LARGEST = SIZES.at(-1)
const CHANGE = 'stack change-secrets-provider passphrase'
const NEXT = 'the next passphrase'

/**
 * Makes the stacks; gives the rows. Whether an answer is right, is asked of a document that was exported in clear when the
 * stack was made.
 */
export function stateCases({ place, project, env, cli, pulumi, only }) {
  return SIZES.flatMap((secrets) => {
    const size = secrets.toLocaleString('en')
    const name = (command) => `\`${command}\`, ${size} secrets in the state`
    const names = ['stack export', 'stack export --show-secrets', 'stack import', 'state rekey', CHANGE].map(name)
    if (!names.some((each) => each.includes(only))) return []
    const stack = makeStack({ place, project, env, cli, pulumi, secrets })
    const goals = (which) => (secrets === LARGEST ? { goals: GOALS[which] } : {})
    return [
      {
        name: names[0],
        both: ['stack', 'export', '-s', stack.name],
        right: (text) => text === stack.sealed,
        ...goals('export'),
      },
      {
        name: names[1],
        both: ['stack', 'export', '-s', stack.name, '--show-secrets'],
        right: (text) => text === stack.shown,
        ...goals('shown'),
      },
      {
        name: names[2],
        both: ['stack', 'import', '-s', stack.name, '--file', stack.shownFile],
        right: () => stack.isWhole(),
        after: () => stack.restore(),
      },
      {
        // Beside it the only command of Pulumi that moves a state to another key, with a configuration without secrets.
        name: `${names[3]} (Pulumi: \`change-secrets-provider\`)`,
        ours: ['state', 'rekey', stack.sealedFile, '--to-stack-file', stack.nextFile],
        theirs: ['stack', 'change-secrets-provider', 'passphrase', '-s', stack.name],
        oursEnv: { STACKSEAL_NEW_PASSPHRASE: NEXT },
        theirsInput: `${NEXT}\n`,
        right: (text, who) => (who === 'ours' ? stack.isRekeyed(text) : stack.isChanged()),
        after: () => stack.restore(),
        ...goals('rekey'),
      },
      {
        name: names[4],
        both: ['stack', 'change-secrets-provider', 'passphrase', '-s', stack.name],
        oursEnv: { STACKSEAL_NEW_PASSPHRASE: NEXT },
        theirsInput: `${NEXT}\n`,
        right: () => stack.isChanged(),
        after: () => stack.restore(),
        ...goals('change'),
      },
    ]
  })
}

function makeStack({ place, project, env, cli, pulumi, secrets }) {
  const name = `state${secrets}`
  const folder = join(place, name)
  const at = (file) => join(folder, file)
  mkdirSync(folder)
  const options = { cwd: project, env, maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'pipe'] }
  const ours = (args, more = {}, input = '') =>
    execFileSync(process.execPath, [cli, ...args], { ...options, env: { ...env, ...more }, input }).toString()
  execFileSync(pulumi, ['stack', 'init', name, '--no-select'], options)
  const stackFile = join(project, `Pulumi.${name}.yaml`)
  const salt = /encryptionsalt: (\S+)/.exec(readFileSync(stackFile, 'utf8'))[1]
  writeFileSync(at('in.json'), documentInClear(name, secrets, salt))
  execFileSync(pulumi, ['stack', 'import', '-s', name, '--file', at('in.json')], options)
  const stateFile = join(place, 'backend/.pulumi/stacks/bench', `${name}.json`)
  const kept = [
    [stateFile, at('state')],
    [stackFile, at('stack-file')],
  ]
  for (const [from, to] of kept) copyFileSync(from, to)
  const exported = (flags) => execFileSync(pulumi, ['stack', 'export', '-s', name, ...flags], options).toString()
  const sealed = exported([])
  const shown = exported(['--show-secrets'])
  if (shown.split('"plaintext"').length - 1 !== secrets) throw new Error('Pulumi did not keep every secret')
  writeFileSync(at('sealed.json'), sealed)
  writeFileSync(at('shown.json'), shown)
  writeFileSync(at('Pulumi.yaml'), 'name: bench\nruntime: yaml\n')
  execFileSync(process.execPath, [cli, 'stack', 'init', 'next', '--no-select'], {
    ...options,
    cwd: folder,
    env: { ...env, PULUMI_CONFIG_PASSPHRASE: NEXT, PULUMI_BACKEND_URL: 's3://none' },
  })
  const next = { PULUMI_CONFIG_PASSPHRASE: NEXT }
  const same = (text) => withoutKey(text) === withoutKey(shown)
  return {
    name,
    sealed,
    shown,
    sealedFile: at('sealed.json'),
    shownFile: at('shown.json'),
    nextFile: at('Pulumi.next.yaml'),
    isWhole: () => ours(['stack', 'export', '-s', name, '--show-secrets', '-q']) === shown,
    isRekeyed: (text) => same(ours(['state', 'reveal', '-q'], next, text)),
    isChanged: () => same(ours(['stack', 'export', '-s', name, '--show-secrets', '-q'], next)),
    restore: () => kept.forEach(([file, copy]) => copyFileSync(copy, file)),
  }
}

const withoutKey = (text) => text.replace(/"salt": "[^"]*"/, '')
const oneSecret = (i, j) => `"secret${j}":{${SIGNATURE},"plaintext":"\\"value ${j} of thing ${i}\\""}`

const list = (i, from, to) => Array.from({ length: to - from }, (_, j) => oneSecret(i, from + j)).join(',')

/** A document of ten secrets a resource, in inputs and outputs. */
function documentInClear(stack, secrets, salt) {
  const parent = `urn:pulumi:${stack}::bench::pulumi:pulumi:Stack::bench-${stack}`
  const resources = Array.from(
    { length: secrets / PER_RESOURCE },
    (_, i) =>
      `{"urn":"urn:pulumi:${stack}::bench::pkg:index:Thing::thing${i}","custom":false,"type":"pkg:index:Thing",` +
      `"inputs":{"name":"thing${i}",${list(i, 0, 5)}},"outputs":{${list(i, 5, PER_RESOURCE)}},"parent":"${parent}"}`,
  )
  return (
    `{"version":3,"deployment":{"manifest":{"time":"2026-01-01T00:00:00Z","magic":"","version":""},` +
    `"secrets_providers":{"type":"passphrase","state":{"salt":"${salt}"}},` +
    `"resources":[{"urn":"${parent}","custom":false,"type":"pulumi:pulumi:Stack"},${resources.join(',')}],"metadata":{}}}`
  )
}

const PIPE_BYTES = 500 * 1000 * 1000
const PIPE_GOAL_MIB = 200

/** Re-keys a document of 500 MB through a pipe; gives a line about the peak of its memory. */
export function throughPipe({ place, project, env, cli, measure }) {
  const options = { cwd: project, env }
  execFileSync(process.execPath, [cli, 'stack', 'init', 'pipe', '--no-select'], { ...options, stdio: 'pipe' })
  const salt = /encryptionsalt: (\S+)/.exec(readFileSync(join(project, 'Pulumi.pipe.yaml'), 'utf8'))[1]
  const text = execFileSync(process.execPath, [cli, 'encrypt', '-s', 'pipe', '"a value"'], {
    ...options,
    stdio: 'pipe',
  })
  const file = join(place, 'large.json')
  const answer = join(place, 'large-answer.json')
  const secret = `"s":{${SIGNATURE},"ciphertext":"${text.toString().trim()}"}`
  const resource = `{"urn":"urn:pulumi:pipe::bench::pkg:index:Thing::thing","type":"pkg:index:Thing","outputs":{${secret}}},\n`
  const block = resource.repeat(2_000)
  const head = `{"version":3,"deployment":{"secrets_providers":{"type":"passphrase","state":{"salt":"${salt}"}},"resources":[`
  writeFileSync(file, head)
  const blocks = Math.ceil(PIPE_BYTES / block.length)
  for (let i = 0; i < blocks; i++) writeFileSync(file, block, { flag: 'a' })
  writeFileSync(file, `${resource.trimEnd().slice(0, -1)}]}}`, { flag: 'a' })
  const run = spawnSync(
    'sh',
    ['-c', 'cat "$1" | exec python3 "$2" "$3" "$4" "$5" state rekey -q --to-stack-file Pulumi.pipe.yaml'].concat([
      'sh',
      file,
      measure,
      answer,
      process.execPath,
      cli,
    ]),
    { ...options, env: { ...env, MEASURE_STDIN: '1' }, encoding: 'utf8' },
  )
  if (run.status !== 0) throw new Error(`the pipe could not be measured: ${run.stderr}`)
  const { cpu, memory, exit } = JSON.parse(run.stdout)
  if (exit !== 0) throw new Error(`state rekey in a pipe ended with ${exit}: ${run.stderr}`)
  const verified = spawnSync(process.execPath, [cli, 'state', 'verify', '--json', '-q', answer], {
    ...options,
    encoding: 'utf8',
  })
  const secrets = blocks * 2_000 + 1
  if (JSON.parse(verified.stdout).opened !== secrets)
    throw new Error(`state rekey in a pipe lost secrets: ${verified.stdout}`)
  for (const each of [file, answer]) rmSync(each)
  const mib = memory / 1024
  return `\`state rekey\` of a document of 500 MB with ${secrets.toLocaleString('en')} secrets through a pipe: at most ${mib.toFixed(0)} MiB, ${cpu.toFixed(0)} s CPU; the goal is ${PIPE_GOAL_MIB} MB: ${memory * 1024 <= PIPE_GOAL_MIB * 1e6 ? 'met' : 'missed'}.`
}
