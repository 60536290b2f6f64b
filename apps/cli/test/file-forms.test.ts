import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { SIMPLE } from './support/project.ts'
import { folder } from './support/stackseal.ts'
import type { Ran } from './support/stackseal.ts'

interface Form {
  readonly name: string
  /** The project file, whose ending is that of the stack files beside it. */
  readonly project: string
  /** `--config-file`, if the stack file is not the stack's own. */
  readonly configFile?: string
  readonly stackFile: string
}

const FORMS: readonly Form[] = [
  { name: 'a project with .yaml', project: 'Pulumi.yaml', stackFile: 'Pulumi.dev.yaml' },
  { name: 'a project with .yml', project: 'Pulumi.yml', stackFile: 'Pulumi.dev.yml' },
  { name: 'a project with .json', project: 'Pulumi.json', stackFile: 'Pulumi.dev.json' },
  { name: '--config-file with .json', project: 'Pulumi.yaml', configFile: 'other.json', stackFile: 'other.json' },
  { name: '--config-file with .yml', project: 'Pulumi.json', configFile: 'sub/other.yml', stackFile: 'sub/other.yml' },
  { name: '--config-file with .yaml', project: 'Pulumi.json', configFile: 'x.yaml', stackFile: 'x.yaml' },
]

/** A folder with a project of a form, whose stack dev has a key; and a command line that works on it. */
async function begin({ project, configFile, stackFile }: Form): Promise<{
  readonly at: string
  readonly run: (...args: readonly string[]) => Promise<Ran>
  readonly text: () => string
}> {
  const at = folder('form')
  mkdirSync(join(at, 'sub'))
  // YAML takes JSON as it is.
  writeFileSync(join(at, project), '{"name": "vec", "runtime": "yaml"}\n')
  const before = configFile === undefined ? [] : ['--config-file', configFile]
  const run = async (...args: readonly string[]): Promise<Ran> =>
    inProcess([...before, ...args], { cwd: at, env: { ...SIMPLE, PULUMI_STACK: 'dev' } })
  const made = await inProcess(['stack', 'init', 'dev', '--no-select'], { cwd: at, env: SIMPLE })
  expect(made.exit).toBe(0)
  if (configFile !== undefined) {
    const [own = ''] = readdirSync(at).filter((name) => name.startsWith('Pulumi.dev.'))
    const salt = /v1:[^\s"]+/.exec(readFileSync(join(at, own), 'utf8'))?.[0] ?? ''
    rmSync(join(at, own))
    const isJson = stackFile.endsWith('.json')
    writeFileSync(join(at, stackFile), isJson ? `{"encryptionsalt":"${salt}"}` : `encryptionsalt: ${salt}\n`)
  }
  return { at, run, text: () => readFileSync(join(at, stackFile), 'utf8') }
}

const done = { exit: 0, stdout: '', stderr: '' }

describe.each(FORMS)('$name', (form) => {
  const isJson = form.stackFile.endsWith('.json')

  test('is made, changed and read by every command on a configuration', async () => {
    const { at, run, text } = await begin(form)
    expect(readdirSync(join(at, form.stackFile, '..'))).toContain(form.stackFile.split('/').at(-1))
    const before = readdirSync(at)
    expect(await run('config', 'set', 'region', 'eu-west-1')).toEqual(done)
    expect(await run('config', 'set', '--secret', 'token', 'hunter3')).toEqual(done)
    expect(await run('config', 'set', '--path', 'db.port', '5432')).toEqual(done)
    expect(await run('config', 'set', '--type', 'bool', 'on', 'true')).toEqual(done)
    const pairs = ['--plaintext', 'a=1', '--secret', 'b=2', '--plaintext', 'aws:region=us-east-1']
    expect(await run('config', 'set-all', ...pairs)).toEqual(done)
    expect(await run('config', 'rm', 'on')).toEqual(done)
    expect(await run('config', 'rm-all', 'a')).toEqual(done)
    expect((await run('config', 'get', 'token')).stdout).toBe('hunter3\n')
    expect((await run('config', 'get', '--path', 'db.port')).stdout).toBe('5432\n')
    const shown = JSON.parse((await run('config', '--json', '--show-secrets')).stdout) as object
    expect(shown).toEqual({
      'aws:region': { value: 'us-east-1', secret: false },
      'vec:b': { value: '2', secret: true },
      'vec:db': { value: '{"port":5432}', objectValue: { port: 5432 }, secret: false },
      'vec:region': { value: 'eu-west-1', secret: false },
      'vec:token': { value: 'hunter3', secret: true },
    })
    expect(text()).not.toContain('hunter3')
    const fields = isJson ? Object.keys(JSON.parse(text()) as object) : [...text().matchAll(/^\w+/gm)].map(String)
    expect(fields).toEqual(['encryptionsalt', 'config'])
    expect(readdirSync(at)).toEqual(before)
  })

  test('keeps every byte outside a change', async () => {
    const { at, run, text } = await begin(form)
    const salt = /v1:[^\s"]+/.exec(text())?.[0] ?? ''
    const before = isJson
      ? `{ "unknown":[1,2 ],\n\n  "config": {"vec:a" : "old", "vec:b":"x"},\n"encryptionsalt":"${salt}"}`
      : `# head\nunknown: [1,2 ]\n\nconfig:\n    "vec:a": "old"   # note\n    vec:b:   x\nencryptionsalt: ${salt}`
    writeFileSync(join(at, form.stackFile), before)
    expect(await run('config', 'set', 'a', 'new')).toEqual(done)
    expect(text()).toBe(before.replace('old', 'new'))
    expect(await run('config', 'set', '--secret', 'b', 'hidden')).toEqual(done)
    const [head = '', tail = ''] = before.replace('old', 'new').split(/ *"x"| {3}x/)
    expect(text().startsWith(head)).toBe(true)
    expect(text().endsWith(tail)).toBe(true)
    expect((await run('config', 'get', 'b')).stdout).toBe('hidden\n')
  })

  test('a refusal names the file and leaves it', async () => {
    const { at, run, text } = await begin(form)
    writeFileSync(join(at, form.stackFile), isJson ? '{"config":{"vec:a":1,}}' : 'config:\n  vec:a: [1\n')
    const before = text()
    const { exit, stderr } = await run('config', 'set', 'a', 'x')
    const name = form.stackFile.split('/').at(-1) ?? ''
    expect(stderr).toContain(`${name} can not be read`)
    expect(stderr).toContain('(ERR_MALFORMED_FILE)')
    expect(exit).toBe(3)
    expect(text()).toBe(before)
  })
})

test.each(FORMS.filter(({ configFile }) => configFile === undefined))(
  'a copy goes between two stacks of $name, with their environments',
  async (form) => {
    const { at, run } = await begin(form)
    await run('stack', 'init', 'prod', '--no-select')
    await run('config', 'set', '--secret', 'token', 'hunter3')
    const file = join(at, form.stackFile)
    const environments = form.stackFile.endsWith('.json')
      ? readFileSync(file, 'utf8').replace(/\n\}\n$/, ',\n    "environment": [\n        "one"\n    ]\n}\n')
      : `${readFileSync(file, 'utf8')}environment:\n  - one\n`
    writeFileSync(file, environments)
    expect(await run('config', 'cp', '--dest', 'prod')).toEqual(done)
    expect((await run('config', 'get', 'token', '-s', 'prod')).stdout).toBe('hunter3\n')
    const prod = readFileSync(join(at, form.stackFile.replace('dev', 'prod')), 'utf8')
    expect(prod.slice(prod.indexOf('environment'))).toBe(environments.slice(environments.indexOf('environment')))
  },
)
