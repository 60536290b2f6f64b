import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestProject } from './project.ts'

/** Says on standard error that it was loaded, so that a test sees when it is. */
export const LOADED = 'the provider module was loaded'

/** The code of a provider that needs nothing: the data key lies in the sealed text, mixed with the name of its key. */
export function providerCode(
  schemes: readonly string[],
  { contract = 1 }: { readonly contract?: number } = {},
): string {
  return `
import { randomBytes } from 'node:crypto'
process.stderr.write('${LOADED}\\n')
const mixed = (url, bytes) => {
  const pad = Buffer.alloc(32, url.host + '\\0')
  return Uint8Array.from(bytes, (byte, i) => byte ^ pad[i])
}
const seal = (url, dataKey) => Buffer.from(mixed(url, dataKey)).toString('base64')
export default {
  contract: ${contract},
  name: 'Memo',
  schemes: ${JSON.stringify(schemes)},
  async createKey(url) {
    const dataKey = new Uint8Array(randomBytes(32))
    return { dataKey, sealed: seal(url, dataKey) }
  },
  async openKey(url, sealed) {
    return { dataKey: mixed(url, Buffer.from(sealed, 'base64')) }
  },
  async sealKey(url, dataKey) {
    return seal(url, dataKey)
  },
  describe: (url) => ({ key: url.host }),
}
`
}

export interface PackageOptions {
  readonly name?: string
  readonly schemes?: readonly string[]
  /** What package.json declares; what the code has if not given. */
  readonly declared?: readonly string[] | false
  readonly code?: string
}

/** Installs a package of ES modules alone into a project, as npm would. */
export function installProvider(
  on: TestProject,
  { name = 'stackseal-provider-memo', schemes = ['memo'], declared = schemes, code }: PackageOptions = {},
): string {
  const folder = join(on.folder, 'node_modules', name)
  mkdirSync(folder, { recursive: true })
  const manifest = {
    name,
    version: '1.2.3',
    type: 'module',
    // Only `import`: require() can not have it.
    exports: { '.': { import: './index.js' } },
    ...(declared === false ? {} : { stackseal: { contract: 1, schemes: declared } }),
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'index.js'), code ?? providerCode(schemes))
  return folder
}

/** Has the project's package.json suggest modules, by scheme. */
export function suggest(on: TestProject, providers: Readonly<Record<string, string>>): void {
  writeFileSync(join(dirname(on.file), 'package.json'), JSON.stringify({ stackseal: { providers } }))
}
