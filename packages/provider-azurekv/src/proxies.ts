import { StacksealError } from '@stackseal/core'

type ProxyEnv = Readonly<Record<string, string>>

/**
 * Refuses an environment whose proxy this version of Node would silently leave out: requests would go to Azure
 * past what somebody has put before it.
 * @throws ERR_USAGE
 */
export async function checkProxies(servers: readonly string[], proxyEnv: ProxyEnv): Promise<void> {
  if (servers.every((server) => proxyFor(new URL(server), proxyEnv) === undefined)) return
  const { Agent } = await import('node:https')
  if (takesProxies(Agent)) return
  throw new StacksealError(
    'ERR_USAGE',
    'this version of Node can not go through the proxy that the environment names',
    {
      hint: 'use Node 22.21, 24.5 or newer; or name vault and sign-in (.vault.azure.net,.microsoftonline.com) in NO_PROXY if they can be reached without the proxy',
    },
  )
}

/** The proxy that the environment names for a server, unless NO_PROXY leads past it. */
function proxyFor({ protocol, hostname, host }: URL, proxyEnv: ProxyEnv): string | undefined {
  const isPassed = (proxyEnv['NO_PROXY'] ?? '').split(',').some((entry) => {
    const name = entry.trim().replace(/^\*?\./, '')
    return name === '*' || name === hostname || name === host || (name !== '' && hostname.endsWith(`.${name}`))
  })
  return isPassed ? undefined : proxyEnv[protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY']
}

/** Node takes `proxyEnv` since 22.21 and 24.5, and then refuses an address that can not be one; before, it looks at none. */
function takesProxies(Agent: new (options: object) => { destroy(): void }): boolean {
  const wrong = 'http://['
  try {
    new Agent({ proxyEnv: { HTTP_PROXY: wrong, HTTPS_PROXY: wrong } }).destroy()
    return false
  } catch {
    return true // ERR_PROXY_INVALID_CONFIG
  }
}
