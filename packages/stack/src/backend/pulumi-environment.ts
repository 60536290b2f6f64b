import type { Environment } from '../environment.ts'

const words = (...lines: readonly string[]): readonly string[] => lines.join(' ').split(' ')

// What any program needs to run, to find the user's files and to reach a network.
const NAMES: ReadonlySet<string> = new Set(
  words(
    'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TMP TEMP DBUS_SESSION_BUS_ADDRESS',
    'USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA SYSTEMROOT COMSPEC PATHEXT USERNAME USERDOMAIN',
    'HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR',
  ),
)

// Backends and key services find their credentials under these; PG is the database that can be a backend.
const PREFIXES: readonly string[] = words(
  'LC_ XDG_ PULUMI_ AWS_ AZURE_ ARM_ IDENTITY_ IMDS_ MSI_ GOOGLE_ GCLOUD_ GCE_ CLOUDSDK_ VAULT_ PG',
)

/** The old passphrase is no business of who carries; the others would make Pulumi do something else than was asked. */
const NOT_PASSED: ReadonlySet<string> = new Set(
  words('PULUMI_CONFIG_PASSPHRASE PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_CLOUD_SECRET_OVERRIDE PULUMI_STACK'),
)

/** The environment of a `pulumi` that carries a state: what it needs to reach its backend and key service, no more. */
export function pulumiEnvironment(env: Environment): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && isPassed(name.toUpperCase())) passed[name] = value
  }
  return { ...passed, PULUMI_SKIP_UPDATE_CHECK: 'true', PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true' }
}

// Pulumi takes flags from variables: this one would have it print every secret.
const FLAGS = 'PULUMI_OPTION_'

function isPassed(name: string): boolean {
  if (NOT_PASSED.has(name) || name.startsWith(FLAGS)) return false
  return NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix))
}

const SECRET_NAME = /PASS|TOKEN|SECRET|KEY|CREDENTIAL/i
const SHORTEST_SECRET = 4

/** What a child said, for a message: without what its environment holds in secret, and without the user part of URLs. */
export function withoutSecrets(text: string, env: Environment): string {
  let shown = text.replaceAll(/\/\/[^/@\s]+@/g, '//…@')
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.length < SHORTEST_SECRET || !SECRET_NAME.test(name)) continue
    shown = shown.replaceAll(value, '…')
  }
  return shown
}
