import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { type Ran, runCommand } from './run-command.ts'

export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))
export const PULUMI: string = process.env['STACKSEAL_PULUMI'] ?? join(ROOT, '.cache/pulumi/pulumi')
const STACKSEAL: string = join(ROOT, 'apps/cli/dist/stackseal.mjs')
const PASSPHRASE = 'correct horse battery staple ü'
export const PROJECT = 'proj'

/** Ends a test that has nothing to compare with: in CI a failure, elsewhere one line. */
export function skipWithoutPulumi(context: TestContext): void {
  if (existsSync(PULUMI)) return
  const reason = `the real Pulumi is not there (${PULUMI}): "npm run test:interop" builds it`
  if (process.env['CI'] !== undefined && process.env['CI'] !== '') throw new Error(reason)
  context.skip(`nothing to compare with: ${reason}`)
}

/** A home, a `file://` backend and projects in which both command lines work, and nothing of this machine counts. */
export class Playground implements Disposable {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>

  constructor(more: Readonly<Record<string, string>> = {}) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'stackseal-interop-')))
    for (const name of ['backend', 'home', 'state', 'cache']) mkdirSync(join(this.folder, name))
    this.env = {
      PATH: process.env['PATH'] ?? '',
      HOME: join(this.folder, 'home'),
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      PULUMI_HOME: join(this.folder, 'home/.pulumi'),
      PULUMI_BACKEND_URL: `file://${join(this.folder, 'backend')}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
      STACKSEAL_STATE_DIR: join(this.folder, 'state'),
      XDG_CACHE_HOME: join(this.folder, 'cache'),
      ...more,
    }
  }

  /** A new folder with a project; the backend knows projects by their names alone, so several folders share its stacks. */
  project(name: string, stackFile?: string, project: string = `name: ${PROJECT}\nruntime: yaml\n`): string {
    const folder = join(this.folder, 'projects', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'Pulumi.yaml'), project)
    if (stackFile !== undefined) writeFileSync(join(folder, 'Pulumi.dev.yaml'), stackFile)
    return folder
  }

  /** The same with JSON files. */
  jsonProject(name: string, stackFile?: string): string {
    const folder = join(this.folder, 'projects', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'Pulumi.json'), JSON.stringify({ name: PROJECT, runtime: 'yaml' }))
    if (stackFile !== undefined) writeFileSync(join(folder, 'Pulumi.dev.json'), stackFile)
    return folder
  }

  pulumi(
    cwd: string,
    args: readonly string[],
    stdin?: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    return runCommand(PULUMI, args, { cwd, stdin, env: { ...this.env, ...env } })
  }

  stackseal(
    cwd: string,
    args: readonly string[],
    stdin?: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ran> {
    return runCommand(process.execPath, [STACKSEAL, ...args], { cwd, stdin, env: { ...this.env, ...env } })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
