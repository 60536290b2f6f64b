import { isStacksealError } from '@stackseal/core'
import type { ArchiveKind, ChangeKeyOptions, ChangeKeyResult, OpenStackOptions } from '@stackseal/stack'
import { basename } from 'node:path'
import type { Invocation } from './command.ts'
import type { Told } from './many-changes.ts'

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
  if (options.json) {
    terminal.out(`${JSON.stringify({ file: basename(result.file), ...asJson(result) }, undefined, 2)}\n`)
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
  if (!dry) remaining(result.archives, basename(result.file), flags.on('config-only'), terminal)
}

/** Changes the keys of many stacks by `change`, and tells what became of each. */
export async function changedKeys(
  invocation: Invocation,
  command: string,
  args: readonly string[],
  change: (options: OpenStackOptions & Pick<ChangeKeyOptions, 'passOver'>) => Promise<ChangeKeyResult>,
  again?: string,
): Promise<number> {
  const { terminal, flags, trace } = invocation
  const isDry = flags.on('dry-run')
  const { workOnStacks } = await import('./many-stacks.ts')
  const { filesToChange, KEYLESS, reportChanges, unlessKeyless } = await import('./many-changes.ts')
  const outcomes = await workOnStacks(invocation, command, {
    what: isDry ? 'checking' : 'changing keys',
    files: await filesToChange(args, invocation),
    work: async (stackFile, options) => {
      const result = await unlessKeyless(() => change({ ...options, stackFile, passOver: true }))
      trace(`${result?.after === undefined ? 'read' : 'wrote'} ${stackFile}`)
      return result
    },
  })
  const tell = (result: ChangeKeyResult | undefined): Told => (result === undefined ? KEYLESS : told(result))
  return reportChanges(
    invocation,
    outcomes,
    tell,
    (results) => {
      const changed = results.filter((result) => result?.after !== undefined)
      if (changed.length === 0) return
      const archives = changed.flatMap((result) => result?.archives ?? [])
      remaining(archives, MANY, flags.on('config-only'), terminal)
    },
    again,
  )
}

function told(result: ChangeKeyResult): Told {
  const { before, to, after, passedOver, configSecrets, stateSecrets, state } = result
  const json = asJson(result)
  if (passedOver) {
    const how = to.scheme === 'passphrase' ? 'the new passphrase opens it' : `under ${to.text}`
    return { outcome: 'passed over', detail: `already ${how}`, json }
  }
  const ofState = state === undefined ? '' : ` and ${stateSecrets} of its state`
  const from = before === undefined || before.url.text === to.text ? '' : ` from ${before.url.text}`
  return {
    outcome: after === undefined ? 'would change' : 'changed',
    detail: `${secrets(configSecrets)}${ofState}${from} to ${to.text}`,
    json,
  }
}

function asJson({ state, after, before, to, configSecrets, stateSecrets, archives }: ChangeKeyResult): object {
  return {
    state: state ?? null,
    changed: after !== undefined,
    before: before?.url.text ?? null,
    after: to.text,
    secrets: { config: configSecrets, state: stateSecrets },
    archives: archives.map(({ kind, file }) => ({ kind, file })),
  }
}

const MANY = 'these files'

const KINDS: Readonly<Record<ArchiveKind, string>> = {
  previous: '.bak file',
  retained: 'retained state',
  backup: 'backup',
  history: 'history file',
  checkpoint: 'checkpoint of the history',
}

/** What still opens with the old key, and what to do about it. */
function remaining(
  archives: ChangeKeyResult['archives'],
  label: string,
  configOnly: boolean,
  terminal: Invocation['terminal'],
): void {
  if (configOnly) {
    terminal.say(
      'The state is still under its own key. To bring it under this one (both passphrases given as variables):',
    )
    terminal.say(
      `  pulumi stack export >state.json && stackseal state rekey state.json --to-stack-file ${label === MANY ? 'Pulumi.<stack>.yaml' : label} --output new.json`,
    )
    terminal.say('  pulumi stack import --file new.json')
  }
  const counts = new Map<ArchiveKind, number>()
  for (const { kind } of archives) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const kept = [...counts].map(([kind, count]) => `${count} ${KINDS[kind]}${count === 1 ? '' : 's'}`)
  terminal.say(`The old key still opens ${[...kept, `earlier versions of ${label} in the history of git`].join(', ')}.`)
  terminal.hint(
    'if the old key is in wrong hands, change the secrets themselves too; delete those files, or keep the old key as long as they are needed',
  )
}

function secrets(count: number): string {
  return count === 1 ? '1 secret' : `${count} secrets`
}
