import { isStacksealError, StacksealError } from '@stackseal/core'
import { verifyStack } from '@stackseal/stack'
import type { Stack, VerifyReport } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { describeKey } from '../describe-key.ts'
import { exitNumber } from '../exit-number.ts'
import type { OutcomeRow } from '../outcome-table.ts'
import { providerRegistry } from '../provider-registry.ts'
import type { VerifiedStateOfStack } from '../stack-state-check.ts'
import { lookAtStacks } from '../stack-targets.ts'

const SOMETHING_FOUND = 3

interface Checked {
  readonly file: string
  /** What was found; or why the file could not be checked at all. */
  readonly result: VerifyReport | StacksealError
  /** What is known of the key that answered. */
  readonly described: Readonly<Record<string, string>>
  /** Of the stack that is meant, where its backend is a folder and holds its state. */
  readonly state?: VerifiedStateOfStack | undefined
}

/** Opens every secret of the stacks, and tells which do not open; or, with --expect-denied, that no key opens. */
export async function run(invocation: Invocation): Promise<number> {
  const { flags, options, terminal } = invocation
  const expectDenied = flags.on('expect-denied')
  const checked = await check(invocation, expectDenied)
  const mode = expectDenied ? DENIED : OPENS
  const exit = checked.map(mode.exit).find((number) => number !== 0) ?? 0
  if (options.json) {
    terminal.out(`${JSON.stringify(checked.map(mode.json), undefined, 2)}\n`)
    return exit
  }
  if (checked.length > 1) {
    const { reportOutcomes } = await import('../many-changes.ts')
    const errors = checked.flatMap(({ file, result }) => (isStacksealError(result) ? [{ file, error: result }] : []))
    reportOutcomes(
      terminal,
      checked.map((each) => mode.row(each)),
      expectDenied ? [] : errors,
    )
    return exit
  }
  terminal.out(checked.map((each) => mode.text(each, (cell) => terminal.cell(cell))).join(''))
  return exit
}

async function check(invocation: Invocation, expectDenied: boolean): Promise<readonly Checked[]> {
  const looked = await lookAtStacks(invocation, {
    command: 'verify',
    what: 'checking',
    openEarly: !expectDenied,
    look: async (stack, file): Promise<Checked> => {
      const name = file ?? basename(stack.file)
      try {
        const result = await verifyStack(stack)
        const { openedAs } = result
        const described = openedAs === undefined ? {} : await describeKey(openedAs, providerRegistry(invocation))
        const state = file === undefined && !expectDenied ? await verifyState(stack, invocation) : undefined
        return { file: name, result, described, state }
      } catch (error) {
        // A refusal is what was asked for.
        if (!expectDenied || !isStacksealError(error) || error.code !== 'ERR_ACCESS_DENIED') throw error
        return { file: name, result: error, described: {} }
      }
    },
  })
  if ('result' in looked) return [looked.result]
  const { outcomes } = looked
  return outcomes.map((outcome) => {
    if ('result' in outcome) return outcome.result
    const { file } = outcome
    const error = 'error' in outcome ? outcome.error : new StacksealError('ERR_INTERRUPTED', 'interrupted before')
    // One of several files that can't be checked does not hide the others.
    if (outcomes.length === 1) throw error
    return { file, result: error, described: {} }
  })
}

/** How the answer is given. */
interface Mode {
  readonly exit: (checked: Checked) => number
  readonly json: (checked: Checked) => unknown
  /** For one stack. */
  readonly text: (checked: Checked, cell: (text: string) => string) => string
  /** For one of many. */
  readonly row: (checked: Checked) => OutcomeRow
}

const OPENS: Mode = { exit: exitOf, json: asJson, text: asText, row: asRow }
const DENIED: Mode = { exit: deniedExit, json: deniedJson, text: deniedText, row: deniedRow }

// Loaded only where a state is looked for: a stack file that is named is checked alone.
async function verifyState(stack: Stack, invocation: Invocation): Promise<VerifiedStateOfStack | undefined> {
  const { verifyStateOf } = await import('../stack-state-check.ts')
  return verifyStateOf(stack, invocation, 'verify')
}

function exitOf({ result, state }: Checked): number {
  if (isStacksealError(result)) return exitNumber(result)
  const broken = state === undefined ? 0 : state.broken.length
  return result.failed.length > 0 || result.marked.length > 0 || broken > 0 ? SOMETHING_FOUND : 0
}

