import type { Envelope } from '@stackseal/core'
import { verifyStateStream } from '@stackseal/stack'
import type { VerifiedState } from '@stackseal/stack'
import type { Invocation } from '../command.ts'
import { describeKey } from '../describe-key.ts'
import { Progress } from '../progress.ts'
import { providerRegistry } from '../provider-registry.ts'
import { stateInput } from '../state-input.ts'
import { stateSpool } from '../state-spool.ts'
import { keyOpener } from '../state-key.ts'

const SOMETHING_FOUND = 3

/** Opens every secret of a state, and tells which do not open. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation
  const input = await stateInput(invocation, invocation.arguments[0])
  const openKey = keyOpener(invocation, 'state verify', input)
  let opened: Envelope | undefined
  const progress = new Progress(terminal, { what: 'verifying', size: input.size })
  const verified = await verifyStateStream(input.pieces(progress.bytes), {
    open: async (sealedKey) => (opened = await openKey(sealedKey)),
    spool: stateSpool,
    progress: progress.secrets,
  })
  progress.end()
  const exit = verified.broken.length > 0 ? SOMETHING_FOUND : 0
  const described = opened === undefined ? {} : await describeKey(opened.sealedKey, providerRegistry(invocation))
  if (options.json) {
    const answer = { file: input.label, ...asJson(verified), url: opened?.sealedKey.url.text ?? null, described }
    terminal.out(`${JSON.stringify(answer, undefined, 2)}\n`)
    return exit
  }
  const { secrets, broken } = verified
  const open = secrets - broken.length
  const key =
    opened === undefined ? 'no sealed key' : `the data key opens (${terminal.cell(opened.sealedKey.url.text)})`
  terminal.out(
    [
      `${input.label}: ${key}, ${open} ${open === 1 ? 'secret opens' : 'secrets open'}`,
      ...broken.map(({ error }) => `  ${terminal.cell(error.message)} (${error.code})`),
      '',
    ].join('\n'),
  )
  return exit
}

function asJson({ secrets, broken }: VerifiedState): object {
  return {
    ok: broken.length === 0,
    opened: secrets - broken.length,
    failed: broken.map(({ slot, error }) => ({
      urn: slot.urn ?? null,
      path: slot.path,
      code: error.code,
      message: error.message,
    })),
  }
}
