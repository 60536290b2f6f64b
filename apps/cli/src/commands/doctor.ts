import type { Invocation } from '../command.ts'
import type { Check } from '../doctor/check.ts'
import { machineChecks } from '../doctor/machine-checks.ts'
import { stackChecks } from '../doctor/stack-checks.ts'
import type { Terminal } from '../terminal.ts'

const FAILURE_FOUND = 3

/** Looks at everything that a command needs. Opens no key, calls no service, loads no provider. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation
  const checks = [...machineChecks(invocation), ...(await stackChecks(invocation))]
  const isWell = checks.every(({ level }) => level !== 'failure')
  if (options.json) {
    const list = checks.map(({ check, level, message, run: next = null }) => ({ check, level, message, run: next }))
    terminal.out(`${JSON.stringify({ ok: isWell, checks: list }, undefined, 2)}\n`)
  } else {
    terminal.out(textOf(checks, terminal))
  }
  return isWell ? 0 : FAILURE_FOUND
}

function textOf(checks: readonly Check[], terminal: Terminal): string {
  const levels = 2 + Math.max(...checks.map(({ level }) => level.length))
  const names = 2 + Math.max(...checks.map(({ check }) => check.length))
  return checks
    .flatMap(({ check, level, message, run: next }) => [
      `${level.padEnd(levels)}${check.padEnd(names)}${terminal.cell(message)}`,
      ...(next === undefined ? [] : [`${' '.repeat(levels + names)}run: ${terminal.cell(next)}`]),
    ])
    .map((line) => `${line}\n`)
    .join('')
}
