import { Registry } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'
import { openStack } from '@stackseal/stack'

/**
 * What the service needs to know, from its stack. The password stays a Secret until the moment it is used: whoever
 * prints the settings, on purpose or in an error, prints [secret].
 */
export async function readSettings(cwd, env) {
  const registry = new Registry([passphrase()])
  const { config } = await openStack({ cwd, stack: env.STOCK_STACK ?? 'dev', registry, env })
  return {
    port: config.requireNumber('port'),
    database: {
      port: config.requireNumber('databasePort'),
      password: await config.requireSecret('databasePassword'),
    },
  }
}
