import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Certificate, certificateFor } from './certificate.ts'
import { KeyVaultServer } from './key-vault-server.ts'
import { hostVariable, type HostMap, mapHosts } from './map-hosts.ts'
import { trust } from './trust.ts'

/** Azure for this process: every vault and sign-in of its names is one server on loopback, and is trusted by TLS. */
export interface AzureOnLoopback {
  readonly server: KeyVaultServer
  readonly certificate: Certificate
  /** The file of it, for programs that are told of an authority by name. */
  readonly caFile: string
  /** What another process needs in its environment to see the same: an unchanged program reaches the server. */
  readonly processEnv: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const NAMES = [
  '*.vault.azure.net',
  '*.vault.azure.cn',
  '*.vault.usgovcloudapi.net',
  '*.vault.microsoftazure.de',
  '*.vault.region01.external.com',
  'login.microsoftonline.com',
  // What MSAL makes of login.chinacloudapi.cn.
  'login.partner.microsoftonline.cn',
  'login.microsoftonline.us',
  'login.microsoftonline.de',
]
/** Where a virtual machine's metadata would be: nobody's, so that a test on one does not sign in as it. */
const METADATA = '169.254.169.254'
const NOBODY = 1

/** `elsewhere`: hosts that are found on other ports, where a server with this certificate may be. */
export async function azureOnLoopback(
  elsewhere: (certificate: Certificate) => Promise<HostMap> = async () => ({}),
): Promise<AzureOnLoopback> {
  const certificate = certificateFor(NAMES)
  const more = await elsewhere(certificate)
  const server = await KeyVaultServer.start(certificate)
  const folder = mkdtempSync(join(tmpdir(), 'stackseal-azure-'))
  const caFile = join(folder, 'authority.pem')
  writeFileSync(caFile, certificate.cert)
  const distrust = trust(certificate.cert)
  const map = { ...Object.fromEntries(NAMES.map((name) => [name, server.port])), [METADATA]: NOBODY, ...more }
  const unmap = mapHosts(map)
  return {
    server,
    certificate,
    caFile,
    processEnv: {
      ...hostVariable(map),
      NODE_EXTRA_CA_CERTS: caFile,
      NODE_OPTIONS: [
        `--import=${new URL('map-hosts.ts', import.meta.url).href}`,
        '--disable-warning=ExperimentalWarning',
        // The oldest Nodes run TypeScript only when they are asked to, and do not know this.
        ...(process.features.typescript ? [] : ['--experimental-strip-types']),
      ].join(' '),
    },
    async stop() {
      unmap()
      distrust()
      await server.close()
      rmSync(folder, { recursive: true })
    },
  }
}
