import { onBench, sameBytes } from './bench.ts'
import { type ConformanceCase, failed, isUnstaged, notRun } from './conformance-case.ts'

export const ROUND_TRIP: readonly ConformanceCase[] = [
  {
    name: 'round-trip/same-key',
    title: 'opens the key that it made',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const { dataKey, sealed } = await bench.create(subject.keys[0])
        const opened = await bench.open(subject.keys[0], sealed)
        if (!sameBytes(opened.dataKey, dataKey)) throw failed('the key that was opened is not the one that was made')
      }),
  },
  {
    name: 'round-trip/fresh-instance',
    title: 'opens the key in a provider that did not make it',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const { sealed } = await bench.create(subject.keys[0])
        const opened = await bench.open(subject.keys[0], sealed)
        const again = await onBench(subject, context, (fresh) => fresh.open(subject.keys[0], sealed))
        if (!sameBytes(opened.dataKey, again.dataKey)) throw failed('a fresh provider opened another key')
      }),
  },
  {
    name: 'round-trip/caller-owns-the-bytes',
    title: 'gives bytes that the caller may overwrite',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const { dataKey, sealed } = await bench.create(subject.keys[0])
        dataKey.fill(0)
        const first = await bench.open(subject.keys[0], sealed)
        const kept = Uint8Array.from(first.dataKey)
        first.dataKey.fill(0)
        const second = await bench.open(subject.keys[0], sealed)
        if (!sameBytes(second.dataKey, kept)) throw failed('overwriting an opened key changed what opens next')
      }),
  },
  {
    name: 'round-trip/seal-key',
    title: 'seals an existing key under another key URL and leaves the bytes alone',
    async run(subject, context) {
      if (subject.make().sealKey === undefined) {
        return { notRun: 'the provider derives its keys and seals no existing one' }
      }
      const [from, to = from] = subject.keys
      return onBench(subject, context, async (bench) => {
        const { dataKey } = await bench.create(from)
        const given = Uint8Array.from(dataKey)
        const sealed = await bench.seal(to, given)
        if (!sameBytes(given, dataKey)) throw failed('sealKey changed the bytes that it was given')
        const opened = await bench.open(to, sealed)
        if (!sameBytes(opened.dataKey, dataKey)) throw failed('sealKey sealed another key than it was given')
      })
    },
  },
  {
    name: 'repair/not-needed',
    title: 'leaves a sealed text alone that is as it should be',
    run: (subject, context) =>
      onBench(subject, context, async (bench) => {
        const { sealed } = await bench.create(subject.keys[0])
        const opened = await bench.open(subject.keys[0], sealed)
        if (opened.sealed !== undefined && opened.sealed !== sealed) {
          throw failed('opening a key that was just made gave a new sealed text for it')
        }
      }),
  },
  {
    name: 'repair/old-text',
    title: 'opens an odd text of older programs and gives a better one for the same key',
    async run(subject, context) {
      const { repairable } = subject
      if (isUnstaged(repairable)) return notRun(repairable, 'a text that wants repair')
      return onBench(subject, context, async (bench) => {
        const { sealed } = await bench.create(subject.keys[0])
        const before = await bench.open(subject.keys[0], sealed)
        const odd = repairable(sealed)
        const opened = await bench.open(subject.keys[0], odd)
        if (!sameBytes(opened.dataKey, before.dataKey)) throw failed('the odd text opened another key')
        if (opened.sealed === undefined || opened.sealed === odd) throw failed('no better text came with the key')
        const repaired = await bench.open(subject.keys[0], opened.sealed)
        if (!sameBytes(repaired.dataKey, before.dataKey)) throw failed('the repaired text opens another key')
        if (repaired.sealed !== undefined && repaired.sealed !== opened.sealed) {
          throw failed('the repaired text wants repair again')
        }
      })
    },
  },
]
