import { Registry } from '@stackseal/core'
import type { OpenStackOptions } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import { providers } from './providers.ts'

/** What the stack library needs of a command's world. `command` stands in the lock file, for whoever has to wait. */
export function stackOptions({ options, terminal, env, signal, trace }: Invocation, command: string): OpenStackOptions {
  return {
    cwd: options.cwd,
    env,
    stack: options.stack,
    configFile: options.configFile,
    followLinks: options.followLinks,
    lockTimeout: options.lockTimeoutMs,
    registry: new Registry(providers(trace)),
    signal,
    command: `stackseal ${command}`,
    tell: (text) => terminal.say(text),
    ...(terminal.canAsk ? { ask: (question) => terminal.ask(question, signal) } : {}),
  }
}
