import { isStacksealError } from '@stackseal/core'
import type { StacksealError } from '@stackseal/core'
import { verifyStack } from '@stackseal/stack'
import type { VerifyReport } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { exitNumber } from '../exit-number.ts'
import { stackTargets } from '../stack-targets.ts'

const SOMETHING_FOUND = 3

interface Checked {
  readonly file: string
  /** What was found; or why the file could not be checked at all. */
  readonly result: VerifyReport | StacksealError
}

/** Opens every secret of the stacks, and tells which do not open. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, terminal, trace } = invocation
  const checked: Checked[] = []
  const targets = stackTargets(invocation, 'verify', true)
  for (const { file, open } of targets) {
    try {
      const stack = await open()
      trace(`read ${stack.file}`)
      checked.push({ file: file ?? basename(stack.file), result: await verifyStack(stack) })
    } catch (error) {
      // One of several files that can't be checked does not hide the others.
      if (file === undefined || targets.length === 1 || !isStacksealError(error) || error.kind === 'interrupted')
        throw error
      checked.push({ file, result: error })
    }
  }
  terminal.out(options.json ? `${JSON.stringify(checked.map(asJson), undefined, 2)}\n` : checked.map(asText).join(''))
  return checked.map(exitOf).find((exit) => exit !== 0) ?? 0
}

function exitOf({ result }: Checked): number {
  if (isStacksealError(result)) return exitNumber(result)
  return result.failed.length > 0 || result.marked.length > 0 ? SOMETHING_FOUND : 0
}

function asText({ file, result }: Checked): string {
  if (isStacksealError(result)) return `${file}: ${result.message} (${result.code})\n`
  const { url, opened, failed, marked } = result
  const sealed = url === undefined ? 'no sealed key' : `the data key opens (${url})`
  const lines = [
    `${file}: ${sealed}, ${count(opened, 'secret opens', 'secrets open')}`,
    ...failed.map(({ place, error }) => `  ${place} does not open: ${error.message} (${error.code})`),
    ...marked.map((line) => `  line ${line} is marked !secret and stands there in plain text`),
  ]
  return `${lines.join('\n')}\n`
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

function asJson(checked: Checked): unknown {
  const { file, result } = checked
  if (isStacksealError(result)) return { file, ok: false, error: { code: result.code, message: result.message } }
  return {
    file,
    ok: exitOf(checked) === 0,
    url: result.url ?? null,
    opened: result.opened,
    failed: result.failed.map(({ place, error }) => ({ place, code: error.code, message: error.message })),
    marked: result.marked,
  }
}
