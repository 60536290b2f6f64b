import { isStacksealError, parseKeyUrl, Registry } from '@stackseal/core'
import { inspectStack } from '@stackseal/stack'
import type { InspectReport, Stack } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import type { Terminal } from '../terminal.ts'
import { BUILT_IN_PROVIDERS } from '../providers.ts'
import { stackTargets } from '../stack-targets.ts'

interface Inspected {
  readonly file: string
  readonly report: InspectReport
  /** What the provider can say of the sealed key without a key: name, key name, version. */
  readonly described: Readonly<Record<string, string>>
}

/** Tells what can be told of the stacks without a key. */
export async function run(invocation: Invocation): Promise<void> {
  const { options, terminal, trace } = invocation
  const registry = new Registry(BUILT_IN_PROVIDERS)
  const inspected: Inspected[] = []
  for (const { file, open } of stackTargets(invocation, 'inspect', false)) {
    const stack = await open()
    trace(`read ${stack.file}`)
    const report = inspectStack(stack)
    inspected.push({ file: file ?? basename(stack.file), report, described: await describe(report, stack, registry) })
  }
  terminal.out(
    options.json
      ? `${JSON.stringify(inspected.map(asJson), undefined, 2)}\n`
      : inspected.map((each) => asText(each, terminal)).join('\n'),
  )
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

function asText({ file, report, described }: Inspected, terminal: Terminal): string {
  const withSecrets = report.keys.filter((key) => key.secret).length
  const rows: [string, string][] = [
    ['key URL', report.url ?? 'none'],
    // Decoded parts of a URL may hold a line end, which would look like another fact.
    ...Object.entries(described).map(([name, text]): [string, string] => [name, terminal.cell(text)]),
    ['configuration', `${report.keys.length} keys, ${withSecrets} of them with secrets`],
    ['secrets', String(report.secrets)],
  ]
  if (report.problem !== undefined) rows.push(['problem', `${report.problem.message} (${report.problem.code})`])
  for (const line of report.marked)
    rows.push(['marked', `line ${line} is marked !secret and stands there in plain text`])
  const width = rows.reduce((widest, [name]) => Math.max(widest, name.length), 0) + 2
  return `${file}\n${rows.map(([name, text]) => `  ${name.padEnd(width)}${text}\n`).join('')}`
}

function asJson({ file, report, described }: Inspected): unknown {
  const { url, problem, keys, secrets, marked } = report
  return {
    file,
    url: url ?? null,
    described,
    keys,
    secrets,
    marked,
    ...(problem === undefined ? {} : { problem: { code: problem.code, message: problem.message } }),
  }
}
