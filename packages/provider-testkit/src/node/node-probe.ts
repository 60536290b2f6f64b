// Runs in a process of its own, started by node-world.ts: loads a provider's module, and tells what that did.
import { createHook } from 'node:async_hooks'
import { registerHooks } from 'node:module'
import process from 'node:process'

import type { Provider } from '@stackseal/core'

import type { ProbeAnswer, ProbeTask } from '../world.ts'

const environment: string[] = []
const urls: string[] = []
let sockets = 0
let isWatching = false

function watch({ aliases = {} }: ProbeTask['module']): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const result = nextResolve(aliases[specifier] ?? specifier, context)
      if (isWatching) urls.push(result.url)
      return result
    },
  })
  process.env = new Proxy(process.env, {
    get(target, name, receiver) {
      if (isWatching && typeof name === 'string' && !isNodeItself()) environment.push(name)
      return Reflect.get(target, name, receiver) as unknown
    },
    // The receiver is left out: the real object refuses to have properties defined through another.
    set: (target, name, value) => Reflect.set(target, name, value),
    ownKeys(target) {
      if (isWatching && !isNodeItself()) environment.push('(all)')
      return Reflect.ownKeys(target)
    },
  })
  // What Node makes to reach another machine: a connection, or a look-up of its name.
  createHook({
    init(_, type) {
      if (isWatching && /^(?:TCP|TLS|UDP|PIPE|GETADDRINFO|QUERY)/.test(type)) sockets++
    },
  }).enable()
}

/** Whether the read comes from Node's own loader: the third frame, after this function and the trap. */
function isNodeItself(): boolean {
  return /[( ]node:/.test(new Error('where').stack?.split('\n')[3] ?? '')
}

async function look(task: ProbeTask): Promise<ProbeAnswer> {
  watch(task.module)
  // Core is there already in every program that loads a provider.
  const { isStacksealError, parseKeyUrl } = await import('@stackseal/core')
  isWatching = true
  let loaded: object
  try {
    loaded = (await import(task.module.url)) satisfies object
    await new Promise((resolve) => setTimeout(resolve, 10))
  } catch {
    return { imported: false, environment, sockets, urls }
  } finally {
    isWatching = false
  }
  const answer = { imported: true, environment, sockets, urls }
  if (task.use === undefined) return answer
  try {
    const made: unknown = Reflect.get(loaded, task.module.exportName ?? 'default')
    const provider: unknown = typeof made === 'function' ? made() : made
    if (!isProvider(provider)) return { ...answer, result: 'no provider' }
    const url = parseKeyUrl(task.use.url)
    const context = { env: task.use.env }
    const { dataKey, sealed } = await provider.createKey(url, context)
    const opened = await provider.openKey(url, sealed, context)
    await provider.close?.()
    const same = Buffer.compare(dataKey, opened.dataKey) === 0
    return { ...answer, result: same ? 'same key' : 'other key', dataKey: Buffer.from(dataKey).toString('hex') }
  } catch (error) {
    return { ...answer, result: isStacksealError(error) ? error.code : 'an error that is not a StacksealError' }
  }
}

function isProvider(value: unknown): value is Provider {
  return typeof value === 'object' && value !== null && 'createKey' in value
}

async function answerTo(task: ProbeTask): Promise<void> {
  const answer = await look(task)
  process.send?.(answer, undefined, undefined, () => process.disconnect())
}

process.once('message', (task: ProbeTask) => {
  void answerTo(task)
})
