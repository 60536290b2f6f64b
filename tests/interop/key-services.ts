import { KmsAdmin } from '../../tools/services/kms-admin.ts'
import { LocalstackKms } from '../../tools/services/localstack-kms.ts'
import { OpenBao } from '../../tools/services/openbao.ts'
import type { AwsCaller } from '../../tools/services/aws-call.ts'

/** A Vault and an AWS, with one key each, for both command lines. */
export interface KeyServices extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  readonly vault: KeyOfService
  readonly aws: KeyOfService
}

export interface KeyOfService {
  readonly url: string
  /** A new version of the key becomes the one that seals. */
  readonly rotate: () => Promise<void>
}

const REGION = 'us-east-1'

/** @param caller whose credentials the environment holds; the AWS takes every one */
export async function keyServices(caller: AwsCaller): Promise<KeyServices> {
  const bao = await OpenBao.start()
  const localstack = await LocalstackKms.start()
  await bao.api('POST', 'transit/keys/app', {})
  const admin = new KmsAdmin(localstack.address, REGION, caller)
  const key = await admin.createKey('app')
  return {
    env: {
      VAULT_ADDR: bao.address,
      VAULT_TOKEN: bao.token,
      AWS_ENDPOINT_URL_KMS: localstack.address,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: caller.id,
      AWS_SECRET_ACCESS_KEY: caller.secret,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    vault: { url: 'hashivault://app', rotate: async () => void (await bao.api('POST', 'transit/keys/app/rotate', {})) },
    aws: {
      url: 'awskms://alias/app',
      rotate: async () => void (await admin.call('RotateKeyOnDemand', { KeyId: key })),
    },
    async [Symbol.asyncDispose]() {
      await bao.stop()
      await localstack.stop()
    },
  }
}
