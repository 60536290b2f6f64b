import { newProject } from '@stackseal/stack'
import { basename, resolve } from 'node:path'
import type { Invocation } from '../command.ts'
import { stackOptions } from '../stack-options.ts'
import { usageError } from '../usage-error.ts'

const FIRST_STACK = 'dev'

/** Makes a project with its first stack. */
export async function run(invocation: Invocation): Promise<void> {
  const {
    arguments: [template],
    flags,
    options,
    terminal,
    trace,
  } = invocation
  if (template !== undefined) {
    throw usageError(
      'templates are not offered',
      'make the project with "pulumi new", then its stacks with "stackseal stack init"',
    )
  }
  const folder = resolve(options.cwd, flags.text('dir') ?? '.')
  const secretsProvider = flags.text('secrets-provider') ?? 'passphrase'
  if (secretsProvider === 'default') terminal.say('the default secrets provider is a passphrase')
  const { project, name, file } = await newProject({
    ...stackOptions(invocation, 'new'),
    folder,
    projectName: flags.text('name') ?? nameFromFolder(folder),
    name: flags.text('stack') ?? FIRST_STACK,
    description: flags.text('description'),
    config: flags.texts('config').map(keyAndValue),
    secretsProvider,
    select: true,
  })
  trace(`wrote ${project.file} and ${file}`)
  terminal.say(`Created project ${project.name} with stack ${name} in ${folder}`)
}

/** The name of the folder, with a hyphen for what a project's name can't have. */
function nameFromFolder(folder: string): string {
  return basename(folder).replaceAll(/[^A-Za-z0-9_.-]+/g, '-') || 'project'
}

function keyAndValue(text: string): readonly [string, string] {
  const equals = text.indexOf('=')
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
  throw usageError('--config is not KEY=VALUE', 'for example --config region=eu-west-1')
}
