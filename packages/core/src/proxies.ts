import { StacksealError } from './errors.ts'

/** What `Agent` of node:http or node:https is; core loads neither. */
export type AgentClass = new (options: object) => { destroy(): void }

export interface ProxyCheck {
  /** The servers that are about to be reached, as URLs. */
  readonly servers: readonly string[]
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, as far as they are set. */
  readonly proxyEnv: Readonly<Record<string, string>>
  /** Gives the class whose agents will make the requests. Asked only where a proxy is named for one of the servers. */
  readonly agent: () => Promise<AgentClass>
  /** What NO_PROXY would have to name to reach them without: the end of the hint. */
  readonly noProxy: string
}

/**
 * Refuses an environment whose proxy this version of Node would silently leave out: requests would go to the key service
 * past what somebody has put before it. For a provider that gives its agents `proxyEnv`.
 * @throws ERR_USAGE
 */
export async function checkProxies({ servers, proxyEnv, agent, noProxy }: ProxyCheck): Promise<void> {
  if (servers.every((server) => proxyFor(new URL(server), proxyEnv) === undefined)) return
  if (takesProxies(await agent())) return
  throw new StacksealError(
    'ERR_USAGE',
    'this version of Node can not go through the proxy that the environment names',
    {
      hint: `use Node 22.21, 24.5 or newer; or name ${noProxy} in NO_PROXY if it can be reached without the proxy`,
    },
  )
}

/** The proxy that the environment names for a server, unless NO_PROXY leads past it. */
function proxyFor({ protocol, hostname, host }: URL, proxyEnv: ProxyCheck['proxyEnv']): string | undefined {
  const isPassed = (proxyEnv['NO_PROXY'] ?? '').split(',').some((entry) => {
    const name = entry.trim().replace(/^\*?\./, '')
    return name === '*' || name === hostname || name === host || (name !== '' && hostname.endsWith(`.${name}`))
  })
  return isPassed ? undefined : proxyEnv[protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY']
}

/** Node takes `proxyEnv` since 22.21 and 24.5, and then refuses an address that can not be one; before, it looks at none. */
function takesProxies(Agent: AgentClass): boolean {
  const wrong = 'http://['
  try {
    new Agent({ proxyEnv: { HTTP_PROXY: wrong, HTTPS_PROXY: wrong } }).destroy()
    return false
  } catch {
    return true // ERR_PROXY_INVALID_CONFIG
  }
}
