import { spawn } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LeakRecord } from '../../../tests/services/leaks/leak-record.ts'
import { whyNoStrace } from './support/killed-change.ts'
import { project } from './support/project.ts'
import { cleanEnv, folder, PROGRAM } from './support/stackseal.ts'
import { providerCode } from './support/third-party.ts'

const NOTE_KEYS = new URL('../../../tests/services/leaks/note-keys.mjs', import.meta.url).href
const SECRETS = { config: 'MARK-of-the-config-51ac', state: 'MARK-of-the-state-8e02' }
const PASSPHRASES = [1, 2, 3, 4].map((number) => `MARK-passphrase-${number}-b7d9`)
const [FIRST = '', SECOND = '', THIRD = '', FOURTH = ''] = PASSPHRASES
const TYPE = 'pulumi:pulumi:Stack'
const SIGNED = {
  '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
  plaintext: JSON.stringify(SECRETS.state),
}
const STATE = JSON.stringify({
  version: 3,
  deployment: {
    manifest: {},
    resources: [{ urn: `urn:pulumi:dev::vec::${TYPE}::vec-dev`, custom: false, type: TYPE, outputs: { s: SIGNED } }],
  },
})

interface RunOptions {
  /** The old passphrase. */
  readonly passphrase?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** What is done to its calls: `rename:signal=KILL:when=9`. */
  readonly inject?: string
}

/** A stack whose every command is recorded: what it prints, what it runs and with what environment, what it leaves. */
class RecordedStack {
  readonly record: LeakRecord = new LeakRecord(folder('leak-record'))
  readonly on = project('')
  readonly #env: Readonly<Record<string, string>>
  readonly #logs: string = folder('leak-logs')

