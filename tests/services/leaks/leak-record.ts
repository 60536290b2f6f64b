import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { type Forbidden, holdsSecret } from '../../../packages/provider-testkit/src/secret-search.ts'

interface Told {
  readonly from: string
  readonly text: string
}

/** What a run told anybody, and what it must have told nobody: two files, because many processes write to them. */
export class LeakRecord {
  readonly outputsFile: string
  readonly secretsFile: string

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.outputsFile = join(folder, 'service-outputs.jsonl')
    this.secretsFile = join(folder, 'service-secrets.jsonl')
  }

  /** Something that was printed, thrown or written. */
  told(from: string, text: string): void {
    if (text !== '') appendFileSync(this.outputsFile, `${JSON.stringify({ from, text })}\n`)
  }

  /** Every file under a folder, as it lies on the disk. */
  toldFiles(from: string, folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      if (entry.isFile()) this.told(`${from}: ${entry.name}`, readFileSync(file, 'latin1'))
    }
  }

  /** A value, a token, a password. Keys are noted by note-keys.mjs. */
  keepSecret(...texts: readonly string[]): void {
    for (const text of texts) appendFileSync(this.secretsFile, `${JSON.stringify({ text })}\n`)
  }

  /** Where a secret was told, in clear, in base64 or in hex. */
  search(): { readonly outputs: number; readonly secrets: number; readonly leaks: readonly string[] } {
    const outputs = linesOf(this.outputsFile).map((line): Told => JSON.parse(line))
    const distinct = new Set(linesOf(this.secretsFile))
    const secrets = [...distinct].map((line): Forbidden => {
      const noted: { text?: string; hex?: string } = JSON.parse(line)
      return noted.text ?? new Uint8Array(Buffer.from(noted.hex ?? '', 'hex'))
    })
    const whole = outputs.map(({ text }) => text).join('\n')
    // One look at everything for each secret; only for one that is found is it asked where.
    const found = secrets.filter((secret) => holdsSecret(whole, [secret]))
    const leaks = found.flatMap((secret) => {
      const what = typeof secret === 'string' ? 'a secret text' : 'a data key'
      return outputs.filter(({ text }) => holdsSecret(text, [secret])).map(({ from }) => `${what} in ${from}`)
    })
    return { outputs: outputs.length, secrets: secrets.length, leaks: [...new Set(leaks)] }
  }
}

/** The record of a whole run of the service tests. */
export const leakRecord: LeakRecord = new LeakRecord(
  process.env['STACKSEAL_TEST_NOTED_KEYS'] === undefined
    ? join(import.meta.dirname, '../../../.reports')
    : dirname(process.env['STACKSEAL_TEST_NOTED_KEYS']),
)

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}
