import type { KeyUrl } from '@stackseal/core'
import { usageError } from '../usage-error.ts'
import { keyIdOf, parameter, wrongUrl } from './key-id.ts'
import type { KeyPolicy, PolicyOptions } from './policy-text.ts'

const EXAMPLE = 'awskms://alias/app?region=eu-west-1'
const USE = ['kms:Encrypt', 'kms:Decrypt'] as const

interface Principal {
  readonly arn: string
  readonly partition: string
  readonly account: string
}

/** A key as its URL names it. Region and account may be unknown: then they are the caller's. */
interface AwsKey {
  readonly partition?: string
  readonly region?: string
  readonly account?: string
  /** `alias/NAME`, or the id of a key. */
  readonly id: string
}

/** A key policy that leaves the account able to manage the key, and the statement for the caller's own IAM policy. */
export function awsPolicy(url: KeyUrl, { principal: who, env }: PolicyOptions): KeyPolicy {
  const key = awsKey(url)
  const caller = principalOf(who, '--principal')
  const roleText = parameter(url, 'role')
  // With role= it is that role which KMS sees; the caller only takes it on.
  const user = roleText === undefined ? caller : principalOf(roleText, 'role= in the key URL')
  const account = key.account ?? user.account
  const partition = key.partition ?? user.partition
  const region = key.region ?? parameter(url, 'region') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']
  const context = contextCondition(url)
  const isAlias = key.id.startsWith('alias/')

  const keyPolicy = {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AccountManagesTheKey',
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'StacksealUsesTheKey',
        Effect: 'Allow',
        Principal: { AWS: user.arn },
        Action: USE,
        Resource: '*',
        ...(context === undefined ? {} : { Condition: { StringEquals: context } }),
      },
    ],
  }
  const condition = {
    ...(context === undefined ? {} : { StringEquals: context }),
    ...(isAlias ? { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': key.id } } : {}),
  }
  const iamStatement = {
    Sid: 'StacksealUsesTheKey',
    Effect: 'Allow',
    Action: USE,
    Resource: `arn:${partition}:kms:${region || '*'}:${account}:key/${isAlias ? '*' : key.id}`,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  }
  return {
    parts: [
      { title: `The policy of the key ${key.id}`, language: 'json', text: json(keyPolicy) },
      {
        title: `A policy for ${user.arn} in IAM`,
        language: 'json',
        text: json({ Version: '2012-10-17', Statement: [iamStatement] }),
      },
      ...(roleText === undefined
        ? []
        : [
            {
              title: `A policy for ${caller.arn} in IAM, to take on the role of the key URL`,
              language: 'json' as const,
              text: json({
                Version: '2012-10-17',
                Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: user.arn }],
              }),
            },
          ]),
    ],
    notes: [
      'The first statement keeps the key in the hands of its account: without it, nobody could change this policy again. It also lets the account give rights by IAM.',
      user.account === account
        ? 'Within one account the key policy or the IAM policy is enough; an explicit Deny in either takes the right away.'
        : `The key is in account ${account} and the caller in ${user.account}: both policies are needed.`,
      ...(isAlias
        ? [
            'No policy can name an alias as its Resource: the IAM policy covers keys that carry the alias (kms:ResourceAliases). Whoever may move aliases (kms:UpdateAlias) can therefore widen it.',
          ]
        : []),
      ...(iamStatement.Resource.includes(':kms:*:')
        ? ['The region is not known (region= in the URL, AWS_REGION): the IAM policy counts in every region.']
        : []),
      ...(who?.includes(':assumed-role/') === true
        ? ['The principal was a session of a role; the policy names the role. If the role has a path, add it.']
        : []),
      ...(roleText === undefined ? [] : [`The trust policy of ${user.arn} has to let ${caller.arn} in as well.`]),
      'Who only reads secrets needs kms:Decrypt alone.',
    ],
  }
}

function awsKey(url: KeyUrl): AwsKey {
  const id = keyIdOf(url, EXAMPLE)
  if (!id.startsWith('arn:')) {
    if (!/^(?:alias\/[\w/-]+|[\w-]+)$/.test(id)) throw wrongUrl(url, 'its key is neither an id nor an alias', EXAMPLE)
    return { id }
  }
  const [, partition, region, account, kind] =
    /^arn:([\w-]+):kms:([\w-]+):(\d{12}):((?:key|alias)\/[\w/-]+)$/.exec(id) ?? []
  if (partition === undefined || region === undefined || account === undefined || kind === undefined) {
    throw wrongUrl(
      url,
      'its ARN is not one of a KMS key or alias',
      'awskms:///arn:aws:kms:eu-west-1:111122223333:key/ID',
    )
  }
  return { partition, region, account, id: kind.replace(/^key\//, '') }
}

function principalOf(text: string | undefined, where: string): Principal {
  const [, partition, account, rest] =
    /^arn:([\w-]+):(?:iam|sts)::(\d{12}):((?:role|user|assumed-role)\/.+|root)$/.exec(text ?? '') ?? []
  if (text === undefined || partition === undefined || account === undefined || rest === undefined) {
    throw usageError(
      `${where} is not the ARN of a role or a user`,
      'for example arn:aws:iam::111122223333:role/deploy; "aws sts get-caller-identity" says yours',
    )
  }
  const [, role] = /^assumed-role\/([^/]+)\//.exec(rest) ?? []
  return { arn: role === undefined ? text : `arn:${partition}:iam::${account}:role/${role}`, partition, account }
}

/** `context_K=V` of the URL as a condition: the right counts for this encryption context only. */
function contextCondition(url: KeyUrl): Readonly<Record<string, string>> | undefined {
  const pairs = url.query
    .filter(([name]) => name.startsWith('context_'))
    .map(([name, value]) => [`kms:EncryptionContext:${name.slice('context_'.length)}`, value] as const)
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2)
}
