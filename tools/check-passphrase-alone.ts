import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checks } from './checks.ts'
import { installTarballs } from './install-tarballs.ts'
import { type PackedPackage, run } from './packed-package.ts'

const PROGRAM = `import { Envelope, parseKeyUrl, Registry } from '@stackseal/core'
import { passphrase } from '@stackseal/provider-passphrase'

const registry = new Registry([passphrase()])
const context = { env: { PULUMI_CONFIG_PASSPHRASE: 'a passphrase' } }
const made = await Envelope.create(parseKeyUrl('passphrase:'), registry, context)
const opened = await Envelope.open(made.sealedKey, registry, context)
console.log(await opened.decrypt(await made.encrypt('correct horse')))
`

/** The one provider that needs no server, alone with core; the others are tests/services/packed. */
export function checkPassphraseAlone(checks: Checks, packages: readonly PackedPackage[], work: string): void {
  const folder = join(work, 'passphrase-alone')
  mkdirSync(folder)
  const names = ['@stackseal/core', '@stackseal/provider-passphrase']
  const installed = installTarballs(folder, packages, names)
  if (installed !== undefined) return checks.add('the passphrase provider installs alone with core', installed)
  const found = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))
  const own = readdirSync(join(folder, 'node_modules/@stackseal'))
  checks.add(
    'the passphrase provider brings core and nothing else',
    found.length === 1 && own.length === names.length ? undefined : [...found, ...own].join('\n'),
  )
  writeFileSync(join(folder, 'program.js'), PROGRAM)
  const { output, problem } = run('node', ['program.js'], folder)
  const answer = output === 'correct horse\n' ? undefined : `it printed ${output}`
  checks.add('the passphrase provider, alone with core, makes and opens a key', problem ?? answer)
}
