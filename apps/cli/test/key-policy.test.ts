import { parseKeyUrl } from '@stackseal/core'
import { describe, expect, test } from 'vitest'
import { keyPolicy } from '../src/key-policy/key-policy.ts'
import type { KeyPolicy } from '../src/key-policy/policy-text.ts'
import { inProcess } from './support/in-process.ts'

const ROLE = 'arn:aws:iam::111122223333:role/deploy'
const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'

interface Statement {
  readonly Effect: string
  readonly Principal?: { readonly AWS: string }
  readonly Action: string | readonly string[]
  readonly Resource: string
  readonly Condition?: Readonly<Record<string, unknown>>
}

const policy = (url: string, principal?: string, env = {}): KeyPolicy => keyPolicy(parseKeyUrl(url), { principal, env })
const text = (made: KeyPolicy, part: number): string => made.parts[part]?.text ?? ''
const statements = (made: KeyPolicy, part: number): readonly Statement[] =>
  (JSON.parse(text(made, part)) as { readonly Statement: readonly Statement[] }).Statement

describe('AWS', () => {
  test('the key policy leaves the key to its account, and lets the principal encrypt and decrypt and nothing else', () => {
    expect(statements(policy(`awskms://${ID}?region=eu-west-1`, ROLE), 0)).toEqual([
      {
        Sid: 'AccountManagesTheKey',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'StacksealUsesTheKey',
        Effect: 'Allow',
        Principal: { AWS: ROLE },
        Action: ['kms:Encrypt', 'kms:Decrypt'],
        Resource: '*',
      },
    ])
  })

  test.each([
    ['a key id', `awskms://${ID}?region=eu-west-1`, {}, `arn:aws:kms:eu-west-1:111122223333:key/${ID}`],
    ['three slashes', `awskms:///${ID}?region=eu-west-1`, {}, `arn:aws:kms:eu-west-1:111122223333:key/${ID}`],
    [
      'the region of the environment',
      `awskms://${ID}`,
      { AWS_REGION: 'eu-north-1' },
      `arn:aws:kms:eu-north-1:111122223333:key/${ID}`,
    ],
    ['no region at all', `awskms://mrk-${'0'.repeat(32)}`, {}, `arn:aws:kms:*:111122223333:key/mrk-${'0'.repeat(32)}`],
    [
      'the ARN of a key, whatever region= says',
      `awskms:///arn:aws:kms:us-east-1:444455556666:key/${ID}?region=eu-west-1`,
      {},
      `arn:aws:kms:us-east-1:444455556666:key/${ID}`,
    ],
    [
      'another partition',
      `awskms:///arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/${ID}`,
      {},
      `arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/${ID}`,
    ],
  ])('the IAM policy names the key by its ARN: %s', (_, url, env, resource) => {
    const [statement] = statements(policy(url, ROLE, env), 1)
    expect(statement).toEqual({
      Sid: 'StacksealUsesTheKey',
      Effect: 'Allow',
      Action: ['kms:Encrypt', 'kms:Decrypt'],
      Resource: resource,
    })
  })

  test.each([
    ['awskms://alias/app?region=eu-west-1', 'arn:aws:kms:eu-west-1:111122223333:key/*', 'alias/app'],
    ['awskms:///alias/team/app?region=eu-west-1', 'arn:aws:kms:eu-west-1:111122223333:key/*', 'alias/team/app'],
    ['awskms:///arn:aws:kms:us-east-1:444455556666:alias/app', 'arn:aws:kms:us-east-1:444455556666:key/*', 'alias/app'],
  ])('an alias is no Resource: %s', (url, resource, alias) => {
    const made = policy(url, ROLE)
    const [statement] = statements(made, 1)
    expect(statement).toMatchObject({
      Resource: resource,
      Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } },
    })
    expect(made.notes.join('\n')).toContain('No policy can name an alias')
  })

  test('the right counts for the encryption context of the URL', () => {
    const made = policy(`awskms://${ID}?region=eu-west-1&context_app=shop&context_stage=prod`, ROLE)
    const condition = { StringEquals: { 'kms:EncryptionContext:app': 'shop', 'kms:EncryptionContext:stage': 'prod' } }
    expect(statements(made, 0)[1]?.Condition).toEqual(condition)
    expect(statements(made, 1)[0]?.Condition).toEqual(condition)
  })

  test('with role= it is that role which uses the key, and the principal may take it on', () => {
    const role = 'arn:aws:iam::444455556666:role/kms'
    const made = policy(`awskms://${ID}?region=eu-west-1&role=${role}`, ROLE)
    expect(statements(made, 0)[1]?.Principal).toEqual({ AWS: role })
    expect(statements(made, 0)[0]?.Principal).toEqual({ AWS: 'arn:aws:iam::444455556666:root' })
    expect(statements(made, 2)).toEqual([{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: role }])
    expect(made.notes.join('\n')).toContain(`The trust policy of ${role}`)
  })

  test('a key in another account needs both policies', () => {
    const made = policy(`awskms:///arn:aws:kms:us-east-1:444455556666:key/${ID}`, ROLE)
    expect(statements(made, 0)[0]?.Principal).toEqual({ AWS: 'arn:aws:iam::444455556666:root' })
    expect(made.notes.join('\n')).toContain('both policies are needed')
  })

  test('a session stands for its role', () => {
    const made = policy(`awskms://${ID}`, 'arn:aws:sts::111122223333:assumed-role/deploy/session')
    expect(statements(made, 0)[1]?.Principal).toEqual({ AWS: ROLE })
  })

  test.each([
    undefined,
    'deploy',
    'arn:aws:iam::1:role/x',
    'arn:aws:s3:::bucket',
    'arn:aws:iam::111122223333:role/',
    '*',
  ])('a principal that is none: %s', (principal) => {
    expect(() => policy(`awskms://${ID}`, principal)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })

  test.each(['awskms:alias/x', 'awskms://', 'awskms:///arn:aws:s3:::bucket', 'awskms://a*'])(
    'a URL without a key: %s',
    (url) => {
      expect(() => policy(url, ROLE)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY_URL' }))
    },
  )
})

