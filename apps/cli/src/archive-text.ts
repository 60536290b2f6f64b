import type { KeyUrl } from '@stackseal/core'
import type { ArchiveKind, StateArchive } from '@stackseal/stack'
import type { Invocation } from './command.ts'

const KINDS: Readonly<Record<ArchiveKind, readonly [one: string, many: string]>> = {
  previous: ['.bak file', '.bak files'],
  retained: ['retained state', 'retained states'],
  backup: ['backup', 'backups'],
  history: ['history file', 'history files'],
  checkpoint: ['checkpoint of the history', 'checkpoints of the history'],
}

/** What stands in a sentence for the names of many stack files. */
export const MANY_FILES = 'these files'

/**
 * Says after a change of the key what still opens with the old one, and what to do about it.
 * @param configOnly the new key URL, where the state was left alone
 */
export function sayWhatRemains(
  archives: readonly StateArchive[],
  label: string,
  configOnly: KeyUrl | undefined,
  terminal: Invocation['terminal'],
): void {
  if (configOnly !== undefined) {
    terminal.say(
      'The state is still under its own key. To bring it under this one (both passphrases given as variables):',
    )
    terminal.say(
      `  pulumi stack export >state.json && stackseal state rekey state.json --to-stack-file ${label === MANY_FILES ? 'Pulumi.<stack>.yaml' : label} --output new.json`,
    )
    // Pulumi opens what it imports, and knows one passphrase.
    const opening = configOnly.scheme === 'passphrase' ? 'PULUMI_CONFIG_PASSPHRASE="$STACKSEAL_NEW_PASSPHRASE" ' : ''
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

/** `1 .bak file`, `3 history files`. */
export function countKinds(archives: readonly StateArchive[]): readonly string[] {
  const counts = new Map<ArchiveKind, number>()
  for (const { kind } of archives) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => {
    const [one, many] = KINDS[kind]
    return `${count} ${count === 1 ? one : many}`
  })
}

/** The archives as programs read them. */
export function listed(archives: readonly StateArchive[]): readonly StateArchive[] {
  return archives.map(({ kind, file }) => ({ kind, file }))
}
