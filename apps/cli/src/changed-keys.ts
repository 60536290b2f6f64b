import type { ChangeKeyOptions, ChangeKeyResult, OpenStackOptions } from '@stackseal/stack'
import { countKinds, MANY_FILES, sayWhatRemains } from './archive-text.ts'
import { changeJson, countSecrets } from './changed-key.ts'
import type { Invocation } from './command.ts'
import { filesToChange, KEYLESS, reportChanges, type Told, unlessKeyless } from './many-changes.ts'
import { workOnStacks } from './many-stacks.ts'

/** Changes the keys of many stacks by `change`, and tells what became of each. */
export async function changedKeys(
  invocation: Invocation,
  command: string,
  args: readonly string[],
  change: (options: OpenStackOptions & Pick<ChangeKeyOptions, 'passOver'>) => Promise<ChangeKeyResult>,
  again?: string,
): Promise<number> {
  const { terminal, flags, trace } = invocation
  const outcomes = await workOnStacks(invocation, command, {
    what: flags.on('dry-run') ? 'checking' : 'changing keys',
    files: await filesToChange(args, invocation),
    work: async (stackFile, options) => {
      const result = await unlessKeyless(() => change({ ...options, stackFile, passOver: true }))
      trace(`${result?.after === undefined ? 'read' : 'wrote'} ${stackFile}`)
      return result
    },
  })
  return reportChanges(
    invocation,
    outcomes,
    told,
    (results) => {
      const changed = results.filter((result) => result?.after !== undefined)
      if (changed.length === 0) return
      const archives = changed.flatMap((result) => result?.archives ?? [])
      sayWhatRemains(archives, MANY_FILES, flags.on('config-only') ? changed[0]?.to : undefined, terminal)
    },
    again,
  )
}

function told(result: ChangeKeyResult | undefined): Told {
  if (result === undefined) return KEYLESS
  const { before, to, after, passedOver, configSecrets, stateSecrets, state, rekeyedArchives } = result
  const json = changeJson(result)
  if (passedOver) {
    const how = to.scheme === 'passphrase' ? 'the new passphrase opens it' : `under ${to.text}`
    return { outcome: 'passed over', detail: `already ${how}`, json }
  }
  const ofState = state === undefined ? '' : ` and ${stateSecrets} of its state`
  const from = before === undefined || before.url.text === to.text ? '' : ` from ${before.url.text}`
  const along = rekeyedArchives.length === 0 ? '' : `, with ${countKinds(rekeyedArchives).join(', ')}`
  return {
    outcome: after === undefined ? 'would change' : 'changed',
    detail: `${countSecrets(configSecrets)}${ofState}${from} to ${to.text}${along}`,
    json,
  }
}
