// Installs Pulumi's own library for programs that drive Pulumi, with which the interop tests make real states by `up`: once,
// into the ignored folder .cache/automation, without any install script. The two files in automation/ pin every byte of it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const SOURCE = join(import.meta.dirname, 'automation')
const FOLDER = join(import.meta.dirname, '../../.cache/automation')
const STAMP = join(FOLDER, 'installed-from')
const FILES = ['package.json', 'pnpm-lock.yaml']
const PNPM = join(import.meta.dirname, '../../node_modules/.bin/pnpm')

const sources = FILES.map((name) => readFileSync(join(SOURCE, name)))
const wanted = createHash('sha256').update(Buffer.concat(sources)).digest('hex')

if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== wanted) install()

function install(): void {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const name of FILES) copyFileSync(join(SOURCE, name), join(FOLDER, name))
  console.error("installing Pulumi's Automation API …")
  const pnpm = ['install', '--frozen-lockfile', '--ignore-scripts', '--ignore-workspace']
  const { status, stdout, stderr } = spawnSync(PNPM, pnpm, { cwd: FOLDER, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${stdout}${stderr}`.split('\n').slice(-20).join('\n'))
    console.error(`install-automation: it could not be installed (pnpm, exit ${status})`)
    process.exit(1)
  }
  writeFileSync(STAMP, wanted)
}
