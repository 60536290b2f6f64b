import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inProcess } from './support/in-process.ts'
import { project, SIMPLE, simpleProject } from './support/project.ts'

const damage = (text: string): string => text.replace(/(vec:token:\n +secure: v1:[^:]+:)./, '$1_')

describe('verify', () => {
  test('says that every secret opens', async () => {
    const { folder: cwd } = simpleProject()
    expect(await inProcess(['verify'], { cwd, env: SIMPLE })).toEqual({
      exit: 0,
      stdout: 'Pulumi.dev.yaml: the data key opens (passphrase:), 3 secrets open\n',
      stderr: '',
    })
  })

  test('names what does not open, and marks that were left', async () => {
    const { folder: cwd } = simpleProject((text) => `${damage(text)}  vec:left: !secret hunter2\n`)
    const { exit, stdout } = await inProcess(['verify'], { cwd, env: SIMPLE })
    expect(stdout).toMatch(
      /^Pulumi\.dev\.yaml: the data key opens \(passphrase:\), 2 secrets open\n {2}token does not open: .* \(ERR_MALFORMED_CIPHERTEXT\)\n {2}line 11 is marked/,
    )
    expect(stdout).not.toContain('hunter2')
    expect(exit).toBe(3)
  })

  test('checks every file that is named; one that can not be checked does not hide the others', async () => {
    const { folder: cwd } = simpleProject()
    writeFileSync(join(cwd, 'Pulumi.bad.yaml'), 'config: [\n')
    const { exit, stdout } = await inProcess(['verify', '--json', 'Pulumi.bad.yaml', 'Pulumi.dev.yaml'], {
      cwd,
      env: SIMPLE,
    })
    expect(JSON.parse(stdout)).toEqual([
      { file: 'Pulumi.bad.yaml', ok: false, error: { code: 'ERR_MALFORMED_FILE', message: expect.any(String) } },
      {
        file: 'Pulumi.dev.yaml',
        ok: true,
        url: 'passphrase:',
        described: expect.objectContaining({ provider: 'passphrase' }),
        opened: 3,
        failed: [],
        marked: [],
      },
    ])
    expect(exit).toBe(3)
  })

  test.each([
    ['the wrong passphrase', { ...SIMPLE, PULUMI_CONFIG_PASSPHRASE: 'wrong' }, 3, 'ERR_WRONG_PASSPHRASE'],
    ['no passphrase', { PULUMI_STACK: 'dev' }, 4, 'ERR_PASSPHRASE_MISSING'],
  ])('%s is an error', async (_name, env, number, code) => {
    const { folder: cwd } = simpleProject()
    const { exit, stdout, stderr } = await inProcess(['verify'], { cwd, env })
    expect(stderr).toContain(`(${code})`)
    expect({ exit, stdout }).toEqual({ exit: number, stdout: '' })
  })

  test('a file without secrets needs nothing', async () => {
    const { folder: cwd } = project('config:\n  vec:a: b\n')
    const { exit, stdout } = await inProcess(['verify', '-s', 'dev'], { cwd })
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'Pulumi.dev.yaml: no sealed key, 0 secrets open\n' })
  })
})

describe('inspect', () => {
  test('tells the key URL, the provider and what there is, without a passphrase', async () => {
    const { folder: cwd } = simpleProject()
    const { exit, stdout, stderr } = await inProcess(['inspect', '-s', 'dev'], { cwd })
    expect(stdout).toMatch(/^Pulumi\.dev\.yaml\n {2}key URL +passphrase:\n {2}provider +passphrase\n/)
    expect(stdout).toMatch(/ {2}configuration +5 keys, 3 of them with secrets\n {2}secrets +3\n$/)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  })

  test('has everything in its JSON', async () => {
    const { folder: cwd } = simpleProject()
    const { stdout } = await inProcess(['inspect', '--json', 'Pulumi.dev.yaml'], { cwd })
    expect(JSON.parse(stdout)).toEqual([
      {
        file: 'Pulumi.dev.yaml',
        url: 'passphrase:',
        described: expect.objectContaining({ provider: 'passphrase' }),
        keys: [
          { key: 'plain', secret: false },
          { key: 'password', secret: true },
          { key: 'token', secret: true },
          { key: 'region', secret: false },
          { key: 'Upper', secret: true },
        ],
        secrets: 3,
        marked: [],
      },
    ])
  })

  test('says what is wrong with a sealed key, and that is no failure of inspecting', async () => {
    const { folder: cwd } = simpleProject((text) => text.replace(/^encryptionsalt: .*\n/, ''))
    const { exit, stdout } = await inProcess(['inspect', '-s', 'dev'], { cwd })
    expect(stdout).toContain('(ERR_MISSING_SEALED_KEY)')
    expect(exit).toBe(0)
  })

  test('a provider that is not there can be inspected all the same', async () => {
    const { folder: cwd } = project('secretsprovider: foo://key\nencryptedkey: AAAA\n')
    const { exit, stdout } = await inProcess(['inspect', '-s', 'dev'], { cwd })
    expect(stdout).toContain('key URL        foo://key\n')
    expect(exit).toBe(0)
  })
})
