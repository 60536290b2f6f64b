import { isStacksealError } from '@stackseal/core'
import type { SealedKey } from '@stackseal/core'
import type { Stack } from '@stackseal/stack'
import { statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Invocation } from '../command.ts'
import { errorCode } from '../error-code.ts'
import { failure, ok, warning } from './check.ts'
import type { Check } from './check.ts'
import { quoted } from './machine-checks.ts'

const VARIABLE = 'PULUMI_CONFIG_PASSPHRASE'
const FILE_VARIABLE = 'PULUMI_CONFIG_PASSPHRASE_FILE'
const OTHERS = 0o077
const ENCRYPTION_SALT = /^v1:[A-Za-z0-9+/=]*:v1:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/

// By scheme, where the credentials of the built-in key services come from.
const CREDENTIALS: Readonly<Record<string, string>> = {
  awskms: "AWS KMS; credentials as for AWS's own programs",
  azurekeyvault: "Azure Key Vault; credentials as for Azure's own programs",
  gcpkms: 'Google Cloud KMS; GOOGLE_CREDENTIALS, GOOGLE_OAUTH_ACCESS_TOKEN or the application default credentials',
  hashivault: 'Vault or OpenBao',
}

/** What seals the data key of a stack, and where what opens it would come from. Nothing is opened. */
export async function keyChecks(stack: Stack, invocation: Invocation): Promise<Check[]> {
  let sealedKey: SealedKey | undefined
  try {
    sealedKey = stack.sealedKey
  } catch (error) {
    if (!isStacksealError(error)) throw error
    const next =
      error.code === 'ERR_SERVICE_SECRETS'
        ? 'pulumi stack change-secrets-provider passphrase'
        : `git log -p -- ${quoted(basename(stack.file))}`
    return [failure('key', `${error.message} (${error.code})`, next)]
  }
  if (sealedKey === undefined) {
    return [warning('key', 'the stack has no key yet, so it can hold no secret', `stackseal stack init ${stack.name}`)]
  }
  const scheme = sealedKey.url.scheme.replace(/^secrets\+(keeper\+)?/, '')
  if (scheme === 'passphrase') return [saltCheck(sealedKey, stack), passphraseCheck(invocation)]
  const url = ok('key', sealedKey.url.text)
  const service = CREDENTIALS[scheme]
  if (service === undefined) return [url, thirdPartyCheck(scheme, invocation)]
  return [url, scheme === 'hashivault' ? vaultCheck(service, invocation) : ok('provider', service)]
}

function saltCheck({ sealed }: SealedKey, stack: Stack): Check {
  if (ENCRYPTION_SALT.test(sealed)) return ok('key', 'a passphrase')
  return failure(
    'key',
    'encryptionsalt has a wrong form (ERR_MALFORMED_SEALED_KEY)',
    `git log -p -- ${quoted(basename(stack.file))}`,
  )
}

/** Where the passphrase would come from; never what it is. */
function passphraseCheck({ options, env, terminal }: Invocation): Check {
  const unread = env[FILE_VARIABLE] ? `; ${FILE_VARIABLE} is not looked at` : ''
  if (env[VARIABLE] === '') {
    return warning('passphrase', `${VARIABLE} is set and empty: the empty passphrase${unread}`, `unset ${VARIABLE}`)
  }
  if (env[VARIABLE] !== undefined) return ok('passphrase', `from ${VARIABLE}${unread}`)
  const file = env[FILE_VARIABLE]
  if (file) return passphraseFileCheck(file, options.cwd)
  if (terminal.canAsk) return ok('passphrase', 'asked for on the terminal')
  return failure(
    'passphrase',
    'none is given, and nobody can be asked (ERR_PASSPHRASE_MISSING)',
    `export ${FILE_VARIABLE}=FILE`,
  )
}

function passphraseFileCheck(file: string, cwd: string): Check {
  const path = resolve(cwd, file)
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) {
      return failure('passphrase', `${path}, which ${FILE_VARIABLE} names, is a folder`, `ls -ld ${quoted(path)}`)
    }
    const open = process.platform !== 'win32' && stats.isFile() && (stats.mode & OTHERS) !== 0
    const from = `from the file ${path}, which ${FILE_VARIABLE} names`
    if (open) return warning('passphrase', `${from}; other users can read it`, `chmod 600 ${quoted(path)}`)
    return ok('passphrase', from)
  } catch (error) {
    const reason =
      errorCode(error) === 'ENOENT' ? 'is not there' : `can not be looked at: ${errorCode(error) ?? 'unknown'}`
    return failure('passphrase', `${path}, which ${FILE_VARIABLE} names, ${reason}`, `ls -l ${quoted(path)}`)
  }
}

function vaultCheck(service: string, { env }: Invocation): Check {
  const address = ['VAULT_SERVER_URL', 'VAULT_ADDR'].find((name) => env[name])
  if (address === undefined) {
    return failure(
      'provider',
      `${service}; neither VAULT_SERVER_URL nor VAULT_ADDR is set`,
      'export VAULT_ADDR=https://HOST:8200',
    )
  }
  const token = ['VAULT_SERVER_TOKEN', 'VAULT_TOKEN'].find((name) => env[name]) ?? '~/.vault-token'
  return ok('provider', `${service}; the server from ${address}, the token from ${token}`)
}

function thirdPartyCheck(scheme: string, { flags, env }: Invocation): Check {
  if (flags.texts('provider').length > 0 || env['STACKSEAL_PROVIDERS']) {
    return ok('provider', `${scheme} is for a module that you name; it was not loaded`)
  }
  return warning(
    'provider',
    `${scheme} is not built in; its provider is a module that you have to name`,
    'stackseal verify --provider MODULE',
  )
}
