// Fails where an arrow between packages runs the wrong way, or a circle of files closes. CONTRIBUTING.md has the picture.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, join, posix } from 'node:path'
import { moduleReferences, type ModuleReference } from './module-references.ts'
import { fits, ROOMS, type Room, VENDOR_SDKS } from './rooms.ts'

/** A place that breaks a rule, as `file:line rule`. */
export interface Violation {
  readonly file: string
  readonly line: number
  readonly rule: string
}

interface Place {
  readonly room: Room
  /** Folder of the package, from the root. */
  readonly folder: string
  readonly packageName: string
  readonly file: string
}

/** Checks every source file under `root`; tests may import what they like. */
export function checkImports(root: string): Violation[] {
  const violations: Violation[] = []
  const edges = new Map<string, string[]>()
  const onceIn = new Map<string, { place: Place; line: number }[]>()
  const providerDependencies = dependenciesOfProviders(root)

  for (const file of globSync('{packages,apps,examples}/*/src/**/*.{ts,mts,js,mjs}', { cwd: root }).toSorted()) {
    const folder = file.split('/').slice(0, 2).join('/')
    const room = ROOMS.find((candidate) => fits(candidate.folder, folder))
    if (room === undefined) {
      violations.push({ file, line: 1, rule: `${folder} has no row in tools/rooms.ts` })
      continue
    }
    const place: Place = { room, folder, file, packageName: packageName(root, folder) }
    const targets: string[] = []
    edges.set(file, targets)
    for (const reference of moduleReferences(file, readFileSync(join(root, file), 'utf8'))) {
      const { specifier, line } = reference
      const rule = brokenRule(place, reference, providerDependencies)
      if (rule !== undefined) violations.push({ file, line, rule })
      if (specifier === undefined) continue
      if (specifier.startsWith('.')) targets.push(posix.join(posix.dirname(file), specifier))
      const builtin = builtinName(specifier)
      if (builtin !== undefined && room.once?.includes(builtin)) {
        const key = `${folder} ${builtin}`
        onceIn.set(key, [...(onceIn.get(key) ?? []), { place, line }])
      }
    }
  }
  for (const [key, uses] of onceIn) {
    const files = [...new Set(uses.map((use) => use.place.file))]
    if (files.length === 1) continue
    const builtin = key.split(' ')[1]
    const rule = `node:${builtin} belongs in one file of ${uses[0]?.place.folder}; it is in ${files.map((file) => basename(file)).join(', ')}`
    for (const { place, line } of uses) violations.push({ file: place.file, line, rule })
  }
  return [...violations, ...circles(edges)]
}

function brokenRule(place: Place, reference: ModuleReference, vendors: ReadonlySet<string>): string | undefined {
  const { room, folder, packageName: own } = place
  const { specifier, how } = reference
  if (how === 'process') return room.process === true ? undefined : `${folder} may not touch process`
  if (how === 'require') return `${folder} is an ES module: import, not require`
  if (specifier === undefined) {
    return folder === 'apps/cli' || place.file === 'packages/provider-testkit/src/node/node-probe.ts'
      ? undefined
      : `${folder} may import() only a literal, so that it can be seen what is loaded`
  }
  if (how === 'export *' && basename(place.file) === 'index.ts')
    return 'an index.ts is a list of named exports, without export *'
  if (specifier.startsWith('.')) return brokenRelativeRule(place, specifier)
  const builtin = builtinName(specifier)
  if (builtin !== undefined) {
    if (!specifier.startsWith('node:')) return `write node:${specifier}`
    if (builtin === 'process') return brokenProcessRule(room, folder, reference)
    return room.builtins === 'all' || room.builtins.includes(builtin)
      ? undefined
      : `${folder} may not import ${specifier}`
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (name === own) return `${own} is this package: import the file that holds it`
  if (name.startsWith('@stackseal/') || name === 'stackseal') {
    if (specifier !== name) return `import ${name}, not a file inside it`
    if (room.lazily?.some((pattern) => fits(pattern, name))) {
      return how === 'import' ? `${folder} may load ${name} only by import()` : undefined
    }
    return room.workspace.includes(name) ? undefined : `${folder} may not import ${name}`
  }
  return brokenPackageRule(room, folder, name, how, vendors)
}

function brokenProcessRule({ process }: Room, folder: string, { names }: ModuleReference): string | undefined {
  if (process === true) return undefined
  if (process === false) return `${folder} may not import node:process`
  const others = names.filter((name) => !process.includes(name))
  const allowed = names.length > 0 && others.length === 0
  return allowed ? undefined : `${folder} may import only ${process.join(' and ')} from node:process`
}

function brokenRelativeRule({ file, folder }: Place, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(file), specifier)
  if (target === `${folder}/package.json`) return undefined
  if (!target.startsWith(`${folder}/src/`))
    return `${specifier} leaves the sources of ${folder}: import a package by its name`
  return target === `${folder}/src/index.ts` ? 'nobody imports the index.ts of their own package' : undefined
}

function brokenPackageRule(
  room: Room,
  folder: string,
  name: string,
  how: ModuleReference['how'],
  vendors: ReadonlySet<string>,
): string | undefined {
  if (room.packages === 'any') return undefined
  if (room.packages === 'no vendor SDK') {
    const isVendors = vendors.has(name) || VENDOR_SDKS.some((pattern) => fits(pattern, name))
    return isVendors ? `${folder} may not import ${name}: an SDK belongs in its provider` : undefined
  }
  if (room.packages === 'own SDK by import()') {
    return how === 'import()' || how === 'import type' ? undefined : `${folder} may load ${name} only by import()`
  }
  return room.packages.includes(name) ? undefined : `${folder} may not import ${name}`
}

/** `node:fs/promises` is `fs`; undefined for a package from elsewhere. */
function builtinName(specifier: string): string | undefined {
  return isBuiltin(specifier) ? specifier.replace(/^node:/, '').split('/')[0] : undefined
}

function packageName(root: string, folder: string): string {
  return (readManifest(join(root, folder, 'package.json')) as { name: string }).name
}

function dependenciesOfProviders(root: string): Set<string> {
  const names = globSync('packages/provider-*/package.json', { cwd: root }).flatMap((file) =>
    Object.keys((readManifest(join(root, file)) as { dependencies?: Record<string, string> }).dependencies ?? {}),
  )
  return new Set(names.filter((name) => !name.startsWith('@stackseal/')))
}

function readManifest(file: string): unknown {
  if (!existsSync(file)) throw new Error(`${dirname(file)} has no package.json`)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Each circle once, beginning at its first file. Types count: a circle of types is still one that a reader runs in. */
function circles(edges: ReadonlyMap<string, readonly string[]>): Violation[] {
  const found = new Map<string, Violation>()
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) {
      const circle = path.slice(start)
      const key = circle.toSorted().join(' ')
      const rule = `a circle: ${[...circle, file].join(' → ')}`
      if (!found.has(key)) found.set(key, { file, line: 1, rule })
      return
    }
    if (done.has(file)) return
    for (const target of edges.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return [...found.values()]
}

if (import.meta.main) {
  const violations = checkImports(join(import.meta.dirname, '..'))
  for (const { file, line, rule } of violations) console.log(`${file}:${line} ${rule}`)
  console.log(
    violations.length === 0 ? 'imports: every arrow runs the right way' : `imports: ${violations.length} broken`,
  )
  process.exitCode = violations.length === 0 ? 0 : 1
}
