import { type CaseContext, type ConformanceCase, failed, isUnstaged, type NotRun, notRun } from './conformance-case.ts'
import { holdsSecret } from './secret-search.ts'
import type { Subject, SubjectModule } from './subject.ts'
import type { World } from './world.ts'

export const HYGIENE: readonly ConformanceCase[] = [
  {
    name: 'hygiene/import',
    title: 'does nothing at import: no socket, no variable read, no SDK loaded, nothing printed',
    run: (subject, context) =>
      inProcess(subject, context, async (world, module) => {
        const report = await world.watchImport(module)
        if (!report.imported) throw failed('the module could not be imported')
        if (report.sockets > 0) throw failed('importing the module opened a socket')
        const [variable] = report.environment
        if (variable !== undefined) throw failed(`importing the module read the variable ${variable}`)
        const foreign = report.packages.find((name) => !(module.mayLoad ?? []).includes(name))
        if (foreign !== undefined) throw failed(`importing the module loaded ${foreign}`)
        if (report.output !== '') throw failed('importing the module printed something')
      }),
  },
  {
    name: 'hygiene/own-environment',
    title: 'works from its context alone, whatever the process has in its environment',
    run: (subject, context) =>
      inProcess(subject, context, async (world, module) => {
        const { result } = await world.watchUse(module, subject.keys[0])
        if (result !== 'same key') throw failed(`in a process with another environment it came to: ${result}`)
      }),
  },
  {
    name: 'secrecy/output',
    title: 'prints nothing, also under DEBUG=*',
    run: (subject, context) =>
      inProcess(subject, context, async (world, module) => {
        const { output, dataKey } = await world.watchUse(module, subject.keys[0])
        if (holdsSecret(output, [...subject.secrets, dataKey])) throw failed('it printed a credential or a key')
        if (output.trim() !== '') throw failed('it printed something')
      }),
  },
]

async function inProcess(
  subject: Subject,
  context: CaseContext,
  use: (world: World, module: SubjectModule) => Promise<void>,
): Promise<NotRun | void> {
  if (isUnstaged(subject.module)) return notRun(subject.module, 'a module to load')
  if (context.world === undefined) return { notRun: 'this runner can not start a process' }
  return use(context.world, subject.module)
}
