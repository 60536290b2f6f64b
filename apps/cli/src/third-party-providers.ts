import { StacksealError } from '@stackseal/core'
import type { LazyProvider } from '@stackseal/core'
import { moduleTrust } from '@stackseal/stack'
import { realpathSync } from 'node:fs'
import type { NamedModule } from './command.ts'
import {
  findModule,
  type FoundModule,
  type ModulePlaces,
  packageManifest,
  suggestedModules,
} from './provider-module.ts'
import { BUILT_IN_PROVIDERS } from './providers.ts'

export interface ThirdPartyOptions extends ModulePlaces {
  /** Modules that the user named, with where. */
  readonly named: readonly NamedModule[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly warn: (text: string) => void
}

const KNOWN = BUILT_IN_PROVIDERS.flatMap(({ schemes }) => schemes)

/**
 * The provider of a scheme that is not built in: of a module that the user named, or of one that the project suggests
 * and the user has trusted. A scheme that a document mentions never chooses code to run.
 * @throws ERR_UNKNOWN_PROVIDER, ERR_MODULE_NOT_TRUSTED, ERR_PROVIDER_INVALID, ERR_PROVIDER_FAILED
 */
export async function thirdPartyProvider(scheme: string, options: ThirdPartyOptions): Promise<LazyProvider> {
  const claims: { readonly from: string; readonly provider: LazyProvider }[] = []
  for (const { module } of options.named) {
    const provider = await providerOf(findModule(module, options), scheme, options.warn)
    if (provider !== undefined) claims.push({ from: module, provider })
  }
  const [first, second] = claims
  if (second !== undefined) {
    throw new StacksealError(
      'ERR_PROVIDER_INVALID',
      `both ${first?.from} and ${second.from} claim the scheme ${scheme}`,
      {
        hint: 'name one of them with --provider',
        details: { scheme },
      },
    )
  }
  if (first !== undefined) return first.provider

  const suggested = suggestedModules(options.projectFolder).get(scheme)
  if (suggested === undefined) throw unknownScheme(scheme, options.named)
  const module = trustedSuggestion(suggested, scheme, options)
  const provider = await providerOf(module, scheme, options.warn)
  if (provider !== undefined) return provider
  throw new StacksealError('ERR_PROVIDER_INVALID', `${suggested} has no provider for ${scheme}:`, {
    hint: 'correct "stackseal.providers" in package.json',
    details: { scheme, module: suggested },
  })
}

/** What the project suggests for a scheme, if somebody trusted it as it is now. */
function trustedSuggestion(name: string, scheme: string, options: ThirdPartyOptions): FoundModule {
  const project = realpathSync(options.projectFolder)
  const manifest = packageManifest(name, options.projectFolder)
  const command = `stackseal trust --module ${name}`
  const details = { scheme, module: name }
  if (manifest === undefined) {
    throw new StacksealError(
      'ERR_UNKNOWN_PROVIDER',
      `no provider is known for ${scheme}:; the project suggests ${name}, which is not installed`,
      { hint: `if you trust that package: npm install ${name}, then ${command}`, details },
    )
  }
  const trust = moduleTrust({ project, module: name }, manifest.text, options.env)
  if (trust === 'trusted') return findModule(name, options)
  throw new StacksealError(
    'ERR_MODULE_NOT_TRUSTED',
    trust === 'changed'
      ? `${name} is not the package that was trusted for ${scheme}: its package.json has changed, so it was not loaded`
      : `no provider is known for ${scheme}:; the project suggests ${name}, which nobody trusted, so it was not loaded`,
    {
      hint:
        trust === 'changed'
          ? `look what has changed in ${manifest.folder}, then say again: ${command}`
          : `if you trust that package to see your data key: ${command}`,
      details,
    },
  )
}

async function providerOf(
  found: FoundModule,
  scheme: string,
  warn: ThirdPartyOptions['warn'],
): Promise<LazyProvider | undefined> {
  const declared = found.manifest?.schemes
  if (declared !== undefined && !declared.includes(scheme)) return undefined
  const providers = await found.load()
  const taken = providers.flatMap(({ schemes }) => schemes).filter((each) => KNOWN.includes(each))
  if (taken.length > 0) {
    warn(`${found.name} also claims ${taken.join(', ')}, which stackseal has itself: that part is ignored`)
  }
  const provider = providers.find(({ schemes }) => schemes.includes(scheme))
  return provider === undefined ? undefined : { schemes: [scheme], load: async () => provider }
}

function unknownScheme(scheme: string, named: readonly NamedModule[]): StacksealError {
  const others =
    named.length === 0
      ? ''
      : `; of the modules that were named, none has it (${named.map(({ module }) => module).join(', ')})`
  return new StacksealError(
    'ERR_UNKNOWN_PROVIDER',
    `no provider is known for ${scheme}: (built in: ${KNOWN.toSorted().join(', ')})${others}`,
    {
      hint:
        'check the spelling, or install a provider for it (npm packages with the keyword stackseal-provider) and name ' +
        'its module with --provider MODULE or STACKSEAL_PROVIDERS',
      details: { scheme },
    },
  )
}
