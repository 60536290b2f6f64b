import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A package of this workspace as `pnpm pack` makes it for the registry. */
export interface PackedPackage {
  /** Absolute path of the package's folder. */
  readonly folder: string
  readonly manifest: Manifest
  readonly tarball: string
  /** Paths inside the package, from its root. */
  readonly files: readonly string[]
  /** Bytes. */
  readonly unpackedSize: number
}

/** Packs a package into the folder `destination`. */
export function packPackage(folder: string, destination: string): PackedPackage {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const result = run('pnpm', ['pack', '--json', '--pack-destination', destination], folder)
  if (result.problem !== undefined) throw new Error(`${manifest.name} can not be packed:\n${result.problem}`)
  const packed = JSON.parse(result.output) as { filename: string; files: { path: string }[] }
  const files = packed.files.map(({ path }) => path)
  const unpackedSize = files.reduce((sum, path) => sum + statSync(join(folder, path)).size, 0)
  return { folder, manifest, tarball: packed.filename, files, unpackedSize }
}

/** Runs a command; `problem` is everything it printed where it did not exit with 0. */
export function run(
  command: string,
  commandArguments: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): { readonly output: string; readonly problem: string | undefined } {
  // What npm passes to its scripts must not steer an npm that is started here for another folder.
  const environment = Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^npm_(?:config_local_prefix|config_prefix|package_|lifecycle_|command)/.test(name),
    ),
  )
  const result = spawnSync(command, commandArguments, { cwd: folder, encoding: 'utf8', env: environment })
  const failed = result.error !== undefined || result.status !== 0
  const ending = result.error?.message ?? `${command} exited with ${result.status ?? result.signal}`
  return { output: result.stdout, problem: failed ? `${result.stdout}${result.stderr}${ending}` : undefined }
}
