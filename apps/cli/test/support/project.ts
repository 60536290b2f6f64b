import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { folder } from './stackseal.ts'

const VECTORS = fileURLToPath(new URL('../../../../vectors/pulumi/stacks/', import.meta.url))

/** The path of a file among the vectors that the reference wrote. */
export function vector(...path: readonly string[]): string {
  return join(VECTORS, ...path)
}

/** A project with one stack, dev. */
export interface TestProject {
  readonly folder: string
  readonly file: string
  readonly text: () => string
}

/** A new project whose stack dev has a given stack file. */
export function project(stackFile: string | Uint8Array, name = 'vec'): TestProject {
  const made = folder('project')
  const file = join(made, 'Pulumi.dev.yaml')
  writeFileSync(join(made, 'Pulumi.yaml'), `name: ${name}\nruntime: yaml\n`)
  writeFileSync(file, stackFile)
  return { folder: made, file, text: () => readFileSync(file, 'utf8') }
}

/** The stack of the first vector: plain, region, Upper, password, token; under a passphrase. */
export function simpleProject(change: (text: string) => string = (text) => text): TestProject {
  return project(change(readFileSync(vector('01-simple', 'Pulumi.dev.yaml'), 'utf8')))
}

/** What opens {@link simpleProject}, and selects its stack. */
export const SIMPLE: Readonly<Record<string, string>> = {
  PULUMI_CONFIG_PASSPHRASE: 'correct horse',
  PULUMI_STACK: 'dev',
}
