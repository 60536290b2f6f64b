import { isStacksealError, parseKeyUrl, Registry, StacksealError } from '@stackseal/core'
import { inspectStack } from '@stackseal/stack'
import type { InspectReport, Stack } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import type { Outcome } from '../many-stacks.ts'
import type { OutcomeRow } from '../outcome-table.ts'
import type { Terminal } from '../terminal.ts'
import { BUILT_IN_PROVIDERS } from '../providers.ts'
import type { StateOfStack } from '../stack-state-check.ts'
import { lookAtStacks } from '../stack-targets.ts'

interface Inspected {
  readonly file: string
  readonly report: InspectReport
  /** What the provider can say of the sealed key without a key: name, key name, version. */
  readonly described: Readonly<Record<string, string>>
  /** Of the stack that is meant, where its backend is a folder and holds its state. */
  readonly state: StateOfStack | undefined
}

/** Tells what can be told of the stacks without a key. */
export async function run(invocation: Invocation): Promise<number | void> {
  const { options, terminal } = invocation
  const registry = new Registry(BUILT_IN_PROVIDERS)
  const looked = await lookAtStacks(invocation, {
    command: 'inspect',
    what: 'inspecting',
    openEarly: false,
    look: async (stack, file): Promise<Inspected> => {
      const report = inspectStack(stack)
      const described = await describe(report, stack, registry)
      const state = file === undefined ? await inspectState(stack, invocation) : undefined
      return { file: file ?? basename(stack.file), report, described, state }
    },
  })
  if ('outcomes' in looked && looked.outcomes.length > 1) return reportMany(looked.outcomes, invocation)
  const inspected = 'result' in looked ? looked.result : only(looked.outcomes)
  terminal.out(options.json ? `${JSON.stringify([asJson(inspected)], undefined, 2)}\n` : asText(inspected, terminal))
}

function only<T>([outcome]: readonly Outcome<T>[]): T {
  if (outcome !== undefined && 'result' in outcome) return outcome.result
  throw outcome !== undefined && 'error' in outcome ? outcome.error : INTERRUPTED
}

const INTERRUPTED = new StacksealError('ERR_INTERRUPTED', 'interrupted')

async function reportMany(outcomes: readonly Outcome<Inspected>[], { options, terminal }: Invocation): Promise<number> {
  const { exitOfMany } = await import('../many-stacks.ts')
  const errors = outcomes.flatMap((outcome) => {
    if ('result' in outcome) return []
    return [{ file: outcome.file, error: 'error' in outcome ? outcome.error : INTERRUPTED }]
  })
  if (options.json) {
    const all = outcomes.map((outcome) => {
      if ('result' in outcome) return asJson(outcome.result)
      const { code, message } = 'error' in outcome ? outcome.error : INTERRUPTED
      return { file: outcome.file, error: { code, message } }
    })
    terminal.out(`${JSON.stringify(all, undefined, 2)}\n`)
  } else {
    const { reportOutcomes } = await import('../many-changes.ts')
    const rows = outcomes.map((outcome) => {
      if ('result' in outcome) return asRow(outcome.result)
      return { file: outcome.file, outcome: 'failed', detail: ('error' in outcome ? outcome.error : INTERRUPTED).code }
    })
    reportOutcomes(terminal, rows, errors)
  }
  return exitOfMany(outcomes)
}

function asRow({ file, report, described }: Inspected): OutcomeRow {
  const { url, problem, keys, secrets, marked } = report
  const { provider: _, ...facts } = described
  const key = [url ?? 'no key', ...Object.entries(facts).map(([name, text]) => `${name} ${text}`)].join(', ')
  return {
    file,
    outcome: problem === undefined ? 'ok' : 'problem',
    detail: `${keys.length === 1 ? '1 key' : `${keys.length} keys`}, ${secrets === 1 ? '1 secret' : `${secrets} secrets`}; ${key}`,
    more: [
      ...(problem === undefined ? [] : [`${problem.message} (${problem.code})`]),
      ...marked.map((line) => `line ${line} is marked !secret and stands there in plain text`),
    ],
  }
}

// Loaded only where a state is looked for: a stack file that is named is looked at alone.
async function inspectState(stack: Stack, invocation: Invocation): Promise<StateOfStack | undefined> {
  const { inspectStateOf } = await import('../stack-state-check.ts')
  return inspectStateOf(stack, invocation, 'inspect')
}

async function describe(
  { url, problem }: InspectReport,
  stack: Stack,
  registry: Registry,
): Promise<Inspected['described']> {
  if (url === undefined || problem !== undefined) return {}
  const keyUrl = parseKeyUrl(url)
  try {
    const provider = await registry.find(keyUrl)
    return { provider: provider.name, ...provider.describe?.(keyUrl, stack.sealedKey?.sealed) }
  } catch (error) {
    // What another provider seals can be inspected all the same: only less is said.
    if (isStacksealError(error) && error.code === 'ERR_UNKNOWN_PROVIDER') return {}
    throw error
  }
}

function asText({ file, report, described, state }: Inspected, terminal: Terminal): string {
  const withSecrets = report.keys.filter((key) => key.secret).length
  const rows: [string, string][] = [
    ['key URL', report.url ?? 'none'],
    // Decoded parts of a URL may hold a line end, which would look like another fact.
    ...Object.entries(described).map(([name, text]): [string, string] => [name, terminal.cell(text)]),
    ['configuration', `${report.keys.length} keys, ${withSecrets} of them with secrets`],
    ['secrets', String(report.secrets)],
  ]
  if (state !== undefined) rows.push(['state', stateText(state, terminal)])
  if (report.problem !== undefined) rows.push(['problem', `${report.problem.message} (${report.problem.code})`])
  for (const line of report.marked)
    rows.push(['marked', `line ${line} is marked !secret and stands there in plain text`])
  const width = rows.reduce((widest, [name]) => Math.max(widest, name.length), 0) + 2
  return `${file}\n${rows.map(([name, text]) => `  ${name.padEnd(width)}${text}\n`).join('')}`
}

function stateText({ secrets, url, sameKey }: StateOfStack, terminal: Terminal): string {
  const otherKey = url === undefined ? 'no key that opens here' : `another key than the file's: ${terminal.cell(url)}`
  return `${secrets} ${secrets === 1 ? 'secret' : 'secrets'}, ${sameKey ? "the file's key" : otherKey}`
}

function asJson({ file, report, described, state }: Inspected): unknown {
  const { url, problem, keys, secrets, marked } = report
  return {
    file,
    url: url ?? null,
    described,
    keys,
    secrets,
    marked,
    ...(state === undefined ? {} : { state: { ...state, url: state.url ?? null } }),
    ...(problem === undefined ? {} : { problem: { code: problem.code, message: problem.message } }),
  }
}
