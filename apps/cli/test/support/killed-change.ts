import { decodeBase64, encodeBase64, Envelope, parseKeyUrl } from '@stackseal/core'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inProcess } from './in-process.ts'
import { cleanEnv, folder, PROGRAM } from './stackseal.ts'

const SIGNATURE = '"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"'

/** A provider whose sealed text is its data key, so that a change costs no derivation. */
const PROVIDER = `
import { randomBytes } from 'node:crypto'
export default {
  contract: 1,
  name: 'Plain',
  schemes: ['plain'],
  createKey: async () => {
    const dataKey = new Uint8Array(randomBytes(32))
    return { dataKey, sealed: Buffer.from(dataKey).toString('base64') }
  },
  openKey: async (_url, sealed) => ({ dataKey: new Uint8Array(Buffer.from(sealed, 'base64')) }),
}
`

/** What a process that was killed left, and what the next command made of it. */
export interface Aftermath {
  /** A prepared file was there. */
  readonly staged: boolean
  /** The state was under the new key already, and the stack file was not. */
  readonly between: boolean
  readonly exit: number | null
  /** The key under which every secret of both documents opens after it; `mixed` for anything else. */
  readonly key: 'old' | 'new' | 'mixed'
  /** Names that should not be there any more. */
  readonly leftovers: readonly string[]
}

/** How a change ended that something was done against, and whether it told the truth. */
export interface FaultyChange {
  readonly exit: number | null
  readonly code: string | undefined
  readonly message: string
  /** What the error says of whether something was changed. */
  readonly said: boolean | null | undefined
  /** Whether the stack file or the state is another than before. */
  readonly isChanged: boolean
}

/** A stack with secrets in its file and its state, whose key a process of the built program changes and does not survive. */
export class KilledChange {
  readonly folder: string = folder('killed-change')
  readonly #secrets: number
  readonly #old: { readonly file: string; readonly state: string }
  readonly #env: Record<string, string>

