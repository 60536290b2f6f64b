// `npm run test:runtimes`: the suite on every line of Node that the packages support, from the oldest version on. What
// the packages take of each other is what was built, as it will be published; each readme's example runs there too.
import { execFile, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { arch, argv, env, execPath, exit, platform } from 'node:process'

const ROOT = join(import.meta.dirname, '../..')
const CACHE = join(ROOT, '.cache/runtimes')
const NODES = join(import.meta.dirname, 'nodes')
const REPORTS = join(ROOT, '.reports')
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')

// What things cost is bounded on the pinned Node, by npm test: here it is whether they work.
const WORKS = ['--testNamePattern', '^(?!.*(takes twice the time|a text of twice the length))']

// `--short`, as CI runs it: every library but for the longest, and of the command line what shows that each family of
// commands works. The pinned Node is left out, because npm test is there.
const IS_SHORT = argv.includes('--short')
const SHORT: Readonly<Record<string, readonly string[]>> = {
  'apps/cli': ['config', 'stack', 'encrypt-decrypt', 'file-forms', 'key-service', 'third-party', 'doctor', 'help'],
  'packages/provider-passphrase': ['vectors'],
}
/** Suites that run side by side. */
const AT_ONCE = 2

interface Runtime {
  readonly name: string
  readonly node: string
}

const runtimes = [...installed(), ...(IS_SHORT ? [] : [{ name: 'the pinned Node', node: execPath }])]
const folders = globSync('{packages,apps}/*/package.json', { cwd: ROOT })
  .map((file) => dirname(file))
  .toSorted()
for (const report of globSync('runtime-*.json', { cwd: REPORTS })) rmSync(join(REPORTS, report))
let failures = 0
const work = runtimes.flatMap((runtime) => {
  const version = spawnSync(runtime.node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  const path = [folderOf(runtime), env['PATH'] ?? ''].join(delimiter)
  return folders.map((folder) => ({ runtime, version, path, folder }))
})
await Promise.all(Array.from({ length: AT_ONCE }, workOff))
exit(failures === 0 && work.length === 0 ? 0 : 1)

async function workOff(): Promise<void> {
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    const { runtime, version, path, folder } = next
    const start = performance.now()
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const isWhole = await runSuite(runtime, folder, version, path)
    const example = runExample(runtime, folder, path)
    if (!isWhole || example !== undefined) failures++
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    console.log(`${version}  ${folder}: ${isWhole ? 'passed' : 'FAILED'}${example ?? ''} (${seconds} s)`)
  }
}

/** The other Nodes, from the npm registry, with the hashes of their lockfile. */
function installed(): Runtime[] {
  const manifest = readFileSync(join(NODES, 'package.json'), 'utf8')
  if (platform !== 'linux' || arch !== 'x64') {
    console.log(
      `only the pinned Node is tried here: the others are for Linux on x64, and this is ${platform} on ${arch}`,
    )
    return []
  }
  mkdirSync(CACHE, { recursive: true })
  for (const file of ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']) {
    copyFileSync(join(NODES, file), join(CACHE, file))
  }
  const { status } = spawnSync('pnpm', ['install', '--frozen-lockfile', '--silent'], { cwd: CACHE, stdio: 'inherit' })
  if (status !== 0) {
    console.error('the other Nodes could not be installed')
    exit(1)
  }
  const names = Object.keys((JSON.parse(manifest) as { dependencies: object }).dependencies)
  return names.map((name) => ({ name, node: join(CACHE, 'node_modules', name, 'bin/node') }))
}

/** A folder in which `node` is this runtime, for what tests start. */
function folderOf({ name, node }: Runtime): string {
  const folder = join(CACHE, 'path', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  symlinkSync(node, join(folder, 'node'))
  return folder
}

function runSuite({ node }: Runtime, folder: string, version: string, path: string): Promise<boolean> {
  const report = join(REPORTS, `runtime-${version}-${basename(folder)}.json`)
  const files = IS_SHORT ? (SHORT[folder] ?? []).map((name) => `test/${name}.test.ts`) : []
  const settings = ['--config', join(ROOT, 'vitest.config.ts'), '--root', '.', `--outputFile.json=${report}`, ...WORKS]
  return new Promise((resolve) => {
    execFile(
      node,
      [VITEST, 'run', ...files, ...settings],
      {
        cwd: join(ROOT, folder),
        env: { ...env, PATH: path, STACKSEAL_TEST_BUILT: '1' },
        encoding: 'utf8',
        maxBuffer: Infinity,
      },
      (error, stdout, stderr) => {
        if (error !== null) console.error(`${stdout}${stderr}`)
        resolve(error === null)
      },
    )
  })
}

/** The example of a readme, run where the workspace's own links lead to what was built. */
function runExample({ node }: Runtime, folder: string, path: string): string | undefined {
  const readme = join(ROOT, folder, 'README.md')
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : ''
  const [, code, expected] = /^```js\n(.*?)^```\n.*?^```text\n(.*?)^```$/ms.exec(text) ?? []
  if (code === undefined) return undefined
  const program = join(CACHE, 'program', basename(folder))
  const scope = join(program, 'node_modules/@stackseal')
  rmSync(program, { recursive: true, force: true })
  mkdirSync(scope, { recursive: true })
  for (const name of globSync('*', { cwd: join(ROOT, 'packages') })) {
    symlinkSync(join(ROOT, 'packages', name), join(scope, name))
  }
  const file = join(program, `${basename(folder)}.mjs`)
  writeFileSync(file, code)
  const { stdout, stderr } = spawnSync(node, [file], { cwd: program, env: { ...env, PATH: path }, encoding: 'utf8' })
  return stdout === expected ? undefined : `; its readme's example printed:\n${stdout}${stderr}`
}
