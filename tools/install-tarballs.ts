import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PackedPackage, run } from './packed-package.ts'

/** Installs packed packages with npm into an empty folder outside the repository; gives what went wrong. */
export function installTarballs(
  folder: string,
  packages: readonly PackedPackage[],
  names: readonly string[],
): string | undefined {
  const chosen = packages.filter(({ manifest }) => names.includes(manifest.name))
  const tarballs = Object.fromEntries(chosen.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
  // What one needs of another is not in the registry yet.
  const manifest = { name: 'program', private: true, type: 'module', dependencies: tarballs, overrides: tarballs }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  return run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], folder).problem
}
