import { isStacksealError, Registry } from '@stackseal/core'
import { findProject, nodeFileSystem } from '@stackseal/stack'
import { dirname } from 'node:path'
import type { Invocation } from './command.ts'
import { ProviderCalls } from './provider-calls.ts'
import { BUILT_IN_PROVIDERS } from './providers.ts'

const registries = new WeakMap<Invocation, Registry>()

/**
 * The providers of a command: Stackseal's own, and for other schemes those that the user named or trusts. One registry
 * a command, closed when it ends.
 */
export function providerRegistry(invocation: Invocation): Registry {
  const known = registries.get(invocation)
  if (known !== undefined) return known
  const registry = newRegistry(invocation)
  registries.set(invocation, registry)
  return registry
}

function newRegistry(invocation: Invocation): Registry {
  const { options, terminal, env, trace, atEnd } = invocation
  const calls = new ProviderCalls(options.timeoutMs, trace)
  const registry = new Registry(
    BUILT_IN_PROVIDERS.map((provider) => calls.bounded(provider)),
    {
      otherwise: async (scheme) => {
        const { thirdPartyProvider } = await import('./third-party-providers.ts')
        const provider = await thirdPartyProvider(scheme, {
          named: options.providers,
          projectFolder: await projectFolder(options.cwd),
          cwd: options.cwd,
          env,
          warn: (text) => terminal.warn(text),
        })
        return calls.bounded(provider)
      },
    },
  )
  atEnd(() => registry.close())
  return registry
}

/** The folder of the project that the working folder belongs to; the working folder itself where there is none. */
export async function projectFolder(cwd: string): Promise<string> {
  try {
    return dirname((await findProject(nodeFileSystem, cwd)).file)
  } catch (error) {
    if (isStacksealError(error) && error.code === 'ERR_NO_PROJECT') return cwd
    throw error
  }
}
