// Packs every package as for the registry, looks at what is in it, installs it with npm into empty folders outside the
// repository, and uses it from there.
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { checkPassphraseAlone } from './check-passphrase-alone.ts'
import { checkThirdParty } from './check-third-party.ts'
import { Checks } from './checks.ts'
import { type Manifest, type PackedPackage, packPackage, run } from './packed-package.ts'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')
const LARGEST_CLI_BYTES = 15_000_000

const checks = new Checks()
const work = mkdtempSync(join(realpathSync(tmpdir()), 'stackseal-packages-'))
try {
  const packages = globSync('{packages,apps,examples}/*/package.json', { cwd: ROOT })
    .toSorted()
    .filter((file) => (JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Manifest).private !== true)
    .map((file) => packPackage(join(ROOT, dirname(file)), work))
  for (const packed of packages) await checkContents(packed)
  checkLibraries(packages.filter(({ manifest }) => manifest.exports?.['.'] !== undefined))
  for (const packed of packages.filter(({ manifest }) => manifest.bin !== undefined)) checkCommand(packed)
  checkPassphraseAlone(checks, packages, work)
  checkThirdParty(checks, packages, work)
} finally {
  rmSync(work, { recursive: true })
}
checks.finish(ROOT, 'packages')

async function checkContents({ manifest, files, tarball }: PackedPackage): Promise<void> {
  const { name } = manifest
  const absent = ['LICENSE', 'README.md', 'package.json'].filter((file) => !files.includes(file))
  checks.add(`${name}: has its licence and readme`, absent.length === 0 ? undefined : `missing: ${absent.join(', ')}`)
  const others = files.filter((file) => !/^(?:dist\/.+|LICENSE|README\.md|CHANGELOG\.md|package\.json)$/.test(file))
  checks.add(`${name}: holds what was built and nothing else`, others.length === 0 ? undefined : others.join('\n'))

  const bytes = readFileSync(tarball)
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer }, level: 'suggestion' })
  const told = messages.map((message) => formatMessage(message, pkg) ?? message.code)
  checks.add(`${name}: publint finds nothing`, told.length === 0 ? undefined : told.join('\n'))

  if (manifest.exports?.['.'] === undefined) return
  const { problem } = run(join(BIN, 'attw'), [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'], work)
  checks.add(`${name}: its types resolve (attw)`, problem)
}

/** All libraries together in one folder, as a program that uses them has them; each readme's example is that program. */
function checkLibraries(libraries: readonly PackedPackage[]): void {
  const folder = join(work, 'program')
  mkdirSync(folder)
  const tarballs = Object.fromEntries(libraries.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
  const program = { name: 'program', private: true, type: 'module', dependencies: tarballs, overrides: tarballs }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(program))
  const { problem } = run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], folder)
  checks.add('npm installs the libraries', problem)
  if (problem !== undefined) return

  const imports = libraries.map(({ manifest }, index) => `export * as package${index} from '${manifest.name}'\n`)
  writeFileSync(join(folder, 'all.ts'), imports.join(''))
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--lib',
    'esnext,dom',
    '--types',
    '',
  ]
  checks.add(
    'their declarations hold without any other types',
    run(join(BIN, 'tsc'), [...options, 'all.ts'], folder).problem,
  )

  for (const { manifest, folder: source } of libraries) {
    checks.add(`${manifest.name}: the example in its readme prints what it says`, exampleProblem(source, folder))
  }
}

/** Runs the first ```js block of a package's readme; it must print the ```text block that follows. */
function exampleProblem(source: string, folder: string): string | undefined {
  const readme = readFileSync(join(source, 'README.md'), 'utf8')
  const [, code, expected] = /^```js\n(.*?)^```\n.*?^```text\n(.*?)^```$/ms.exec(readme) ?? []
  if (code === undefined || expected === undefined) return 'README.md has no js example with its output as text'
  const file = `${basename(source)}.js`
  writeFileSync(join(folder, file), code)
  const { output, problem } = run('node', [file], folder)
  if (problem !== undefined) return problem
  return output === expected ? undefined : `printed:\n${output}the readme says:\n${expected}`
}

/** The command line, installed as a person installs it. */
function checkCommand({ manifest, tarball, unpackedSize }: PackedPackage): void {
  const { name, version } = manifest
  const prefix = join(work, 'prefix')
  const { problem } = run('npm', ['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund', tarball], work)
  checks.add(`${name}: npm installs it`, problem)
  if (problem !== undefined) return
  const installed = readdirSync(join(prefix, 'lib/node_modules'))
  const nested = globSync(`lib/node_modules/${name}/node_modules/*`, { cwd: prefix })
  const extra = [...installed.filter((folder) => folder !== name), ...nested]
  checks.add(`${name}: brings no other package`, extra.length === 0 ? undefined : extra.join('\n'))

  const megabytes = (unpackedSize / 1_000_000).toFixed(2)
  console.log(`        ${name} is ${megabytes} MB unpacked`)
  const bound = `it is ${megabytes} MB, and may be ${LARGEST_CLI_BYTES / 1_000_000}`
  checks.add(`${name}: is small enough`, unpackedSize > LARGEST_CLI_BYTES ? bound : undefined)

  const command = join(prefix, 'bin', name)
  const told = run(command, ['--version'], work)
  const rightVersion = told.output.includes(version) ? undefined : `--version printed ${told.output}, not ${version}`
  checks.add(`${name} --version`, told.problem ?? rightVersion)
  const help = run(command, ['--help'], work)
  checks.add(
    `${name} --help`,
    help.problem ?? (help.output.includes(`${name} `) ? undefined : `it printed ${help.output}`),
  )
}
