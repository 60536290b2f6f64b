import { describe, expect, test } from 'vitest'

import { localstackCliService } from '../aws/aws-cli-services.ts'
import { CountingProxy } from '../counting-proxy.ts'
import { leakRecord } from '../leaks/leak-record.ts'
import { vaultCliService } from '../vault/vault-cli-service.ts'
import { ServiceStack } from './service-stack.ts'

const COUNT = 1_000
const SERVICES = [
  { name: 'Vault', start: vaultCliService, variable: 'VAULT_ADDR', isDecrypt: /\/transit\/decrypt\// },
  { name: 'AWS', start: localstackCliService, variable: 'AWS_ENDPOINT_URL', isDecrypt: /\.Decrypt$/ },
] as const

describe.each(SERVICES)('a stack with a thousand secrets, on $name', ({ start, variable, isDecrypt }) => {
  test('makes one call to decrypt, whatever is read or written', async () => {
    const service = await start()
    const proxy = await CountingProxy.start(service.env[variable] ?? '')
    const stack = new ServiceStack({ ...service, env: { ...service.env, [variable]: proxy.address } })
    try {
      const values = Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [`key${at}`, `value number ${at}`]))
      leakRecord.keepSecret(...service.secrets)
      const calls = async (...line: readonly string[]): Promise<{ text: string; calls: number }> => {
        const before = proxy.paths.length
        const decrypts = (): number => [...proxy.paths, ...proxy.targets].filter((path) => isDecrypt.test(path)).length
        const already = decrypts()
        const text = await stack.do(...line)
        // Nothing else is asked for either.
        expect(proxy.paths.length - before).toBe(decrypts() - already)
        return { text, calls: decrypts() - already }
      }
      await stack.do('stack', 'init', 'dev', '--secrets-provider', service.keyUrl)
      const pairs = Object.entries(values).flatMap(([key, value]) => ['--secret', `${key}=${value}`])
      expect((await calls('config', 'set-all', ...pairs)).calls).toBe(1)

      const listing = await calls('config', '--show-secrets', '--json')
      const listed: Readonly<Record<string, { readonly value: string }>> = JSON.parse(listing.text)
      const read = Object.fromEntries(
        Object.entries(listed).map(([key, { value }]) => [key.replace('proj:', ''), value]),
      )
      expect(read).toEqual(values)
      expect(listing.calls).toBe(1)

      const verified = await calls('verify')
      expect(verified.text).toContain('1000 secrets open')
      expect(verified.calls).toBe(1)
      expect((await calls('config', 'get', 'key77')).calls).toBe(1)
      expect((await calls('config', 'set', '--secret', 'key77', 'another')).calls).toBe(1)
      // What needs no key asks nobody.
      expect((await calls('config')).calls).toBe(0)
      expect((await calls('inspect')).calls).toBe(0)
    } finally {
      stack.remove()
      await proxy.stop()
      await service.stop()
    }
  })
})
