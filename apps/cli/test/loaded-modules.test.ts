import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SIMPLE, simpleProject } from './support/project.ts'
import { folder, stackseal } from './support/stackseal.ts'

/** Has Node write down every module that is loaded, at the end, into a file. */
const HOOK = `
  import { writeFileSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({
    load(url, context, next) {
      loaded.push(url)
      return next(url, context)
    },
  })
  process.on('exit', () => writeFileSync(process.env.LOADED_MODULES, loaded.join('\\n')))
`

/** The names of the files that a command loads, sorted; Node's own modules are left out. */
async function loadedBy(args: readonly string[], cwd: string): Promise<string[]> {
  const file = join(folder('modules'), 'loaded')
  const { exit } = await stackseal(args, {
    cwd,
    env: { ...SIMPLE, LOADED_MODULES: file },
    node: [`--import=data:text/javascript,${encodeURIComponent(HOOK)}`],
  })
  expect(exit).toBe(0)
  const urls = readFileSync(file, 'utf8').split('\n')
  return urls
    .filter((url) => url.startsWith('file:'))
    .map((url) => url.replace(/^.*\//, ''))
    .toSorted()
}

test.each([
  ['--version'],
  ['--help'],
  ['config get --help'],
  ['config'],
  ['config get plain'],
  ['config get password'],
  ['config set region x'],
  ['stack ls'],
  ['inspect'],
])('what is loaded by %s', async (line) => {
  expect(await loadedBy(line.split(' '), simpleProject().folder)).toMatchSnapshot()
})

test('the YAML parser is loaded for a file that is not in plain block style, and for no other', async () => {
  const { folder: cwd, file } = simpleProject()
  expect(await loadedBy(['config'], cwd)).not.toContain('yaml.mjs')
  writeFileSync(file, 'config: {vec:a: b}\n')
  expect(await loadedBy(['config'], cwd)).toContain('yaml.mjs')
})
