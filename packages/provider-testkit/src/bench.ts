import { parseKeyUrl, type Provider, type ProviderContext } from '@stackseal/core'

import { type CaseContext, failed, within } from './conformance-case.ts'
import type { StagedFault, StageFault, Subject, SubjectKey } from './subject.ts'

export type Made = Awaited<ReturnType<Provider['createKey']>>
export type Opened = Awaited<ReturnType<Provider['openKey']>>
type Extra = Omit<Partial<ProviderContext>, 'env'>

/** One provider of a subject on the bench, with its calls bound in time. Environments and URLs are frozen copies. */
export interface Bench {
  readonly provider: Provider
  create(key: SubjectKey, extra?: Extra): Promise<Made>
  open(key: SubjectKey, sealed: string, extra?: Extra): Promise<Opened>
  seal(key: SubjectKey, dataKey: Uint8Array, extra?: Extra): Promise<string>
}

/** Makes a provider, lets `use` work with it, and closes it. */
export async function onBench<T>(
  subject: Subject,
  context: CaseContext,
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  const provider = subject.make()
  const bound = <R>(what: string, work: () => Promise<R>): Promise<R> =>
    // A method that throws before it gives a promise is one more way to be refused.
    within(context.patienceMs, what, Promise.resolve().then(work))
  try {
    return await use({
      provider,
      create: (key, extra) => bound('making a key', () => provider.createKey(parseKeyUrl(key.url), world(key, extra))),
      open: (key, sealed, extra) =>
        bound('opening a key', () => provider.openKey(parseKeyUrl(key.url), sealed, world(key, extra))),
      seal: (key, dataKey, extra) =>
        bound('sealing a key', () => {
          if (provider.sealKey === undefined) throw failed('the provider has no sealKey')
          return provider.sealKey(parseKeyUrl(key.url), dataKey, world(key, extra))
        }),
    })
  } finally {
    // Whether closing works is a case of its own.
    await within(context.patienceMs, 'closing', Promise.resolve(provider.close?.())).catch(() => undefined)
  }
}

/** Seals a key under the first key, brings the fault about, and gives `use` what to call with. */
export async function underFault<T>(
  subject: Subject,
  context: CaseContext,
  stage: StageFault,
  use: (bench: Bench, key: SubjectKey, sealed: string, fault: StagedFault) => Promise<T>,
): Promise<T> {
  return onBench(subject, context, async (bench) => {
    const [key] = subject.keys
    const { sealed } = await bench.create(key)
    const fault = await stage()
    try {
      return await use(bench, { url: fault.url ?? key.url, env: fault.env ?? key.env }, sealed, fault)
    } finally {
      await fault.end?.()
    }
  })
}

function world(key: SubjectKey, extra: Extra | undefined): ProviderContext {
  return Object.freeze({ ...extra, env: Object.freeze({ ...key.env }) })
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
