import { type RunnerTask, TestRunner } from 'vitest'

// Code that counts the mutants it meets takes longer: what things cost says nothing here.
const ABOUT_TIME = /twice the time|part of the time|of twice the length|a parser that is quadratic/

/** Leaves tests about time out. Stryker puts a filter of its own in the place of a pattern for names. */
export default class TimelessRunner extends TestRunner {
  override async onBeforeRunTask(test: RunnerTask & { type: 'test' }): Promise<void> {
    let names = test.name
    for (let { suite } = test; suite !== undefined; suite = suite.suite) names = `${suite.name} ${names}`
    if (ABOUT_TIME.test(names)) test.mode = 'skip'
    await super.onBeforeRunTask(test)
  }
}