  private constructor(secrets: number, file: string, state: string) {
    this.#secrets = secrets
    this.#old = { file, state }
    for (const name of ['project', 'notes/changes', 'backend/.pulumi/stacks/vec', this.#locks]) {
      mkdirSync(join(this.folder, name), { recursive: true })
    }
    writeFileSync(join(this.folder, 'project/Pulumi.yaml'), 'name: vec\nruntime: yaml\n')
    writeFileSync(join(this.folder, 'backend/.pulumi/meta.yaml'), 'version: 1\n')
    writeFileSync(join(this.folder, 'plain.mjs'), PROVIDER)
    this.#env = cleanEnv({
      HOME: this.folder,
      STACKSEAL_STATE_DIR: join(this.folder, 'notes'),
      XDG_CACHE_HOME: join(this.folder, 'cache'),
      PULUMI_BACKEND_URL: `file://${join(this.folder, 'backend')}`,
      NODE_DISABLE_COMPILE_CACHE: '1',
    })
    this.reset()
  }

  static async with(secrets: number): Promise<KilledChange> {
    const dataKey = new Uint8Array(32).fill(5)
    const sealed = encodeBase64(dataKey)
    const envelope = Envelope.fromDataKey(dataKey, { url: parseKeyUrl('plain://old'), sealed })
    const config = await envelope.encryptAll(Array.from({ length: secrets }, (_, i) => `config ${i}`))
    const state = await envelope.encryptAll(Array.from({ length: secrets }, (_, i) => `"state ${i}"`))
    const lines = config.map((ciphertext, i) => `  vec:k${i}:\n    secure: ${ciphertext}\n`)
    const outputs = state.map((ciphertext, i) => `"k${i}":{${SIGNATURE},"ciphertext":"${ciphertext}"}`)
    return new KilledChange(
      secrets,
      `secretsprovider: plain://old\nencryptedkey: ${sealed}\nconfig:\n${lines.join('')}`,
      `{"version":3,"checkpoint":{"stack":"organization/vec/dev","latest":{"manifest":{"time":"2026-01-02T00:00:00Z","magic":"","version":""},"secrets_providers":{"type":"cloud","state":{"url":"plain://old","encryptedkey":"${sealed}"}},"resources":[{"urn":"urn:pulumi:dev::vec::pulumi:pulumi:Stack::vec-dev","custom":false,"type":"pulumi:pulumi:Stack","outputs":{${outputs.join(',')}}}],"metadata":{}}}}`,
    )
  }

  /** Both documents as they were before, and nothing beside them: each change makes the same calls. */
  reset(): void {
    for (const name of ['dev.json.bak', 'dev.json.attrs', 'dev.json.bak.attrs']) {
      rmSync(join(this.folder, 'backend/.pulumi/stacks/vec', name), { force: true })
    }
    rmSync(join(this.folder, 'notes/sealed-keys'), { recursive: true, force: true })
    writeFileSync(this.file, this.#old.file)
    writeFileSync(this.state, this.#old.state)
  }

  get file(): string {
    return join(this.folder, 'project/Pulumi.dev.yaml')
  }

  get state(): string {
    return join(this.folder, 'backend/.pulumi/stacks/vec/dev.json')
  }

  /** The files that a change writes before it renames them. */
  get written(): readonly string[] {
    const stacks = join(this.folder, 'backend/.pulumi/stacks/vec')
    const prepared = ['dev.json', 'dev.json.bak'].map((name) => join(stacks, `.${name}.stackseal-change`))
    return [join(this.folder, 'project/.Pulumi.dev.yaml.stackseal-change'), ...prepared]
  }

  /** Those, and the journal's next content. */
  get everyWritten(): readonly string[] {
    const name = createHash('sha256').update(realpathSync(this.file)).digest('hex')
    return [...this.written, join(this.folder, `notes/changes/.${name}.json.stackseal-new`)]
  }

  get #locks(): string {
    return 'backend/.pulumi/locks/organization/vec/dev'
  }

  get #arguments(): readonly string[] {
    const provider = join(this.folder, 'plain.mjs')
    return [PROGRAM, '-s', 'dev', 'stack', 'change-secrets-provider', 'plain://new', '--provider', provider]
  }

  /** Changes the key with nobody against it; how long that takes, in milliseconds. */
  async undisturbed(): Promise<number> {
    const begin = performance.now()
    await this.#run(process.execPath, this.#arguments)
    return performance.now() - begin
  }

  /** Kills the change some milliseconds after its start, or after a name of a prepared file appears. */
  async killed(after: 'start' | 'staged', delayMs: number): Promise<void> {
    let onName: (() => void) | undefined
    const watchers = [join(this.folder, 'project'), join(this.folder, 'backend/.pulumi/stacks/vec')].map((path) =>
      watch(path, (_event, name) => {
        if (name?.endsWith('stackseal-change') === true) onName?.()
      }),
    )
    await this.#run(process.execPath, this.#arguments, (kill) => {
      if (after === 'start') setTimeout(kill, delayMs)
      else onName = () => setTimeout(kill, delayMs)
    })
    for (const watcher of watchers) watcher.close()
  }

  /** Kills the change at the nth of its calls; false where it makes no so many. */
  async killedAt(call: string, when: number, paths: readonly string[] = []): Promise<boolean> {
    const log = join(this.folder, 'strace.log')
    const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${when}`]
    const only = paths.flatMap((path) => ['-P', path])
    await this.#run('strace', ['-f', '-qq', '-o', log, ...inject, ...only, process.execPath, ...this.#arguments])
    return readFileSync(log, 'utf8').includes('killed by SIGKILL')
  }

  /** Kills the change right after its state was switched: at the first rename of a stack file's prepared content. */
  async leftHalf(): Promise<void> {
    for (let when = 1; when < 30; when++) {
      this.reset()
      await this.killedAt('rename', when)
      const [file, state] = [readFileSync(this.file, 'utf8'), readFileSync(this.state, 'utf8')]
      if (file.includes('plain://old') && state.includes('plain://new')) return
      await this.next(['stack', 'recover'])
    }
    throw new Error('no rename comes between state and stack file')
  }

  /**
   * Changes the key as a process of the built program that is told to answer in JSON.
   * @param through a program that gets the whole command line behind its own arguments: `strace …`
   */
  async change(through: readonly string[] = [], uid?: number): Promise<FaultyChange> {
    const line = [...through, process.execPath, ...this.#arguments, '--json', '--lock-timeout', '0']
    const child = spawn(line[0] ?? process.execPath, line.slice(1), {
      cwd: join(this.folder, 'project'),
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(uid === undefined ? {} : { uid }),
    })
    const stderr: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    const { promise, resolve, reject } = Promise.withResolvers<number | null>()
    child.on('error', reject)
    child.on('close', resolve)
    return this.judged(await promise, Buffer.concat(stderr).toString())
  }

  /** What a change that ended so said of itself, beside what is so. */
  judged(exit: number | null, stderr: string): FaultyChange {
    const line = stderr.split('\n').find((each) => each.startsWith('{"error"'))
    const { error }: { error?: { code: string; message: string; changed: boolean | null } } = JSON.parse(line ?? '{}')
    const isChanged =
      readFileSync(this.file, 'utf8') !== this.#old.file || readFileSync(this.state, 'utf8') !== this.#old.state
    return { exit, code: error?.code, message: error?.message ?? stderr, said: error?.changed, isChanged }
  }

  /**
   * Runs a shell script in a mount namespace of its own. In it, `change` changes the key, with its standard error in
   * the file that it is given; `$1` is this folder.
   */
  async inNamespace(script: string): Promise<void> {
    const words = [process.execPath, ...this.#arguments, '--json', '--lock-timeout', '0']
    const line = words.map((word) => `'${word}'`).join(' ')
    const prelude = ['set -e; cd "$1"', `change() { (cd "$1/project"; ${line}) >/dev/null 2>"$2"; }`]
    await this.#run('unshare', ['-m', 'sh', '-c', [...prelude, script].join('\n'), 'sh', this.folder])
  }

  /** Runs a command in this process, in the environment of the change. */
  command(args: readonly string[]): ReturnType<typeof inProcess> {
    return inProcess(['-s', 'dev', ...args], { cwd: join(this.folder, 'project'), env: this.#env })
  }

  /** What is left, and what the next command makes of it. */
  async next(command: readonly string[]): Promise<Aftermath> {
    const staged = this.written.some((path) => existsSync(path))
    const [file, state] = [readFileSync(this.file, 'utf8'), readFileSync(this.state, 'utf8')]
    const between = file.includes('plain://old') && state.includes('plain://new')
    const { exit } = await inProcess(['-s', 'dev', '--lock-timeout', '0', ...command], {
      cwd: join(this.folder, 'project'),
      env: this.#env,
    })
    return { staged, between, exit, key: await this.#key(), leftovers: this.leftovers() }
  }

  async #key(): Promise<Aftermath['key']> {
    const [file, state] = [readFileSync(this.file, 'utf8'), readFileSync(this.state, 'utf8')]
    const sealed = /^encryptedkey: (.*)$/m.exec(file)?.[1] ?? ''
    const decoded = decodeBase64(sealed)
    const url = /^secretsprovider: plain:\/\/(old|new)$/m.exec(file)?.[1]
    if ('invalidAt' in decoded || !state.includes(`"url":"plain://${url}","encryptedkey":"${sealed}"`)) return 'mixed'
    const envelope = Envelope.fromDataKey(decoded.bytes.slice(), { url: parseKeyUrl('plain://any'), sealed })
    const opens = async (text: string, start: string, expected: (i: number) => string): Promise<boolean> => {
      const found = [...text.matchAll(new RegExp(`${start}(v1:[^"\\s]+)`, 'g'))].map(
        ([, ciphertext = '']) => ciphertext,
      )
      const opened = await envelope.decryptAll(found)
      return (
        found.length === this.#secrets && opened.every((it, i) => 'plaintext' in it && it.plaintext === expected(i))
      )
    }
    const all =
      (await opens(file, 'secure: ', (i) => `config ${i}`)) &&
      (await opens(state, '"ciphertext":"', (i) => `"state ${i}"`))
    if (!all) return 'mixed'
    return url === 'old' ? 'old' : 'new'
  }

  /** Names that should not be there. */
  leftovers(): readonly string[] {
    return ['project', 'notes', 'backend'].flatMap((name) =>
      readdirSync(join(this.folder, name), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.includes('.stackseal-') || /changes\/.|locks\/organization\/vec\/dev\/./.test(path))
        // A lock of Pulumi's kind that was killed before it got its name: hidden, in a folder that nobody looks into.
        .filter((path) => !/locks\/\.[0-9a-f-]{36}\.json\.stackseal-new$/.test(path))
        .map((path) => `${name}/${path}`),
    )
  }

  async #run(program: string, args: readonly string[], started?: (kill: () => void) => void): Promise<void> {
    const child = spawn(program, args, { cwd: join(this.folder, 'project'), env: this.#env, stdio: 'ignore' })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    child.on('error', reject)
    child.on('close', () => resolve())
    started?.(() => child.kill('SIGKILL'))
    await promise
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Why no system call can be tampered with here; undefined if it can. */
export function whyNoStrace(): string | undefined {
  const { status, stderr, error } = spawnSync('strace', ['-f', '-qq', '-e', 'inject=fsync:error=EIO', 'true'])
  return status === 0 ? undefined : `strace can not be used here (${error?.message ?? String(stderr).trim()})`
}
