import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

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
          // Of some packages two versions are bundled.
          .map((each) => [`${each.name} ${each.version}`, each]),
      )
      const entries = [...packages.values()]
        .toSorted((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
        .map((each) => `${each.name} ${each.version} (${each.license})\n\n${each.text.trim()}\n`)
      this.emitFile({ type: 'asset', fileName: FILE, source: [HEAD, ...entries].join(`\n${'-'.repeat(80)}\n`) })
    },
  }
}

function packageOf(module: string): Bundled {
  const [, folder] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(module) ?? []
  if (folder === undefined) throw new Error(`no package holds ${module}`)
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { name, version } = manifest
  const license = typeof manifest.license === 'object' ? manifest.license.type : manifest.license
  const text = licenseText(folder, license)
  if (text === undefined) throw new Error(`${name} has no licence that could be told`)
  return { name, version, license: license ?? 'see below', text }
}

interface Manifest extends Omit<Bundled, 'license' | 'text'> {
  readonly license?: string | { readonly type: string }
}

/** The licence as the package gives it: in a file, or at the end of its readme; some name the Apache licence and give none. */
function licenseText(folder: string, license: string | undefined): string | undefined {
  const names = readdirSync(folder)
  const file = names.find((name) => /^licen[cs]e(\.|-|$)/i.test(name))
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8')
  const readme = names.find((name) => /^readme(\.|$)/i.test(name))
  const [told] = /Copyright \(c\)[^]*Permission is hereby granted[^]*$/i.exec(
    readme === undefined ? '' : readFileSync(join(folder, readme), 'utf8'),
  ) ?? [undefined]
  if (told !== undefined) return told
  return license === 'Apache-2.0' ? readFileSync(join(import.meta.dirname, 'LICENSE'), 'utf8') : undefined
}
