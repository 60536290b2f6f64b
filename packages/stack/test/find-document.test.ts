import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { findDocument } from '../src/document/find-document.ts'
import { parseYamlDocument } from '../src/document/yaml-parser.ts'

const CORE = new URL('../../core/src/index.ts', import.meta.url).href
const FINDER = new URL('../src/document/find-document.ts', import.meta.url).href

/** Says in a process of its own whether reading a text loads the YAML library. */
function loadsYaml(text: string): boolean {
  const script = `
    import { registerHooks } from 'node:module'
    let loads = false
    registerHooks({
      resolve(name, context, next) {
        loads ||= name === 'yaml'
        return next(name === '@stackseal/core' ? ${JSON.stringify(CORE)} : name, context)
      },
    })
    const { findDocument } = await import(${JSON.stringify(FINDER)})
    await findDocument(${JSON.stringify(text)})
    process.stdout.write(String(loads))`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--experimental-strip-types', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  )
  if (stdout !== 'true' && stdout !== 'false') throw new Error(stderr)
  return stdout === 'true'
}

describe('findDocument', () => {
  it('loads the YAML library only for a file that is not in plain block style', () => {
    expect(loadsYaml('config:\n  proj:a: b\n')).toBe(false)
    expect(loadsYaml('config: {proj:a: b}\n')).toBe(true)
  })

  it.each(['a: b\n', 'a: [b]\n', ''])('gives the same tree for %j as the parser', async (text) => {
    expect(await findDocument(text)).toStrictEqual(await parseYamlDocument(text))
  })

  it('refuses what is not YAML', async () => {
    await expect(findDocument('a: b: c\n')).rejects.toMatchObject({
      code: 'ERR_MALFORMED_FILE',
      message: 'line 1 is not valid YAML: a colon has no key before it in its line',
      details: { line: 1, column: 5 },
    })
  })
})
