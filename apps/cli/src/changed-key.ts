import { isStacksealError } from '@stackseal/core'
import type { ChangeKeyResult } from '@stackseal/stack'
import { basename } from 'node:path'
import { countKinds, listed, sayWhatRemains } from './archive-text.ts'
import type { Invocation } from './command.ts'
import { warnOfMissingValues } from './missing-values.ts'

/** Changes a stack's key by `change`, and tells what became of it, or which secrets stand against it. */
export async function changedKey(
  { terminal, options, flags, trace }: Invocation,
  change: () => Promise<ChangeKeyResult>,
): Promise<void> {
  let result: ChangeKeyResult
  try {
    result = await change()
  } catch (error) {
    if (isStacksealError(error) && typeof error.details['secrets'] === 'string') {
      for (const name of error.details['secrets'].split('\n')) terminal.warn(`does not open: ${name}`)
    }
    throw error
  }
  trace(`${flags.on('dry-run') ? 'read' : 'wrote'} ${result.file}`)
  if (result.state !== undefined) trace(`${flags.on('dry-run') ? 'read' : 'wrote'} ${result.state}`)
  warnOfMissingValues({ ...result, project: { name: result.project } }, terminal)
  for (const line of result.markedLines) {
    terminal.warn(`line ${line} of ${basename(result.file)} is marked !secret and stands there in plain text`)
  }
  if (options.json) {
    terminal.out(`${JSON.stringify({ file: basename(result.file), ...changeJson(result) }, undefined, 2)}\n`)
    return
  }
  const dry = result.after === undefined
  const of = result.before === undefined ? '' : ` from ${result.before.url.text}`
  const counts = `${countSecrets(result.configSecrets)} of ${basename(result.file)}${result.state === undefined ? '' : ` and ${result.stateSecrets} of its state`}`
  terminal.say(
    dry
      ? `Would move ${counts}${of} to a new data key of ${result.to.text}; every secret opens, nothing was changed`
      : `Moved ${counts}${of} to a new data key of ${result.to.text}`,
  )
  if (result.rekeyedArchives.length > 0) {
    const what = countKinds(result.rekeyedArchives).join(', ')
    terminal.say(dry ? `Would bring along, as every one of them opens: ${what}` : `Brought under the same key: ${what}`)
  }
  if (!dry)
    sayWhatRemains(result.archives, basename(result.file), flags.on('config-only') ? result.to : undefined, terminal)
}

/** What programs read of a change, but for the name of the file. */
export function changeJson(result: ChangeKeyResult): object {
  const { state, after, before, to, configSecrets, stateSecrets, archives, rekeyedArchives } = result
  return {
    state: state ?? null,
    changed: after !== undefined,
    before: before?.url.text ?? null,
    after: to.text,
    secrets: { config: configSecrets, state: stateSecrets },
    archives: listed(archives),
    rekeyedArchives: listed(rekeyedArchives),
  }
}

export function countSecrets(count: number): string {
  return count === 1 ? '1 secret' : `${count} secrets`
}
