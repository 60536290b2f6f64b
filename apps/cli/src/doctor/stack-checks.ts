import { isStacksealError, parseCiphertext } from '@stackseal/core'
import type { StacksealError } from '@stackseal/core'
import { findProject, listStacks, nodeFileSystem, openStack, stackName } from '@stackseal/stack'
import type { Project, Stack } from '@stackseal/stack'
import { lstatSync } from 'node:fs'
import { basename, relative } from 'node:path'
import type { Invocation } from '../command.ts'
import { stackOptions } from '../stack-options.ts'
import { failure, ok, warning } from './check.ts'
import type { Check } from './check.ts'
import { keyChecks } from './key-checks.ts'
import { leftoverChecks } from './leftover-checks.ts'
import { quoted } from './machine-checks.ts'

/** Project, stack, file, key and leftovers; where one is missing, what rests on it is not looked at. */
export async function stackChecks(invocation: Invocation): Promise<Check[]> {
  const { cwd } = invocation.options
  let project: Project
  try {
    project = await findProject(nodeFileSystem, cwd)
  } catch (error) {
    return [failed('project', error, (code) => (code === 'ERR_NO_PROJECT' ? 'stackseal new' : undefined))]
  }
  const checks = [ok('project', `${project.name} (${relative(cwd, project.file) || basename(project.file)})`)]
  try {
    const stack = await openStack(stackOptions(invocation, 'doctor'))
    checks.push(ok('stack', `${stack.name}, ${whoChose(invocation)}`), ...fileChecks(stack))
    checks.push(...(await keyChecks(stack, invocation)), ...changeChecks(stack), ...leftoverChecks(stack.file))
  } catch (error) {
    checks.push(failed('stack', error, (code, file) => nextOf(code, file, project, invocation)))
  }
  return checks
}

function whoChose({ flags, options, env }: Invocation): string {
  if (flags.text('stack')) return 'named with --stack'
  if (env['PULUMI_STACK']) return 'named by PULUMI_STACK'
  return options.configFile === undefined ? 'selected' : 'by its file'
}

function fileChecks(stack: Stack): Check[] {
  const name = basename(stack.file)
  const secrets = stack.secrets()
  const odd = secrets.filter(({ secret }) => !isCiphertext(secret.ciphertext)).length
  // Where not one of them is, they are Pulumi Cloud's, and the line about the key says so.
  const malformed = odd === secrets.length ? 0 : odd
  const link = lstatSync(stack.file).isSymbolicLink() ? ', a link' : ''
  const counted = `${name}${link}: ${stack.config.keys().length} keys, ${secrets.length} secrets`
  return [
    malformed === 0
      ? ok('stack file', counted)
      : failure('stack file', `${counted}, of which ${malformed} are no ciphertexts`, 'stackseal verify'),
    ...stack.markedLines.map((line) =>
      warning(
        'marked values',
        `line ${line} of ${name} is marked !secret and stands there in plain text`,
        'stackseal config encrypt',
      ),
    ),
  ]
}

/** A change of the key that was begun; one that is under way right now holds the lock of the file. */
function changeChecks({ pendingChange, name }: Stack): Check[] {
  if (pendingChange === undefined) return []
  const { command, time, isSwitching } = pendingChange
  const what = isSwitching ? 'waits to be finished' : 'had changed nothing yet'
  return [
    warning(
      'change',
      `"${command}", begun ${time}, has not ended and ${what}`,
      `stackseal stack recover ${quoted(name)}`,
    ),
  ]
}

function isCiphertext(text: string): boolean {
  try {
    parseCiphertext(text)
    return true
  } catch (error) {
    if (isStacksealError(error)) return false
    throw error
  }
}

function failed(
  check: string,
  error: unknown,
  next: (code: StacksealError['code'], file: string | undefined) => string | undefined,
): Check {
  if (!isStacksealError(error)) throw error
  const { file } = error.details
  return failure(
    check,
    `${error.message} (${error.code})`,
    next(error.code, typeof file === 'string' ? file : undefined),
  )
}

function nextOf(
  code: StacksealError['code'],
  file: string | undefined,
  project: Project,
  { options }: Invocation,
): string | undefined {
  const [first] = listStacks(nodeFileSystem, project)
  switch (code) {
    case 'ERR_NO_STACK':
      return first === undefined ? 'stackseal stack init dev' : `stackseal stack select ${first}`
    case 'ERR_STACK_NOT_FOUND':
      return options.stack === undefined
        ? 'stackseal stack ls'
        : `stackseal stack init ${quoted(stackName(options.stack))}`
    case 'ERR_INVALID_NAME':
      return 'stackseal stack ls'
    case 'ERR_LINK_NOT_FOLLOWED':
      return 'stackseal doctor --follow-links'
    default:
      return file === undefined ? undefined : `git log -p -1 -- ${quoted(file)}`
  }
}
