import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checks } from './checks.ts'
import { installTarballs } from './install-tarballs.ts'
import { type PackedPackage, run } from './packed-package.ts'

const MODULE = 'stackseal-provider-age'
const VALUE = 'correct horse'
const SET = ['config', 'set', '--secret', 'token', VALUE] as const
const GET = ['config', 'get', 'token'] as const

/**
 * A provider that somebody else publishes, as they and their users have it: the packed example in a project outside the
 * repository, beside the packed core, used by the command line that is installed globally under another prefix.
 */
export function checkThirdParty(checks: Checks, packages: readonly PackedPackage[], work: string): void {
  const project = join(work, 'third-party/project')
  const home = join(work, 'third-party/home')
  for (const folder of [project, home]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(project, 'Pulumi.yaml'), 'name: proj\nruntime: yaml\n')
  const loaded = join(home, 'loaded')
  const command = join(work, 'prefix/bin/stackseal')
  const base = { PATH: process.env['PATH'], HOME: home, PULUMI_STACK: 'dev' }
  let env: NodeJS.ProcessEnv = base

  const stackseal = (line: readonly string[], more: NodeJS.ProcessEnv = {}): ReturnType<typeof run> =>
    run(command, line, project, { ...env, ...more })
  const works = (
    name: string,
    line: readonly string[],
    expected: string | undefined,
    more?: NodeJS.ProcessEnv,
  ): void => {
    const { output, problem } = stackseal(line, more)
    const answer = expected === undefined || output === expected ? undefined : `it printed ${output}`
    checks.add(`${MODULE}: ${name}`, problem ?? answer)
  }
  /** It fails, and says all of this. */
  const refused = (name: string, line: readonly string[], ...texts: readonly string[]): void => {
    const { output, problem } = stackseal(line)
    const absent = texts.filter((text) => problem?.includes(text) !== true)
    const told = problem ?? `it did not fail, and printed ${output}`
    checks.add(`${MODULE}: ${name}`, absent.length === 0 ? undefined : `${told}\nwithout: ${absent.join(', ')}`)
  }
  const suggest = (providers: Readonly<Record<string, string>>): void => {
    const file = join(project, 'package.json')
    const manifest: object = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
    writeFileSync(file, JSON.stringify({ ...manifest, stackseal: { providers } }))
  }
  const notLoaded = (name: string): void => {
    checks.add(`${MODULE}: ${name}`, existsSync(loaded) ? 'the module was loaded' : undefined)
    rmSync(loaded, { force: true })
  }

  const stranger = ['stack', 'init', 'dev', '--secrets-provider', 'age:?recipient=age1nobody']
  refused(
    'where nothing is named, the hint says what to install and where to name it',
    stranger,
    'ERR_UNKNOWN_PROVIDER',
    'stackseal-provider',
    '--provider MODULE or STACKSEAL_PROVIDERS',
  )
  refused(
    'where it is named and not there, the hint says what to install',
    [...stranger, '--provider', MODULE],
    'ERR_UNKNOWN_PROVIDER',
    `npm install ${MODULE}`,
  )
  suggest({ age: MODULE })
  refused(
    'where it is suggested and not there, too',
    stranger,
    'ERR_UNKNOWN_PROVIDER',
    `npm install ${MODULE}`,
    `stackseal trust --module ${MODULE}`,
  )

  const installed = installTarballs(project, packages, ['@stackseal/core', MODULE])
  if (installed !== undefined) return checks.add(`${MODULE}: npm installs it beside core`, installed)
  // The module itself says when it is loaded.
  const line = `\nif (process.env.LOADED) (await import('node:fs')).writeFileSync(process.env.LOADED, '')\n`
  appendFileSync(join(project, 'node_modules', MODULE, 'dist/index.mjs'), line)
  const make = `import { generateIdentity, identityToRecipient } from 'age-encryption'
const identity = await generateIdentity()
console.log(identity + ' ' + (await identityToRecipient(identity)))`
  const [identity = '', recipient = ''] = run('node', ['--input-type=module', '--eval', make], project)
    .output.trim()
    .split(' ')
  env = { ...base, STACKSEAL_AGE_KEY: identity, LOADED: loaded }
  const url = `age:?recipient=${recipient}`
  const byVariable = { STACKSEAL_PROVIDERS: MODULE }
  works(
    'stack init, by --provider',
    ['stack', 'init', 'dev', '--secrets-provider', url, '--provider', MODULE],
    undefined,
  )
  works('config set, by --provider', [...SET, '--provider', MODULE], undefined)
  works('config get, by --provider', [...GET, '--provider', MODULE], `${VALUE}\n`)
  works('config get, by STACKSEAL_PROVIDERS', GET, `${VALUE}\n`, byVariable)
  works('config set, by STACKSEAL_PROVIDERS', SET, undefined, byVariable)
  rmSync(loaded, { force: true })

  suggest({ age: MODULE })
  refused(
    "a package.json's suggestion alone is refused, and says how to trust it",
    GET,
    'ERR_MODULE_NOT_TRUSTED',
    `stackseal trust --module ${MODULE}`,
  )
  notLoaded("a package.json's suggestion alone loads nothing")
  works('stackseal trust --module', ['trust', '--module', MODULE], undefined)
  notLoaded('trusting a module does not load it')
  works('config get, after it was trusted', GET, `${VALUE}\n`)
  works('stackseal trust --module --remove', ['trust', '--module', MODULE, '--remove'], undefined)
  rmSync(loaded, { force: true })
  refused('and no more after that', GET, 'ERR_MODULE_NOT_TRUSTED')

  suggest({ passphrase: MODULE, awskms: MODULE })
  works('stackseal trust --module, again', ['trust', '--module', MODULE], undefined)
  rmSync(join(project, 'Pulumi.dev.yaml'))
  const passphrase = { PULUMI_CONFIG_PASSPHRASE: 'a passphrase' }
  works(
    'a suggestion for a built-in scheme changes nothing: stack init',
    ['stack', 'init', 'dev'],
    undefined,
    passphrase,
  )
  works('a suggestion for a built-in scheme changes nothing: config set', SET, undefined, passphrase)
  works('a suggestion for a built-in scheme changes nothing: config get', GET, `${VALUE}\n`, passphrase)
  notLoaded('a suggestion for a built-in scheme loads nothing')
}
