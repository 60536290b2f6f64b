import { type RunnerTask, TestRunner } from 'vitest'

const LEFT_OUT = [
  // Code that asks at each place whether it is changed takes longer, and reads a variable: what it costs and what it reads
  // at its import say nothing here.
  /twice the time|part of the time|of twice the length|is quadratic|in proportion to its length|leaves the main thread/,
  /nothing at import/,
  // Slow, and about other code, or said by quicker tests too.
  /a hostile tree|a million steps|loads the YAML library only|stacks that the real Pulumi made|secrecy.errors/,
]

/** Leaves tests about time, and slow ones of other code, out. Stryker puts a filter of its own in the place of a pattern for names. */
export default class QuickRunner extends TestRunner {
  override async onBeforeRunTask(test: RunnerTask & { type: 'test' }): Promise<void> {
    let names = test.name
    for (let { suite } = test; suite !== undefined; suite = suite.suite) names = `${suite.name} ${names}`
    if (LEFT_OUT.some((left) => left.test(names))) test.mode = 'skip'
    await super.onBeforeRunTask(test)
  }
}