describe('Azure', () => {
  const url = 'azurekeyvault://my-vault.vault.azure.net/keys/app'
  const who = '0f3c1a2b-0000-4000-8000-000000000001'

  test('the built-in role, on the one key', () => {
    expect(text(policy(url, who), 0)).toBe(
      'VAULT_ID=$(az keyvault show --name my-vault --query id --output tsv)\n' +
        `az role assignment create --role 'Key Vault Crypto User' --assignee ${who} --scope "$VAULT_ID/keys/app"`,
    )
  })

  test.each([
    [url, ['encrypt', 'decrypt'], ['read']],
    [`${url}/0123456789abcdef0123456789abcdef?algorithm=RSA-OAEP`, ['encrypt', 'decrypt'], []],
  ])('a narrower role: %s', (keyUrl, operations, more) => {
    const made = policy(keyUrl, who)
    expect((JSON.parse(text(made, 1)) as { DataActions: unknown }).DataActions).toEqual([
      ...operations.map((operation) => `Microsoft.KeyVault/vaults/keys/${operation}/action`),
      ...more.map((operation) => `Microsoft.KeyVault/vaults/keys/${operation}`),
    ])
    expect(text(made, 2)).toContain('--scope "$VAULT_ID/keys/app"')
  })

  test.each([
    [who, '--object-id'],
    ['deploy@example.com', '--upn'],
    ['http://my-app', '--spn'],
  ])('an access policy for %s', (principal, flag) => {
    expect(text(policy(url, principal), 3)).toBe(
      `az keyvault set-policy --name my-vault ${flag} ${principal} --key-permissions encrypt decrypt list`,
    )
  })

  test('another cloud is named', () => {
    const made = policy('azurekeyvault://v.vault.azure.cn/keys/app', who)
    expect(made.notes.join('\n')).toContain('az cloud set --name AzureChinaCloud')
  })

  test.each([
    'azurekeyvault://v.vault.azure.net/secrets/app',
    'azurekeyvault://v.example.com/keys/app',
    'azurekeyvault://x',
  ])('a URL that is none: %s', (wrong) => {
    expect(() => policy(wrong, who)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY_URL' }))
  })

  test.each([undefined, '', 'a b', '$(rm -rf ~)', "a'b"])('a principal that is none: %s', (principal) => {
    expect(() => policy(url, principal)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})

describe('Google', () => {
  const url = 'gcpkms://projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k'

  test.each([
    ['serviceAccount:d@p.iam.gserviceaccount.com', 'serviceAccount:d@p.iam.gserviceaccount.com'],
    ['d@p.iam.gserviceaccount.com', 'serviceAccount:d@p.iam.gserviceaccount.com'],
    ['someone@example.com', 'user:someone@example.com'],
    ['group:team@example.com', 'group:team@example.com'],
  ])('a binding on the one key, for %s', (principal, member) => {
    const made = policy(url, principal)
    expect(text(made, 0)).toBe(
      'gcloud kms keys add-iam-policy-binding k \\\n  --project p --location europe-west1 --keyring r \\\n' +
        `  --member ${member} \\\n  --role roles/cloudkms.cryptoKeyEncrypterDecrypter`,
    )
    expect(JSON.parse(text(made, 1))).toEqual({
      role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
      members: [member],
    })
  })

  test('a principal of a pool is quoted where the shell needs it', () => {
    const member =
      'principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/attribute.repo/a$b'
    expect(text(policy(url, member), 0)).toContain(`--member '${member}'`)
  })

  test.each(['gcpkms://projects/p/locations/l/keyRings/r', 'gcpkms://x'])('a URL that is none: %s', (wrong) => {
    expect(() => policy(wrong, 'user:a@b.c')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY_URL' }))
  })

  test.each([undefined, 'deploy', 'allUsers'])('a principal that is none: %s', (principal) => {
    expect(() => policy(url, principal)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})

describe('Vault', () => {
  test.each([
    ['hashivault://app', 'transit', 'app'],
    ['hashivault:///app?engine=', 'transit', 'app'],
    ['hashivault://team/app?engine=/keys/of/team/', 'keys/of/team', 'team/app'],
  ])('update on the two paths of the key: %s', (url, engine, key) => {
    expect(text(policy(url), 0)).toBe(
      `path "${engine}/encrypt/${key}" {\n  capabilities = ["update"]\n}\n\n` +
        `path "${engine}/decrypt/${key}" {\n  capabilities = ["update"]\n}`,
    )
  })

  test.each([
    'hashivault://a*',
    'hashivault://+',
    'hashivault://app?engine=a%22b',
    'hashivault://../x',
    'hashivault:app',
  ])('a name that a policy can not mean exactly: %s', (url) => {
    expect(() => policy(url)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_KEY_URL' }))
  })
})

test.each(['passphrase:', 'age:x'])('%s has no policy', (url) => {
  expect(() => policy(url)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
})

test('the command prints what can be pasted, and notes beside it', async () => {
  const { exit, stdout, stderr } = await inProcess(['providers', 'policy', 'hashivault://app', '--principal', 'ci'])
  expect(exit).toBe(0)
  expect(stdout).toMatch(/^# The policy \(stackseal-app\.hcl\)\npath "transit\/encrypt\/app" \{\n/)
  expect(stdout).toContain('vault token create -policy=stackseal-app -display-name=ci\n')
  expect(stderr).toMatch(/^note: /)
  const json = await inProcess(['providers', 'policy', 'hashivault://app', '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ parts: [{ language: 'hcl' }, { language: 'shell' }] })
})
