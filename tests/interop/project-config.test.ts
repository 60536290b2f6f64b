import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Playground, PULUMI, ROOT, skipWithoutPulumi } from './playground.ts'

interface Row {
  readonly file: string
  readonly config: string
  readonly stack: string
  readonly loadError?: string
  readonly listing?: string
  readonly validationError?: string | null
}

const { rows } = JSON.parse(readFileSync(join(ROOT, 'vectors/pulumi/project-config.json'), 'utf8')) as {
  rows: readonly Row[]
}

describe.concurrent('what the vectors say of project configuration is what Pulumi says', () => {
  let playground: Playground
  let salt: string

  beforeAll(async () => {
    if (!existsSync(PULUMI)) return
    playground = new Playground()
    const folder = playground.project('made-by-pulumi')
    const made = await playground.pulumi(folder, ['stack', 'init', 'dev'])
    if (made.exit !== 0) throw new Error(made.stderr)
    salt = /v1:\S+/.exec(readFileSync(join(folder, 'Pulumi.dev.yaml'), 'utf8'))?.[0] ?? ''
  })

  afterAll(() => playground?.[Symbol.dispose]())

  test.for(rows.map((row, i) => ({ ...row, i })))('$config over $stack', async (row, context) => {
    skipWithoutPulumi(context)
    const folder = playground.project(`row-${row.i}`)
    rmSync(join(folder, 'Pulumi.yaml'))
    writeFiles(folder, row, salt)
    const listed = await playground.pulumi(folder, ['config', '--json', '-s', 'dev'])
    const said = listed.stderr.replaceAll(`${folder}/`, '')
    expect(row.loadError === undefined ? listed.stdout : said).toContain(row.loadError ?? row.listing)
    if (row.listing === undefined) return
    const ours = await playground.stackseal(folder, ['config', '--json', '-s', 'dev'])
    expect(ours.stdout).toBe(listed.stdout)
    // Without a language plugin nothing is previewed, but what comes before that is the validation.
    const previewed = await playground.pulumi(folder, ['preview', '-s', 'dev', '--non-interactive'])
    const error = /^error: validating stack config: (.*)$/m.exec(previewed.stderr)?.[1] ?? null
    expect(error).toBe(row.validationError)
  })
})

function writeFiles(folder: string, { file, config, stack }: Row, salt: string): void {
  const isJson = file.endsWith('.json')
  const project = isJson
    ? `{"name":"proj","runtime":"yaml","config":${config}}`
    : `name: proj\nruntime: yaml\nconfig:\n${config}`
  const stackText = isJson
    ? `{"encryptionsalt":"${salt}","config":${stack === '' ? '{}' : stack}}`
    : `encryptionsalt: ${salt}\n${stack === '' ? '' : `config:\n${stack}`}`
  writeFileSync(join(folder, file), project)
  writeFileSync(join(folder, `Pulumi.dev${file.slice('Pulumi'.length)}`), stackText)
}
