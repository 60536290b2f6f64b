import { StacksealError } from '@stackseal/core'
import {
  distrustModule,
  distrustStack,
  moduleTrust,
  trustedKeys,
  trustedModules,
  trustModule,
  trustStack,
} from '@stackseal/stack'
import { realpathSync } from 'node:fs'
import { basename } from 'node:path'
import type { Invocation } from '../command.ts'
import { isPackageName, packageManifest, suggestedModules } from '../provider-module.ts'
import { projectFolder } from '../provider-registry.ts'
import { stackArgument } from '../stack-argument.ts'
import { usageError } from '../usage-error.ts'

/** Says that a stack's key, or a provider module that the project suggests, is trusted on this machine. */
export async function run(invocation: Invocation): Promise<void> {
  const { flags, arguments: names } = invocation
  const module = flags.text('module')
  if (flags.on('list')) {
    if (module !== undefined || names.length > 0 || flags.on('remove')) {
      throw usageError('--list takes nothing beside it', 'usage: stackseal trust --list')
    }
    list(invocation)
  } else if (module === undefined) {
    await trustKey(invocation)
  } else {
    if (names.length > 0) throw usageError('trust takes a stack or --module, not both', 'give one after the other')
    await trustSuggested(module, invocation)
  }
}

async function trustKey(invocation: Invocation): Promise<void> {
  const { options, env, flags, terminal } = invocation
  const stack = stackArgument(invocation, 'trust')
  const { cwd, configFile, followLinks } = options
  const place = { cwd, configFile, followLinks, env, stack }
  if (flags.on('remove')) {
    const removed = await distrustStack(place)
    if (removed === 0) throw notTrusted(`no key of stack ${stack} is trusted`)
    terminal.say(`Trusts the key of stack ${stack} no longer`)
    return
  }
  const { file, url } = await trustStack(place)
  terminal.say(`Trusts ${url} with the sealed key that ${basename(file)} has now`)
}

async function trustSuggested(module: string, { options, env, flags, terminal }: Invocation): Promise<void> {
  if (!isPackageName(module)) {
    throw usageError('--module is not the name of a package', 'a module that is a path is named with --provider')
  }
  const folder = realpathSync(await projectFolder(options.cwd))
  if (flags.on('remove')) {
    if (!distrustModule({ project: folder, module }, env)) throw notTrusted(`${module} is not trusted in this project`)
    terminal.say(`Trusts ${module} in ${folder} no longer`)
    return
  }
  const schemes = [...suggestedModules(folder)].filter(([, name]) => name === module).map(([scheme]) => scheme)
  if (schemes.length === 0) {
    throw usageError(
      `the package.json of this project does not suggest ${module}`,
      `use it with --provider ${module}, or name it under "stackseal": { "providers": { … } } there`,
    )
  }
  const manifest = packageManifest(module, folder)
  if (manifest === undefined) {
    throw new StacksealError('ERR_UNKNOWN_PROVIDER', `${module} is not installed in ${folder}`, {
      hint: `npm install ${module}`,
      details: { module },
    })
  }
  const before = moduleTrust({ project: folder, module }, manifest.text, env)
  trustModule({ project: folder, module }, manifest.text, env)
  const again = before === 'changed' ? ', as it has changed' : ''
  terminal.say(
    `Trusts ${module} ${manifest.version ?? ''} for ${schemes.map((scheme) => `${scheme}:`).join(', ')} in ${folder}${again}`,
  )
  terminal.hint('it is loaded whenever a stack of this project has such a key, and then sees the data key')
}

function list({ env, options, terminal }: Invocation): void {
  const keys = trustedKeys(env)
  const modules = trustedModules(env)
  if (options.json) {
    terminal.out(`${JSON.stringify({ keys, modules }, undefined, 2)}\n`)
    return
  }
  const lines = [
    ...keys.map(({ file, url }) => `key     ${terminal.cell(file)}  ${terminal.cell(url)}\n`),
    ...modules.map(({ project, module }) => `module  ${terminal.cell(project)}  ${terminal.cell(module)}\n`),
  ]
  terminal.out(lines.join(''))
}

function notTrusted(message: string): StacksealError {
  return new StacksealError('ERR_USAGE', message, { hint: 'see what is with "stackseal trust --list"' })
}
