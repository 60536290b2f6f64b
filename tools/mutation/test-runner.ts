import { type RunnerTask, TestRunner } from 'vitest'

// Code that asks at each place whether it is changed takes longer: what things cost says nothing here.
const ABOUT_TIME = /twice the time|part of the time|of twice the length|is quadratic|in proportion to its length/
const SLOW = /a hostile tree|a million steps|loads the YAML library only/

/** Leaves tests about time, and slow ones of other code, out. Stryker puts a filter of its own in the place of a pattern for names. */
export default class QuickRunner extends TestRunner {
  override async onBeforeRunTask(test: RunnerTask & { type: 'test' }): Promise<void> {
    let names = test.name
    for (let { suite } = test; suite !== undefined; suite = suite.suite) names = `${suite.name} ${names}`
    if (ABOUT_TIME.test(names) || SLOW.test(names)) test.mode = 'skip'
    await super.onBeforeRunTask(test)
  }
}
