export { CASES } from './cases.ts'
export type { CaseContext, ConformanceCase, NotRun } from './conformance-case.ts'
export { nodeWorld } from './node/node-world.ts'
export { registerCases, runCases } from './run-cases.ts'
export type { CaseResult, RunOptions, TestFunction } from './run-cases.ts'
export type {
  FaultStages,
  Stage,
  StagedFault,
  StageFault,
  Subject,
  SubjectKey,
  SubjectModule,
  Unstaged,
} from './subject.ts'
export type { ImportReport, RedirectingServer, UseReport, World } from './world.ts'
