// Builds the real Pulumi command line, which the interop tests compare with, from the Go module proxy: once, into the
// ignored folder .cache/pulumi. go.mod and go.sum beside this file pin every byte of it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// With its v: the version is written into states, and a state's manifest.magic is its SHA-256.
const VERSION = 'v3.259.0'
const VERSION_VARIABLE = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version'
// The caller decides whether that is a failure: it is in CI, and elsewhere not.
const EXIT_NO_GO = 2
const PACKAGE = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi'

const MODULE = join(import.meta.dirname, 'pulumi')
const FOLDER = join(import.meta.dirname, '../../.cache/pulumi')
const BINARY = join(FOLDER, process.platform === 'win32' ? 'pulumi.exe' : 'pulumi')
const STAMP = join(FOLDER, 'built-from')

const sources = ['go.mod', 'go.sum'].map((name) => readFileSync(join(MODULE, name)))
const wanted = createHash('sha256').update(Buffer.concat(sources)).update(VERSION).digest('hex')

if (!existsSync(BINARY) || !existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== wanted) build()

function build(): void {
  const go = spawnSync('go', ['version'], { encoding: 'utf8' })
  if (go.status !== 0) {
    stop(`the real Pulumi ${VERSION} is not built and Go is not on PATH, so nothing is compared with it`, EXIT_NO_GO)
  }
  const started = performance.now()
  console.error(`building Pulumi ${VERSION} with ${go.stdout.trim()}: several minutes the first time …`)
  mkdirSync(FOLDER, { recursive: true })
  const ldflags = `-s -w -X ${VERSION_VARIABLE}=${VERSION}`
  // -modcacherw: a module cache in a throw-away home can be deleted like any other folder.
  const options = ['build', '-C', MODULE, '-mod=readonly', '-modcacherw', '-buildvcs=false']
  const result = spawnSync('go', [...options, '-ldflags', ldflags, '-o', `${BINARY}.new`, PACKAGE], {
    encoding: 'utf8',
    env: { ...process.env, GOWORK: 'off', GOFLAGS: '' },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  if (result.status !== 0) {
    const lines = result.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('go: downloading'))
    console.error(lines.slice(-20).join('\n'))
    stop(`the real Pulumi ${VERSION} could not be built (go build, exit ${result.status})`)
  }
  const home = join(FOLDER, 'home')
  const environment = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true', PULUMI_HOME: home }
  const version = spawnSync(`${BINARY}.new`, ['version'], { encoding: 'utf8', env: environment })
  rmSync(home, { recursive: true, force: true })
  if (version.status !== 0 || version.stdout.trim() !== VERSION)
    stop(`the built Pulumi does not say that it is ${VERSION}`)
  renameSync(`${BINARY}.new`, BINARY)
  writeFileSync(STAMP, wanted)
  console.error(`built in ${((performance.now() - started) / 1000).toFixed(0)} s`)
}

function stop(message: string, code = 1): never {
  console.error(`build-pulumi: ${message}`)
  process.exit(code)
}
