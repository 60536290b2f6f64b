import { parseSync } from 'oxc-parser'

/** One place where a file names another module, or the global `process`. */
export interface ModuleReference {
  /** As written; undefined for an `import()` or `require()` of something computed. */
  readonly specifier: string | undefined
  readonly how: 'import' | 'import type' | 'import()' | 'export *' | 'require' | 'process'
  readonly line: number
  /** What an import statement names in the module; `default` and `*` among them. Empty for everything else. */
  readonly names: readonly string[]
}

interface Syntax {
  readonly type: string
  readonly start: number
  readonly [property: string]: unknown
}

/** Every place of a TypeScript or JavaScript file where it names a module, types included, or the global `process`. */
export function moduleReferences(file: string, text: string): ModuleReference[] {
  const { program, errors } = parseSync(file, text)
  if (errors.length > 0) throw new Error(`${file} can not be parsed: ${errors[0]?.message}`)
  const found: ModuleReference[] = []
  const add = (node: Syntax, how: ModuleReference['how'], specifier: unknown): void => {
    const line = text.slice(0, node.start).split('\n').length
    found.push({ how, line, specifier: literal(specifier), names: importedNames(node) })
  }
  walk(program as unknown as Syntax, (node, parent, property) => {
    if (node.type === 'ImportDeclaration') add(node, isTypeOnly(node) ? 'import type' : 'import', node['source'])
    if (node.type === 'ExportAllDeclaration') add(node, 'export *', node['source'])
    if (node.type === 'ExportNamedDeclaration' && isSyntax(node['source'])) {
      add(node, node['exportKind'] === 'type' ? 'import type' : 'import', node['source'])
    }
    if (node.type === 'ImportExpression') add(node, 'import()', node['source'])
    if (node.type === 'TSImportType') add(node, 'import type', node['source'] ?? node['argument'])
    if (node.type === 'CallExpression' && isIdentifier(node['callee'], 'require')) {
      add(node, 'require', (node['arguments'] as unknown[])[0])
    }
    if (isProcess(node, parent, property)) add(node, 'process', undefined)
  })
  return found
}

function importedNames(node: Syntax): string[] {
  if (node.type !== 'ImportDeclaration') return []
  return (node['specifiers'] as readonly Syntax[]).map((specifier) => {
    if (specifier.type === 'ImportDefaultSpecifier') return 'default'
    if (specifier.type === 'ImportNamespaceSpecifier') return '*'
    return (specifier['imported'] as { readonly name: string }).name
  })
}

function isTypeOnly(node: Syntax): boolean {
  if (node['importKind'] === 'type') return true
  const specifiers = node['specifiers'] as readonly Syntax[]
  return specifiers.length > 0 && specifiers.every((specifier) => specifier['importKind'] === 'type')
}

/** `process` itself, or `globalThis.process`; not a property or a key that happens to be called so. */
function isProcess(node: Syntax, parent: Syntax | undefined, property: string): boolean {
  if (isIdentifier(node, 'process')) {
    const named = ['property', 'key', 'imported', 'local', 'label'].includes(property)
    return !named || parent?.['computed'] === true || parent?.['shorthand'] === true
  }
  if (node.type !== 'MemberExpression') return false
  const ofGlobal = isIdentifier(node['object'], 'globalThis') || isIdentifier(node['object'], 'global')
  return ofGlobal && (isIdentifier(node['property'], 'process') || literal(node['property']) === 'process')
}

function isIdentifier(value: unknown, name: string): boolean {
  return isSyntax(value) && value.type === 'Identifier' && value['name'] === name
}

function literal(value: unknown): string | undefined {
  if (!isSyntax(value)) return undefined
  if (value.type === 'TSLiteralType') return literal(value['literal'])
  return value.type === 'Literal' && typeof value['value'] === 'string' ? value['value'] : undefined
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

function walk(node: Syntax, visit: (node: Syntax, parent: Syntax | undefined, property: string) => void): void {
  const pending: [Syntax, Syntax | undefined, string][] = [[node, undefined, '']]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [current] = next
    visit(...next)
    for (const [property, value] of Object.entries(current)) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (isSyntax(child)) pending.push([child, current, property])
      }
    }
  }
}
