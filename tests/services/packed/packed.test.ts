import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Manifest, packPackage, run } from '../../../tools/packed-package.ts'
import { localstackCliService } from '../aws/aws-cli-services.ts'
import { azureCliService } from '../azure/azure-cli-service.ts'
import type { CliService } from '../cli/cli-service.ts'
import { ServiceStack } from '../cli/service-stack.ts'
import { googleCliService } from '../google/google-cli-service.ts'
import { leakRecord } from '../leaks/leak-record.ts'
import { vaultCliService } from '../vault/vault-cli-service.ts'

const ROOT = join(import.meta.dirname, '../../..')
const NOTE_CALLERS = `--import=${new URL('note-callers.mjs', import.meta.url).href}`
interface Noted {
  readonly packages: readonly string[]
  readonly agents: readonly string[]
}

// How a request shows that the SDK has made it, in the version that package.json names: node-vault stands in the calls
// that lead to it; between the others and their requests lie promises, but they name themselves.
const SERVICES = [
  {
    provider: 'provider-vault',
    make: 'vault',
    sdk: 'node-vault',
    isOfSdk: ({ packages }: Noted): boolean => packages.includes('node-vault'),
    start: vaultCliService,
  },
  {
    provider: 'provider-awskms',
    make: 'awsKms',
    sdk: '@aws-sdk/client-kms',
    isOfSdk: ({ agents }: Noted, v: string): boolean =>
      agents.some((agent) => new RegExp(`^aws-sdk-js/${majorOf(v)} .*api/kms#${majorOf(v)}.* stackseal/`).test(agent)),
    start: localstackCliService,
  },
  {
    provider: 'provider-azurekv',
    make: 'azureKeyVault',
    sdk: '@azure/keyvault-keys',
    isOfSdk: ({ agents }: Noted, v: string): boolean =>
      agents.some((agent) => new RegExp(`^stackseal/.*azsdk-js-keyvault-keys/${v}`).test(agent)),
    start: azureCliService,
  },
  {
    provider: 'provider-gcpkms',
    make: 'gcpKms',
    sdk: '@google-cloud/kms',
    isOfSdk: ({ agents }: Noted, v: string): boolean =>
      agents.some((agent) => new RegExp(`gapic/${v} .*stackseal/`).test(agent)),
    start: googleCliService,
  },
] as const

// This SDK names itself by the version before its own.
function majorOf(version: string): string {
  return `${version.split('.')[0]}\\.\\d+\\.\\d+`
}

const programOf = (
  provider: string,
  make: string,
): string => `import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { ${make} } from '@stackseal/${provider}'

const registry = new Registry([${make}()])
const context = { env: process.env }
const made = await Envelope.create(parseKeyUrl(process.argv[2]), registry, context)
const opened = await Envelope.open(made.sealedKey, registry, context)
console.log(await opened.decrypt(await made.encrypt('correct horse')))
await registry.close()
`

let work: string
let command: string
const packed = (folder: string): { readonly manifest: Manifest; readonly tarball: string } =>
  packPackage(join(ROOT, folder), work)
const npm = (folder: string, ...line: readonly string[]): void => {
  const given = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...line]
  const { problem } = run('npm', given, folder)
  if (problem !== undefined) throw new Error(problem)
}

beforeAll(() => {
  // Outside of the repository: nothing of its node_modules may be found.
  work = mkdtempSync(join(realpathSync(tmpdir()), 'stackseal-packed-'))
  const prefix = join(work, 'prefix')
  npm(work, '--global', '--prefix', prefix, packed('apps/cli').tarball)
  command = join(prefix, 'lib/node_modules/stackseal/dist/stackseal.mjs')
})
afterAll(() => rmSync(work, { recursive: true }))

describe.each(SERVICES)('$provider', ({ provider, make, sdk, isOfSdk, start }) => {
  let service: CliService
  beforeAll(async () => {
    service = await start()
    leakRecord.keepSecret(...service.secrets)
  })
  afterAll(() => service.stop())

  test('installed alone with core, makes and opens a key through the SDK that its package.json names', async () => {
    const folder = join(work, provider)
    mkdirSync(folder)
    const [core, own] = [packed('packages/core'), packed(`packages/${provider}`)]
    const version = own.manifest.dependencies?.[sdk] ?? 'none'
    const dependencies = { '@stackseal/core': `file:${core.tarball}`, [own.manifest.name]: `file:${own.tarball}` }
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ private: true, type: 'module', dependencies, overrides: dependencies }),
    )
    npm(folder)
    expect(readdirSync(join(folder, 'node_modules/@stackseal')).toSorted()).toEqual(['core', provider])

    const callers = join(folder, 'callers.jsonl')
    writeFileSync(join(folder, 'program.js'), programOf(provider, make))
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      ...service.env,
      NODE_OPTIONS: `${service.env['NODE_OPTIONS'] ?? ''} ${NOTE_CALLERS}`.trim(),
      STACKSEAL_TEST_CALLERS: callers,
    }
    const child = spawn(process.execPath, ['program.js', service.keyUrl], { cwd: folder, env, stdio: 'pipe' })
    const output: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk))
    await new Promise((resolve) => child.on('close', resolve))
    expect(Buffer.concat(output).toString()).toBe('correct horse\n')

    const calls = readFileSync(callers, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): Noted => JSON.parse(line))
    // Azure's sign-in has an SDK of its own.
    expect(calls.filter((call) => isOfSdk(call, version)).length).toBeGreaterThan(1)
    for (const { agents } of calls) expect(agents).toContainEqual(expect.stringContaining('stackseal/'))
  })

  test('is in the packed command line, which has no other package beside it', async () => {
    const stack = new ServiceStack(service, { program: command })
    await stack.do('stack', 'init', 'dev', '--secrets-provider', service.keyUrl)
    await stack.do('config', 'set', '--secret', 'token', 'battery staple')
    expect(await stack.do('config', 'get', 'token')).toBe('battery staple\n')
    expect(await stack.do('verify')).toContain('1 secret opens')
    stack.remove()
  })
})
