import { isStacksealError } from '@stackseal/core'
import type { ArchiveKind, ChangeKeyResult, StateArchive } from '@stackseal/stack'
import { basename } from 'node:path'
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
    const { before, to, configSecrets, stateSecrets, archives, rekeyedArchives } = result
    const answer = {
      file: basename(result.file),
      state: result.state ?? null,
      changed: result.after !== undefined,
      before: before?.url.text ?? null,
      after: to.text,
      secrets: { config: configSecrets, state: stateSecrets },
      archives: listed(archives),
      rekeyedArchives: listed(rekeyedArchives),
    }
    terminal.out(`${JSON.stringify(answer, undefined, 2)}\n`)
    return
  }
  const dry = result.after === undefined
  const of = result.before === undefined ? '' : ` from ${result.before.url.text}`
  const counts = `${secrets(result.configSecrets)} of ${basename(result.file)}${result.state === undefined ? '' : ` and ${result.stateSecrets} of its state`}`
  terminal.say(
    dry
      ? `Would move ${counts}${of} to a new data key of ${result.to.text}; every secret opens, nothing was changed`
      : `Moved ${counts}${of} to a new data key of ${result.to.text}`,
  )
  if (result.rekeyedArchives.length > 0) {
    const what = countKinds(result.rekeyedArchives).join(', ')
    terminal.say(dry ? `Would bring along, as every one of them opens: ${what}` : `Brought under the same key: ${what}`)
  }
  if (!dry) remaining(result, flags.on('config-only'), terminal)
}

const KINDS: Readonly<Record<ArchiveKind, readonly [one: string, many: string]>> = {
  previous: ['.bak file', '.bak files'],
  retained: ['retained state', 'retained states'],
  backup: ['backup', 'backups'],
  history: ['history file', 'history files'],
  checkpoint: ['checkpoint of the history', 'checkpoints of the history'],
}

/** What still opens with the old key, and what to do about it. */
function remaining(
  { archives, file, to }: ChangeKeyResult,
  configOnly: boolean,
  terminal: Invocation['terminal'],
): void {
  const label = basename(file)
  if (configOnly) {
    terminal.say(
      'The state is still under its own key. To bring it under this one (both passphrases given as variables):',
    )
    terminal.say(
      `  pulumi stack export >state.json && stackseal state rekey state.json --to-stack-file ${label} --output new.json`,
    )
    // Pulumi opens what it imports, and knows one passphrase.
    const opening = to.scheme === 'passphrase' ? 'PULUMI_CONFIG_PASSPHRASE="$STACKSEAL_NEW_PASSPHRASE" ' : ''
    terminal.say(`  ${opening}pulumi stack import --file new.json`)
  }
  const kept = countKinds(archives)
  terminal.say(`The old key still opens ${[...kept, `earlier versions of ${label} in the history of git`].join(', ')}.`)
  terminal.hint(
    kept.length === 0
      ? 'if the old key is in wrong hands, change the secrets themselves too; else keep it as long as those versions are needed'
      : 'if the old key is in wrong hands, change the secrets themselves too; delete those files, or keep the old key as long as they are needed; --include-history would have brought them along',
  )
}

function listed(archives: readonly StateArchive[]): readonly StateArchive[] {
  return archives.map(({ kind, file }) => ({ kind, file }))
}

/** `1 .bak file`, `3 history files`. */
function countKinds(archives: readonly StateArchive[]): readonly string[] {
  const counts = new Map<ArchiveKind, number>()
  for (const { kind } of archives) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => {
    const [one, many] = KINDS[kind]
    return `${count} ${count === 1 ? one : many}`
  })
}

function secrets(count: number): string {
  return count === 1 ? '1 secret' : `${count} secrets`
}
