import { PARENT, refused, Status, TOKENS } from '../../../packages/provider-gcpkms/test/fake-kms.ts'
import { errorInfo } from '../../../packages/provider-gcpkms/test/status-details.ts'
import type { CliService } from '../cli/cli-service.ts'
import { TcpGate } from '../cli/tcp-gate.ts'
import { GoogleStandIn, STAND_IN } from './stand-in.ts'

/** The own Cloud KMS over gRPC and TLS, found by an unchanged program under Google's name. */
export async function googleCliService(): Promise<CliService> {
  const google = await GoogleStandIn.start()
  const gate = await TcpGate.start()
  const { kms } = google
  gate.target = kms.port
  const setState = (state: 'ENABLED' | 'DISABLED'): void => {
    for (const [at] of kms.keys.get(`${PARENT}/app`)?.versions.entries() ?? []) {
      kms.setState(`${PARENT}/app`, at + 1, state)
    }
  }
  return {
    service: 'Google Cloud KMS',
    server: STAND_IN,
    keyUrl: `gcpkms://${PARENT}/app`,
    otherKeyUrl: `gcpkms://${PARENT}/db`,
    env: google.environment(gate.port),
    secrets: Object.values(TOKENS),
    events: {
      async rotate() {
        kms.rotate(`${PARENT}/app`)
      },
      async removeRights() {
        kms.callers.set(TOKENS.owner, new Set(['useToEncrypt']))
        return async () => void kms.callers.set(TOKENS.owner, new Set(['useToEncrypt', 'useToDecrypt']))
      },
      async disable() {
        setState('DISABLED')
        return async () => setState('ENABLED')
      },
      stop: () => gate.goAway(),
      async hang() {
        kms.override = () => 'silence'
        return async () => void (kms.override = undefined)
      },
      async throttle() {
        let refusals = 0
        kms.override = () => {
          if (refusals > 0) return undefined
          refusals += 1
          return refused(Status.RESOURCE_EXHAUSTED, 'Quota exceeded', errorInfo('RATE_LIMIT_EXCEEDED'))
        }
        return async () => {
          kms.override = undefined
          if (refusals !== 1) throw new Error('no call was throttled')
        }
      },
    },
    async stop() {
      await gate.stop()
      google.stop()
    },
  }
}
