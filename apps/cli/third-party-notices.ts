import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Bundled {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly text: string
}

interface OutputFile {
  readonly type: string
  readonly moduleIds?: readonly string[]
}

interface NoticesPlugin {
  readonly name: string
  generateBundle(
    this: { emitFile(file: { type: 'asset'; fileName: string; source: string }): unknown },
    options: unknown,
    bundle: Readonly<Record<string, OutputFile>>,
  ): void
}

const FILE = 'THIRD-PARTY-NOTICES.txt'
const HEAD = 'stackseal contains the following packages of others, under their licences.\n'

/** A plugin that lists every package whose code is in the bundle, each with its licence, and fails where one has none. */
export function thirdPartyNotices(): NoticesPlugin {
  return {
    name: 'third-party-notices',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((file) => file.moduleIds ?? [])
      const packages = new Map(
        modules
          .filter((id) => id.includes('node_modules'))
          .map((id) => packageOf(id))
          .map((each) => [each.name, each]),
      )
      const entries = [...packages.values()]
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map((each) => `${each.name} ${each.version} (${each.license})\n\n${each.text.trim()}\n`)
      this.emitFile({ type: 'asset', fileName: FILE, source: [HEAD, ...entries].join(`\n${'-'.repeat(80)}\n`) })
    },
  }
}

function packageOf(module: string): Bundled {
  let folder = dirname(module)
  for (;;) {
    const manifest = manifestOf(folder)
    if (manifest !== undefined) {
      const file = readdirSync(folder).find((name) => /^licen[cs]e(\.|$)/i.test(name))
      if (file === undefined) throw new Error(`${manifest.name} has no licence file`)
      return { ...manifest, text: readFileSync(join(folder, file), 'utf8') }
    }
    if (dirname(folder) === folder) throw new Error(`no package holds ${module}`)
    folder = dirname(folder)
  }
}

/** The manifest in a folder, if it is a package's own: some packages hold further ones, without a name, for module formats. */
function manifestOf(folder: string): Omit<Bundled, 'text'> | undefined {
  const path = join(folder, 'package.json')
  if (!existsSync(path)) return undefined
  const { name, version, license }: Partial<Bundled> = JSON.parse(readFileSync(path, 'utf8'))
  return name === undefined || version === undefined ? undefined : { name, version, license: license ?? 'see below' }
}
