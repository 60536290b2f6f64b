import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { FakeKms, TOKENS } from '../../../packages/provider-gcpkms/test/fake-kms.ts'
import { testCertificate } from '../../../packages/provider-gcpkms/test/kms-server.ts'
import { mapHost } from './map-hosts.mjs'

const HOST = 'cloudkms.googleapis.com:443'

/** For the table of events. */
export const STAND_IN = 'own stand-in (gRPC)'

/** The stand-in for Cloud KMS, behind the name and port of the real one: for this process, and for its children. */
export class GoogleStandIn {
  readonly kms: FakeKms
  readonly #folder: string

  private constructor(kms: FakeKms, folder: string) {
    this.kms = kms
    this.#folder = folder
  }

  static async start(): Promise<GoogleStandIn> {
    const folder = mkdtempSync(join(tmpdir(), 'stackseal-google-'))
    writeFileSync(join(folder, 'authority.pem'), testCertificate().cert)
    const standIn = new GoogleStandIn(await FakeKms.start(), folder)
    standIn.reach()
    return standIn
  }

  /** Leads the name to this server, or to another port of loopback. */
  reach(port: number = this.kms.port): void {
    mapHost(HOST, `127.0.0.1:${port}`)
  }

  /** The environment in which an unmodified program reaches this server (or another port), as the owner of the keys. */
  environment(port: number = this.kms.port): Record<string, string> {
    const authority = join(this.#folder, 'authority.pem')
    return {
      GOOGLE_OAUTH_ACCESS_TOKEN: TOKENS.owner,
      NODE_OPTIONS: `--import=${new URL('./map-hosts.mjs', import.meta.url).href}`,
      STACKSEAL_TEST_HOSTS: `${HOST}=127.0.0.1:${port}`,
      NODE_EXTRA_CA_CERTS: authority,
      // What grpc-js trusts in place of Node's own authorities, where a machine sets it.
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: authority,
    }
  }

  stop(): void {
    this.kms.stop()
    rmSync(this.#folder, { recursive: true })
  }
}
