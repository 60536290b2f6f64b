import { moduleTrust } from '@stackseal/stack'
import { realpathSync } from 'node:fs'
import type { Invocation } from '../command.ts'
import { findModule, packageManifest, suggestedModules } from '../provider-module.ts'
import { projectFolder } from '../provider-registry.ts'
import { BUILT_IN_PROVIDERS } from '../providers.ts'
import { textWidth } from '../text-width.ts'

interface Row {
  /** Undefined where only loading the module would tell. */
  readonly scheme: string | undefined
  readonly module: string
  readonly from: 'stackseal' | '--provider' | 'STACKSEAL_PROVIDERS' | 'package.json'
  /** Whether it is used, and if not why. */
  readonly state: 'built in' | 'named' | 'trusted' | 'changed' | 'not trusted' | 'not installed' | 'ignored: built in'
}

const BUILT_IN = BUILT_IN_PROVIDERS.flatMap(({ schemes }) => schemes)

/** Lists the schemes that can be opened, and where the provider of each comes from. Nothing is loaded. */
export async function run(invocation: Invocation): Promise<void> {
  const { options, env, terminal } = invocation
  const folder = await projectFolder(options.cwd)
  const rows: readonly Row[] = [
    ...BUILT_IN_PROVIDERS.flatMap(({ schemes, module }) =>
      schemes.map((scheme): Row => ({ scheme, module, from: 'stackseal', state: 'built in' })),
    ),
    ...options.providers.flatMap(({ module, from }) => {
      const { manifest } = findModule(module, { projectFolder: folder, cwd: options.cwd })
      const schemes: readonly (string | undefined)[] = manifest?.schemes ?? [undefined]
      return schemes.map((scheme): Row => ({ scheme, module, from, state: isBuiltIn(scheme) ?? 'named' }))
    }),
    ...[...suggestedModules(folder)].map(([scheme, module]): Row => ({
      scheme,
      module,
      from: 'package.json',
      state: isBuiltIn(scheme) ?? suggestionState(module, folder, env),
    })),
  ]
  if (options.json) {
    terminal.out(
      `${JSON.stringify(
        rows.map((row) => ({ ...row, scheme: row.scheme ?? null })),
        undefined,
        2,
      )}\n`,
    )
    return
  }
  const header = ['SCHEME', 'MODULE', 'FROM', 'STATE']
  const cells = rows.map(({ scheme, module, from, state }) =>
    [scheme ?? '?', module, from, state].map((text) => terminal.cell(text)),
  )
  terminal.out(aligned([header, ...cells]))
}

function isBuiltIn(scheme: string | undefined): 'ignored: built in' | undefined {
  return scheme !== undefined && BUILT_IN.includes(scheme) ? 'ignored: built in' : undefined
}

function suggestionState(module: string, folder: string, env: Invocation['env']): Row['state'] {
  const manifest = packageManifest(module, folder)
  if (manifest === undefined) return 'not installed'
  return moduleTrust({ project: realpathSync(folder), module }, manifest.text, env)
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => textWidth(row[column] ?? ''))))
  return rows
    .map((row) => {
      const padded = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - textWidth(cell)))
      return `${padded.join('  ').trimEnd()}\n`
    })
    .join('')
}
