import { describe, expect, test } from 'vitest'
import { backendNotReached, findBackend } from '../../src/backend/find-backend.ts'
import { forgettingFileSystem } from '../forgetting-file-system.ts'

const CREDENTIALS = '{"current": "file:///from/login", "accounts": {"file:///from/login": {}}}'
const fs = forgettingFileSystem({
  '/home/.pulumi/credentials.json': CREDENTIALS,
  '/pulumi/credentials.json': CREDENTIALS.replace('/from/login', '/from/home'),
  '/credentials/credentials.json': CREDENTIALS.replace('/from/login', '/from/credentials'),
  '/empty/credentials.json': '',
  '/nobody/credentials.json': '{"accounts": {}}',
  '/cloud/credentials.json': '{"current": "https://api.pulumi.com"}',
  '/encrypted/credentials.json':
    '{"$pulumiSecureStore": 1, "backend": "keychain", "algo": "aes-256-gcm", "data": "AA=="}',
  '/broken/credentials.json': '{"current": ',
})
const find = (env: Record<string, string>, backendUrl?: string) => findBackend(fs, { backendUrl }, { cwd: '/at', env })

describe('the backend is', () => {
  test.each([
    [{ PULUMI_BACKEND_URL: 'file:///from/env', HOME: '/home' }, 'file:///from/project', 'environment', '/from/env'],
    [{ PULUMI_BACKEND_URL: '', HOME: '/home' }, 'file://./state', 'project', '/at/state'],
    [{ HOME: '/home' }, '', 'login', '/from/login'],
    [{ HOME: '/home' }, undefined, 'login', '/from/login'],
    [{ HOME: '/home', PULUMI_HOME: '/pulumi' }, undefined, 'login', '/from/home'],
    [
      { HOME: '/home', PULUMI_HOME: '/pulumi', PULUMI_CREDENTIALS_PATH: '/credentials' },
      undefined,
      'login',
      '/from/credentials',
    ],
  ] as const)('with %o and backend.url %j from the %s', (env, project, source, folder) => {
    expect(find(env, project)).toMatchObject({ kind: 'file', source, folder: { folder } })
  })

  test.each([
    ['s3://bucket/path?region=eu-west-1'],
    ['gs://bucket'],
    ['azblob://container'],
    ['https://api.pulumi.com'],
    ['postgres://u@host/db'],
  ])('not reached at %s', (url) => {
    const found = find({ PULUMI_BACKEND_URL: url })
    expect(found).toEqual({ kind: 'unreached', url, source: 'environment' })
    if (found.kind === 'file') throw new Error('reached')
    expect(backendNotReached(found, 'pulumi stack export | stackseal state inspect')).toMatchObject({
      code: 'ERR_BACKEND_NOT_REACHED',
      hint: 'let Pulumi carry the state: pulumi stack export | stackseal state inspect',
    })
  })

  test.each([
    ['/empty', 'none'],
    ['/nobody', 'none'],
    ['/missing', 'none'],
    ['/encrypted', 'encrypted'],
    ['/broken', 'malformed'],
  ])('unknown with the login in %s', (home, login) => {
    expect(find({ PULUMI_HOME: home })).toEqual({ kind: 'none', login })
  })

  test('Pulumi Cloud after a login there', () => {
    expect(find({ PULUMI_HOME: '/cloud' })).toEqual({
      kind: 'unreached',
      url: 'https://api.pulumi.com',
      source: 'login',
    })
  })
})