function asText({ file, result, described, state }: Checked, cell: (text: string) => string): string {
  if (isStacksealError(result)) return `${file}: ${cell(result.message)} (${result.code})\n`
  const { url, opened, failed, marked } = result
  const sealed = url === undefined ? 'no sealed key' : `the data key opens (${keyText(result, described, cell)})`
  const lines = [
    `${file}: ${sealed}, ${count(opened, 'secret opens', 'secrets open')}`,
    ...failed.map(({ place, error }) => `  ${place} does not open: ${error.message} (${error.code})`),
    ...marked.map((line) => `  line ${line} is marked !secret and stands there in plain text`),
    ...(state === undefined ? [] : stateLines(state, cell)),
  ]
  return `${lines.join('\n')}\n`
}

function asRow(checked: Checked): OutcomeRow {
  const { file, result, described } = checked
  if (isStacksealError(result)) return { file, outcome: 'failed', detail: result.code }
  const { url, opened } = result
  const key = url === undefined ? 'no sealed key' : keyText(result, described, (text) => text)
  const [, ...more] = asText(checked, (text) => text)
    .split('\n')
    .filter((line) => line !== '')
  return {
    file,
    outcome: exitOf(checked) === 0 ? 'ok' : 'not ok',
    detail: `${count(opened, 'secret opens', 'secrets open')} (${key})`,
    more: more.map((line) => line.trim()),
  }
}

function stateLines({ secrets, url, sameKey, broken }: VerifiedStateOfStack, cell: (text: string) => string): string[] {
  const otherKey = url === undefined ? 'without a key' : `under another key than the file's (${cell(url)})`
  const opened = count(secrets - broken.length, 'secret opens', 'secrets open')
  return [
    `its state: ${opened}, ${sameKey ? "under the file's key" : otherKey}`,
    ...broken.map(({ error }) => `  ${cell(error.message)} (${error.code})`),
  ]
}

/** The key URL, the one through which it was opened where that is another, and what its provider says of the key. */
function keyText(
  { url = '', openedAs }: VerifyReport,
  described: Checked['described'],
  cell: (text: string) => string,
): string {
  const through = openedAs === undefined || openedAs.url.text === url ? [] : [`through ${openedAs.url.text}`]
  // How a passphrase makes its key is the same for all of them.
  const { provider: _, ...facts } = openedAs?.url.scheme === 'passphrase' ? {} : described
  return [url, ...through, ...Object.entries(facts).map(([name, value]) => `${name} ${value}`)].map(cell).join(', ')
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

function asJson(checked: Checked): unknown {
  const { file, result, described, state } = checked
  if (isStacksealError(result)) return { file, ok: false, error: { code: result.code, message: result.message } }
  const { url, openedAs } = result
  return {
    file,
    ok: exitOf(checked) === 0,
    url: url ?? null,
    ...(openedAs === undefined || openedAs.url.text === url ? {} : { openedThrough: openedAs.url.text }),
    described,
    opened: result.opened,
    failed: result.failed.map(({ place, error }) => ({ place, code: error.code, message: error.message })),
    marked: result.marked,
    ...(state === undefined ? {} : { state: stateJson(state) }),
  }
}

function stateJson({ secrets, url, sameKey, broken }: VerifiedStateOfStack): object {
  return {
    url: url ?? null,
    sameKey,
    opened: secrets - broken.length,
    failed: broken.map(({ urn, path, error }) => ({
      urn: urn ?? null,
      path,
      code: error.code,
      message: error.message,
    })),
  }
}

function isDenied({ result }: Checked): boolean {
  return isStacksealError(result) && result.code === 'ERR_ACCESS_DENIED'
}

function deniedExit(checked: Checked): number {
  if (isDenied(checked)) return 0
  return isStacksealError(checked.result) ? exitNumber(checked.result) : SOMETHING_FOUND
}

function deniedText(checked: Checked, cell: (text: string) => string): string {
  const { file, result, described } = checked
  if (isStacksealError(result)) {
    return `${file}: ${isDenied(checked) ? 'denied, as expected: ' : 'not known to be denied: '}${cell(result.message)} (${result.code})\n`
  }
  if (result.url === undefined) return `${file}: not denied: there is no sealed key that could be refused\n`
  return `${file}: not denied: the data key opens (${keyText(result, described, cell)})\n`
}

function deniedRow(checked: Checked): OutcomeRow {
  const { file, result, described } = checked
  if (isStacksealError(result)) {
    return { file, outcome: isDenied(checked) ? 'denied' : 'not known', detail: `${result.message} (${result.code})` }
  }
  const { url } = result
  const why = url === undefined ? 'there is no sealed key' : keyText(result, described, (text) => text)
  return { file, outcome: 'not denied', detail: why }
}

function deniedJson(checked: Checked): unknown {
  const { file, result } = checked
  const denied = isDenied(checked)
  if (isStacksealError(result)) return { file, denied, error: { code: result.code, message: result.message } }
  return { file, denied, url: result.url ?? null }
}
