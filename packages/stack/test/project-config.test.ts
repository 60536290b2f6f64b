import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { configJson, coverSecrets } from '../src/config/config-output.ts'
import { nodeFileSystem } from '../src/files/file-system.ts'
import { findProject } from '../src/project.ts'
import type { Stack } from '../src/stack.ts'
import { StackPlayground } from './stack-playground.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { rejectionOf, thrownBy } from './thrown-by.ts'

interface Row {
  readonly file: string
  readonly config: string
  readonly stack: string
  readonly loadError?: string
  readonly listing?: string
  readonly validationError?: string | null
}

const { rows } = JSON.parse(
  readFileSync(new URL('../../../vectors/pulumi/project-config.json', import.meta.url), 'utf8'),
) as { rows: readonly Row[] }

function projectText({ file, config }: Row): string {
  return file.endsWith('.json')
    ? `{"name":"proj","runtime":"yaml","config":${config}}`
    : `name: proj\nruntime: yaml\nconfig:\n${config}`
}

function open(row: Row): Promise<Stack> {
  const isJson = row.file.endsWith('.json')
  const none = isJson ? '"config": {}' : ''
  const given = isJson ? `"config": ${row.stack}` : `config:\n${row.stack}`
  return new StackPlayground(projectText(row), row.file).stack('dev', () => (row.stack === '' ? none : given))
}

describe('the configuration of a project', () => {
  test.each(rows.filter(({ listing }) => listing !== undefined).map((row) => [row.config, row.stack, row] as const))(
    'is merged as Pulumi merges it, and checked with its words: %j over %j',
    async (_, __, row) => {
      const { config } = await open(row)
      expect(configJson(config.entries(), coverSecrets)).toBe(row.listing)
      const outcome = await config.validate().then(
        () => null,
        (error: unknown) => (error as Error).message,
      )
      expect(outcome).toBe(row.validationError)
    },
  )

  test.each(rows.filter(({ loadError }) => loadError !== undefined).map((row) => [row.config, row] as const))(
    'is refused where Pulumi refuses it, in its words where they are its own: %j',
    async (_, row) => {
      const folder = temporaryFolder()
      writeFileSync(join(folder, row.file), projectText(row))
      const error = await rejectionOf(findProject(nodeFileSystem, folder))
      expect(error.code).toBe('ERR_MALFORMED_FILE')
      expect(error.details['file']).toBe(row.file)
      // What a JSON schema or Go's reader says names neither the key nor what would be right.
      const [, words] = /^could not unmarshal '[^']*': (.*)$/s.exec(row.loadError ?? '') ?? []
      expect(error.message).toContain(words ?? 'configuration key')
    },
  )

  test('is read by programs for keys that the stack has not, and never written', async () => {
    const config1 = '  n: 5\n  o.p: {default: [1]}\n  aws:region: eu\n  t: x\n'
    const { config, file } = await open({ file: 'Pulumi.yaml', config: config1, stack: '  t: own\n' })
    const before = readFileSync(file, 'utf8')
    expect([config.getNumber('n'), config.get('t'), config.namespace('aws').get('region')]).toEqual([5, 'own', 'eu'])
    expect(config.requireObject('o')).toEqual({ p: [1] })
    expect(config.keys()).toEqual(['proj:t', 'aws:region', 'proj:n', 'proj:o'])
    expect(config.ownEntries()).toHaveLength(1)
    config.remove('t')
    expect(config.get('t')).toBe('x')
    config.set('n', '6')
    expect(config.get('n')).toBe('6')
    await config.save()
    expect(readFileSync(file, 'utf8')).toBe(before.replace('  t: own\n', '  proj:n: "6"\n'))
  })

  test('with a type is checked against what a secret holds', async () => {
    const playground = new StackPlayground(
      'name: proj\nruntime: yaml\nconfig:\n  n: {type: integer, secret: true}\n  l: {type: array, items: {type: integer}}\n',
    )
    const stack = await playground.stack(
      'dev',
      async (encrypt) =>
        `config:\n  n: {secure: "${await encrypt('5')}"}\n  l: [1, {secure: "${await encrypt('2')}"}]\n`,
    )
    await expect(stack.config.validate()).resolves.toBe(undefined)
    await stack.config.setSecret('l[0]', 'x', { path: true })
    expect(await rejectionOf(stack.config.validate())).toMatchObject({
      code: 'ERR_CHECK_FAILED',
      message: "Stack 'dev' with configuration key 'l' must be of type 'array<integer>'",
    })
    await stack.config.setSecret('n', 'hunter2')
    const error = await rejectionOf(stack.config.validate())
    expect(error.message + JSON.stringify(error)).not.toContain('hunter2')
  })

  test('that does not fit the stack is told with its key, and only where somebody reads', async () => {
    const row = { file: 'Pulumi.yaml', config: '  a.b: {default: 1}\n', stack: '  a: [1]\n' }
    const { config } = await open(row)
    expect(thrownBy(() => config.get('a'))).toMatchObject({
      code: 'ERR_INVALID_PROPERTY_PATH',
      details: { key: 'a.b' },
    })
    config.remove('a')
    expect(config.get('a')).toBe('{"b":1}')
  })

  test('can not hold an encrypted value', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'Pulumi.yaml'), 'name: p\nruntime: yaml\nconfig:\n  a:\n    default: {secure: x}\n')
    expect((await rejectionOf(findProject(nodeFileSystem, folder))).message).toContain('line 4')
  })

  test.each([
    ['config: stacks\n', 'stacks'],
    ['stackConfigDir: stacks\nconfig: {a: b}\n', 'stacks'],
    ['config: ""\n', ''],
    ['config:\n', ''],
  ])('may be the old spelling of the folder of its stacks: %j', async (more, where) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'Pulumi.yaml'), `name: p\nruntime: yaml\n${more}`)
    expect((await findProject(nodeFileSystem, folder)).stackFolder).toBe(join(folder, where))
  })

  test('may not have both spellings', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'Pulumi.yaml'), 'name: p\nruntime: yaml\nconfig: a\nstackConfigDir: b\n')
    expect((await rejectionOf(findProject(nodeFileSystem, folder))).message).toContain(
      'Should not use both config and stackConfigDir to define the stack directory. Use only stackConfigDir instead.',
    )
  })

  test.each([
    ['Pulumi.json', '{"name": "p", "runtime": "yaml", "config": {"a": "x"}}'],
    ['Pulumi.yml', 'name: p\nruntime: yaml\nconfig: {a: x}\n'],
  ])('is found in %s too', async (file, text) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, file), text)
    expect((await findProject(nodeFileSystem, folder)).config).toMatchObject([{ key: 'a', value: 'x' }])
  })
})
