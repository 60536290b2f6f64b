import { type Bench, onBench, underFault } from './bench.ts'
import { type ConformanceCase, failed, isUnstaged, notRun } from './conformance-case.ts'
import { everyText, type Forbidden, holdsSecret } from './secret-search.ts'
import type { Subject, SubjectKey } from './subject.ts'

const HANGING_MS = 50

/** A service that hangs is waited for only so long. */
function bound(fault: string): { signal?: AbortSignal } {
  return fault === 'hanging' ? { signal: AbortSignal.timeout(HANGING_MS) } : {}
}

export const SECRECY: readonly ConformanceCase[] = [
  {
    name: 'secrecy/errors',
    title: 'puts no credential and no byte of a key into an error, whatever fails',
    async run(subject, context) {
      const look = (error: unknown, keys: readonly Forbidden[]): void => {
        if (holdsSecret(everyText(error), [...subject.secrets, ...keys])) {
          throw failed('an error (its message, hint, details, stack or a cause) holds a credential or a key')
        }
      }
      await onBench(subject, context, async (bench) => {
        const { dataKey, sealed } = await bench.create(subject.keys[0])
        for (const [key, text] of wrongCalls(subject, sealed)) {
          await bench.open(key, text).catch((error: unknown) => look(error, [dataKey]))
        }
        await sealWrongly(bench, subject, dataKey, look)
      })
      for (const [name, fault] of Object.entries(subject.faults ?? {})) {
        if (isUnstaged(fault)) continue
        await underFault(subject, context, fault, async (bench, key, sealed, staged) => {
          await bench.open(key, sealed, bound(name)).catch((error: unknown) => look(error, secretsOf(staged.env)))
          const known = Uint8Array.from({ length: 32 }, (_, at) => (at * 37 + 11) & 0xff)
          if (bench.provider.sealKey === undefined) return
          await bench
            .seal(key, Uint8Array.from(known), bound(name))
            .catch((error: unknown) => look(error, [known, ...secretsOf(staged.env)]))
        })
      }
    },
  },
  {
    name: 'secrecy/redirect',
    title: 'sends nothing to a server that another one names',
    async run(subject, context) {
      const { server } = subject
      if (isUnstaged(server)) return notRun(server, 'a server that sends on to another')
      if (context.world === undefined) return { notRun: 'this runner can not start a server' }
      const servers = await context.world.redirectingServer()
      try {
        const key = server(servers.origin)
        await onBench(subject, context, async (bench) => {
          const { sealed } = await bench.create(subject.keys[0])
          await bench.open(key, sealed).catch(() => undefined) // that nothing arrived is what counts
          await bench.create(key).catch(() => undefined)
        })
        const { here, there } = servers.seen()
        if (here === 0) throw failed('no request reached the server that sends on')
        if (there > 0) throw failed('a request was sent on to a server that was not named')
      } finally {
        await servers.close()
      }
      return undefined
    },
  },
]

function wrongCalls(subject: Subject, sealed: string): [key: SubjectKey, sealed: string][] {
  const [key, other] = subject.keys
  const turned = sealed.replace(/[A-Za-z](?=[^A-Za-z]*$)/, (letter) => (letter === 'A' ? 'B' : 'A'))
  const calls: [SubjectKey, string][] = [
    [key, ''],
    [key, turned],
    [key, sealed.slice(0, (sealed.length >> 3) << 2)],
  ]
  if (other !== undefined) calls.push([other, sealed])
  if (!isUnstaged(subject.unknownParameter)) calls.push([{ ...key, url: subject.unknownParameter }, sealed])
  return calls
}

async function sealWrongly(
  bench: Bench,
  subject: Subject,
  dataKey: Uint8Array,
  look: (error: unknown, keys: readonly Forbidden[]) => void,
): Promise<void> {
  if (bench.provider.sealKey === undefined || isUnstaged(subject.unknownParameter)) return
  const key = { ...subject.keys[0], url: subject.unknownParameter }
  await bench.seal(key, Uint8Array.from(dataKey)).catch((error: unknown) => look(error, [dataKey]))
}

// A staged environment may hold a credential of its own; addresses and paths are no secrets.
function secretsOf(env: SubjectKey['env'] | undefined): string[] {
  return Object.entries(env ?? {}).flatMap(([name, value]) =>
    value !== undefined && value.length >= 8 && /token|secret|password|passphrase|pin/i.test(name) ? [value] : [],
  )
}
