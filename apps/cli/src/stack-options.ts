import type { OpenStackOptions } from '@stackseal/stack'
import type { Invocation } from './command.ts'
import { providerRegistry } from './provider-registry.ts'

/** What the stack library needs of a command's world. `command` stands in the lock file, for whoever has to wait. */
export function stackOptions(invocation: Invocation, command: string): OpenStackOptions {
  const { options, terminal, env, signal } = invocation
  return {
    cwd: options.cwd,
    env,
    stack: options.stack,
    configFile: options.configFile,
    followLinks: options.followLinks,
    lockTimeout: options.lockTimeoutMs,
    registry: providerRegistry(invocation),
    signal,
    command: `stackseal ${command}`,
    tell: (text) => terminal.say(text),
    ...(terminal.canAsk ? { ask: (question) => terminal.ask(question, signal) } : {}),
  }
}
