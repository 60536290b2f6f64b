import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isStacksealError, StacksealError } from '@stackseal/core'
import type { Provider } from '@stackseal/core'
import { errorCode } from './error-code.ts'

/** What a package that holds a provider says of itself, without being loaded. */
export interface ModuleManifest {
  /** The text of its package.json. */
  readonly text: string
  /** Real path of the package's folder. */
  readonly folder: string
  readonly version: string | undefined
  /** The schemes that it declares; undefined where it declares none. */
  readonly schemes: readonly string[] | undefined
}

/** A provider module, found and not yet loaded. */
export interface FoundModule {
  /** As it was named. */
  readonly name: string
  /** Undefined for a module that is named by its path. */
  readonly manifest: ModuleManifest | undefined
  readonly load: () => Promise<readonly Provider[]>
}

export interface ModulePlaces {
  /** Names of packages are looked up from here, as the project's own code would find them. */
  readonly projectFolder: string
  /** Paths start here. */
  readonly cwd: string
}

// A package's name, without a path into it: https://docs.npmjs.com/cli/configuring-npm/package-json#name
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/

/** Whether a text is the name of a package, and not a path or an address. */
export function isPackageName(text: string): boolean {
  return PACKAGE_NAME.test(text)
}

/**
 * Finds a provider module by the name of its package or by its path; nothing of it is loaded.
 * @throws ERR_UNKNOWN_PROVIDER where it is not there
 */
export function findModule(name: string, { projectFolder, cwd }: ModulePlaces): FoundModule {
  if (!isPackageName(name)) {
    const file = name.startsWith('file:') ? fileURLToPath(name) : resolve(cwd, name)
    const isPath = name.startsWith('file:') || name.startsWith('.') || isAbsolute(name)
    if (!isPath || !existsSync(file)) throw notThere(name, `there is no file ${file}`, 'check the path of the module')
    return { name, manifest: undefined, load: () => load(name, pathToFileURL(file).href, undefined, projectFolder) }
  }
  const manifest = packageManifest(name, projectFolder)
  if (manifest === undefined) {
    throw notThere(name, `it is not installed in ${projectFolder}`, `install it there: npm install ${name}`)
  }
  return { name, manifest, load: () => load(name, name, manifest.folder, projectFolder) }
}

/** The manifest of a package as Node would find it from a folder: in its node_modules, or in one above. */
export function packageManifest(name: string, from: string): ModuleManifest | undefined {
  for (let at = realpathSync(from); ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name)
    const file = join(folder, 'package.json')
    if (existsSync(file)) {
      const text = readFileSync(file, 'utf8')
      const { version, stackseal: ours } = parsed(text)
      const schemes = field(ours, 'schemes')
      return {
        text,
        folder: realpathSync(folder),
        version: typeof version === 'string' ? version : undefined,
        schemes: Array.isArray(schemes) ? schemes.filter((scheme) => typeof scheme === 'string') : undefined,
      }
    }
    if (dirname(at) === at) return undefined
  }
}

/** The package that a project suggests for a scheme, in the package.json beside its Pulumi.yaml. */
export function suggestedModules(projectFolder: string): ReadonlyMap<string, string> {
  const file = join(projectFolder, 'package.json')
  if (!existsSync(file)) return new Map()
  const providers = field(parsed(readFileSync(file, 'utf8'))['stackseal'], 'providers')
  if (typeof providers !== 'object' || providers === null) return new Map()
  // A path would be code of the checkout itself, for which no package.json stands.
  return new Map(
    Object.entries(providers).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && isPackageName(entry[1]),
    ),
  )
}

/**
 * Loads a module as code of the project would. `import()`, `createRequire` and `import.meta.resolve` all start at the
 * caller's own file, which lies elsewhere where the command line is installed globally; only a hook can say otherwise.
 */
async function load(
  name: string,
  specifier: string,
  packageFolder: string | undefined,
  projectFolder: string,
): Promise<readonly Provider[]> {
  const parentURL = pathToFileURL(join(realpathSync(projectFolder), 'package.json')).href
  const hooks = registerHooks({
    resolve(wanted, context, next) {
      if (wanted !== specifier || context.parentURL !== import.meta.url) return next(wanted, context)
      const resolved = next(wanted, { ...context, parentURL })
      if (packageFolder !== undefined && !isInside(packageFolder, resolved.url)) {
        throw new StacksealError('ERR_PROVIDER_INVALID', `the package ${name} leads to a file outside of it`)
      }
      return resolved
    },
  })
  let exported: unknown
  try {
    const module: unknown = await import(specifier)
    exported = field(module, 'default')
    // What a compiler made of `export default` for require().
    if (isObject(exported) && !('contract' in exported) && 'default' in exported) exported = exported['default']
  } catch (error) {
    if (isStacksealError(error)) throw error
    throw new StacksealError(
      'ERR_PROVIDER_FAILED',
      `the provider module ${name} could not be loaded: ${kindOf(error)}`,
      {
        hint: `see what "node -e 'import(${JSON.stringify(name)})'" says in ${projectFolder}`,
        details: { module: name },
        cause: error,
      },
    )
  } finally {
    hooks.deregister()
  }
  const providers: readonly unknown[] = Array.isArray(exported) ? exported : [exported]
  for (const provider of providers) checkShape(provider, name)
  if (providers.length === 0) throw invalid(name, 'its default export is an empty list')
  return providers as readonly Provider[]
}

/** What can be seen before the registry checks the rest: that it is a provider at all, of a contract that is known. */
function checkShape(provider: unknown, name: string): void {
  if (!isObject(provider)) throw invalid(name, 'its default export is neither a provider nor a list of them')
  if (provider['contract'] !== 1) {
    throw invalid(
      name,
      `its provider follows contract ${JSON.stringify(provider['contract']) ?? 'none'}, and this version knows contract 1`,
      'update stackseal, or take another version of the module',
    )
  }
  const { schemes } = provider
  const isList = Array.isArray(schemes) && schemes.length > 0 && schemes.every((scheme) => typeof scheme === 'string')
  if (!isList) throw invalid(name, 'its provider has no list of schemes')
}

function notThere(module: string, what: string, hint: string): StacksealError {
  return new StacksealError('ERR_UNKNOWN_PROVIDER', `the provider module ${module} can not be found: ${what}`, {
    hint,
    details: { module },
  })
}

function invalid(module: string, reason: string, hint?: string): StacksealError {
  return new StacksealError('ERR_PROVIDER_INVALID', `the module ${module} is no provider module: ${reason}`, {
    hint: hint ?? 'its default export has to be one provider, or a list of them; see docs/provider-guide.md',
    details: { module },
  })
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return errorCode(error) ?? error.constructor.name
}

function isInside(folder: string, url: string): boolean {
  return url.startsWith('file:') && realpathSync(fileURLToPath(url)).startsWith(folder + sep)
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {} // a package.json that is no JSON says nothing
  }
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
