import { type AwsCaller, kmsCall } from './aws-call.ts'

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

/** What only an administrator of a KMS does, the same on every server that stands in for it. */
export class KmsAdmin {
  readonly address: string
  readonly region: string
  readonly caller: AwsCaller

  constructor(address: string, region: string, caller: AwsCaller) {
    this.address = address
    this.region = region
    this.caller = caller
  }

  call<Answer>(operation: string, input: object): Promise<Answer> {
    return kmsCall(this, operation, input)
  }

  /** A symmetric key, with an alias where one is given; gives its id. */
  async createKey(alias?: string, input: object = {}): Promise<string> {
    const { KeyMetadata } = await this.call<{ readonly KeyMetadata: { readonly KeyId: string } }>('CreateKey', input)
    if (alias !== undefined) {
      await this.call('CreateAlias', { AliasName: `alias/${alias}`, TargetKeyId: KeyMetadata.KeyId })
    }
    return KeyMetadata.KeyId
  }

  async pointAlias(alias: string, keyId: string): Promise<void> {
    await this.call('UpdateAlias', { AliasName: `alias/${alias}`, TargetKeyId: keyId })
  }

  async setState(keyId: string, state: KeyState): Promise<void> {
    if (state === 'PendingDeletion') await this.call('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: 7 })
    else await this.call(state === 'Enabled' ? 'EnableKey' : 'DisableKey', { KeyId: keyId })
  }

  async arnOf(keyId: string): Promise<string> {
    const answer = await this.call<{ readonly KeyMetadata: { readonly Arn: string } }>('DescribeKey', { KeyId: keyId })
    return answer.KeyMetadata.Arn
  }
}