  constructor() {
    this.record.keepSecret(...PASSPHRASES, ...Object.values(SECRETS))
    for (const name of ['backend', 'home', 'tmp']) mkdirSync(join(this.on.folder, name))
    writeFileSync(join(this.on.folder, 'memo.mjs'), providerCode(['memo']))
    this.#env = {
      HOME: join(this.on.folder, 'home'),
      TMPDIR: join(this.on.folder, 'tmp'),
      PULUMI_STACK: 'dev',
      PULUMI_BACKEND_URL: `file://${join(this.on.folder, 'backend')}`,
      NODE_DISABLE_COMPILE_CACHE: '1',
      NODE_OPTIONS: `--import=${NOTE_KEYS}`,
      STACKSEAL_TEST_NOTED_KEYS: this.record.secretsFile,
      STACKSEAL_PROVIDERS: join(this.on.folder, 'memo.mjs'),
    }
  }

  get state(): string {
    return join(this.on.folder, 'backend/.pulumi/stacks/vec/dev.json')
  }

  /** Gives the exit number, and whether prepared files were left. */
  async run(
    line: string,
    { passphrase = '', env = {}, stdin = '', inject }: RunOptions = {},
  ): Promise<{ exit: number | null; stderr: string; isStaged: boolean }> {
    const log = join(this.#logs, 'calls')
    const tampering = inject === undefined ? [] : ['-e', `inject=${inject}`]
    const trace = ['-f', '-qq', '-v', '-s', '100000', '-e', 'trace=execve,rename', '-o', log, ...tampering]
    const child = spawn('strace', [...trace, process.execPath, PROGRAM, ...line.split(' '), '--debug'], {
      cwd: this.on.folder,
      env: cleanEnv({ ...this.#env, PULUMI_CONFIG_PASSPHRASE: passphrase, ...env }),
      stdio: 'pipe',
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    const exit = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
    this.record.told(`${line}, standard output`, Buffer.concat(stdout).toString('latin1'))
    this.record.told(`${line}, standard error`, Buffer.concat(stderr).toString('latin1'))
    // The first is the program itself, whose environment has what this test put there; its arguments count.
    const [self = '', ...children] = readFileSync(log, 'latin1').split('\n')
    this.record.told(`${line}, arguments`, self.slice(0, self.indexOf('], [')))
    this.record.told(`${line}, children`, children.join('\n'))
    this.record.toldFiles(`${line}, files`, this.on.folder)
    const names = readdirSync(this.on.folder, { recursive: true, encoding: 'utf8' })
    return {
      exit,
      stderr: Buffer.concat(stderr).toString(),
      isStaged: names.some((name) => name.endsWith('.stackseal-change')),
    }
  }

  async do(line: string, options: RunOptions = {}): Promise<void> {
    const { exit, stderr } = await this.run(line, options)
    if (exit !== 0) throw new Error(`${line} ended with ${exit}: ${stderr}`)
  }

  /** A history of one update, as the reference keeps it. */
  makeHistory(): void {
    const history = join(this.on.folder, 'backend/.pulumi/history/vec/dev')
    mkdirSync(history, { recursive: true })
    copyFileSync(this.state, join(history, 'dev-1.checkpoint.json'))
    const [ciphertext = ''] = /(?<=secure: )v1:\S+/.exec(this.on.text()) ?? []
    const record = { kind: 'update', startTime: 1, config: { 'vec:s': { secure: ciphertext } }, endTime: 2 }
    writeFileSync(join(history, 'dev-1.history.json'), JSON.stringify(record))
  }
}

test(
  'no passphrase, secret or data key is told or left by a change of the key, whatever becomes of it',
  { timeout: 300_000 },
  async (context) => {
    const reason = whyNoStrace()
    if (reason !== undefined) context.skip(`nobody tells what a process runs: ${reason}`)
    const stack = new RecordedStack()
    const newFile = join(folder('leak-passphrase'), 'new.txt')
    writeFileSync(newFile, `${THIRD}\n`)
    await stack.do('stack init dev', { passphrase: FIRST })
    await stack.do('config set --secret s', { passphrase: FIRST, stdin: SECRETS.config })
    await stack.do('stack import', { passphrase: FIRST, stdin: STATE })
    stack.makeHistory()

    // Made, in every way that gives a new passphrase.
    await stack.do('stack change-secrets-provider passphrase --dry-run', { passphrase: FIRST })
    await stack.do('stack change-secrets-provider passphrase --include-history', {
      passphrase: FIRST,
      env: { STACKSEAL_NEW_PASSPHRASE: SECOND },
    })
    await stack.do(`stack rotate --new-passphrase-file ${newFile} --include-history`, { passphrase: SECOND })
    await stack.do('stack rotate --new-passphrase-stdin --json --include-history', { passphrase: THIRD, stdin: FOURTH })

    // Refused.
    const wrong = await stack.run('stack rotate', { passphrase: FIRST, env: { STACKSEAL_NEW_PASSPHRASE: SECOND } })
    expect(wrong.exit).toBe(3)
    const text = stack.on.text()
    writeFileSync(
      stack.on.file,
      text.replace(/(secure: v1:.{16}:)(..)/, (_, start: string) => `${start}AA`),
    )
    const damaged = await stack.run('stack rotate --include-history --json', {
      passphrase: FOURTH,
      env: { STACKSEAL_NEW_PASSPHRASE: SECOND },
    })
    expect(damaged.exit).toBe(3)
    writeFileSync(stack.on.file, text)
    expect((await stack.run('stack rewrap', { passphrase: FOURTH })).exit).toBe(2)

    // Killed when everything lies prepared, and recovered.
    let isSwitching = false
    for (let when = 1; when < 20 && !isSwitching; when++) {
      const killed = await stack.run('stack change-secrets-provider passphrase --include-history', {
        passphrase: FOURTH,
        env: { STACKSEAL_NEW_PASSPHRASE: FIRST },
        inject: `rename:signal=KILL:when=${when}`,
      })
      const recovered = await stack.run('stack recover')
      expect(recovered.exit).toBe(0)
      isSwitching = killed.isStaged && recovered.stderr.includes('Finished the interrupted')
    }
    expect(isSwitching).toBe(true)

    // To a key that seals, under another one, and back.
    await stack.do('stack change-secrets-provider memo://one --include-history', { passphrase: FIRST })
    await stack.do('stack rewrap --to memo://two')
    await stack.do('stack rotate --include-history')
    await stack.do('stack change-secrets-provider passphrase', { env: { STACKSEAL_NEW_PASSPHRASE: SECOND } })

    const { outputs, secrets, leaks } = stack.record.search()
    expect(leaks).toEqual([])
    // The marks, and a data key for each change.
    expect(secrets).toBeGreaterThan(PASSPHRASES.length + 2 + 7)
    expect(outputs).toBeGreaterThan(100)
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(JSON.stringify({ outputs, secrets, leaks: leaks.length }))
  },
)

test('the record finds what a change would leave', () => {
  const record = new LeakRecord(folder('leak-record'))
  record.keepSecret(FIRST)
  const at = folder('leak-files')
  appendFileSync(join(at, '.Pulumi.dev.yaml.stackseal-change'), `config: ${Buffer.from(FIRST).toString('base64')}`)
  record.toldFiles('a change, files', at)
  record.told('a change, children', `execve("/bin/x", ["x"], ["PASSPHRASE=${FIRST}"]) = 0`)
  expect(record.search().leaks).toEqual([
    'a secret text in a change, files: .Pulumi.dev.yaml.stackseal-change',
    'a secret text in a change, children',
  ])
  expect(existsSync(record.outputsFile)).toBe(true)
})
