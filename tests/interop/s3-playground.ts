import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

import { MiniStack } from '../../tools/services/ministack.ts'
import { Playground, PULUMI } from './playground.ts'

/** A playground whose backend is a bucket of a local S3 server. */
export interface S3Playground extends AsyncDisposable {
  readonly playground: Playground
  readonly server: MiniStack
}

const BUCKET = 'stacks'

export async function s3Playground(more: Readonly<Record<string, string>> = {}): Promise<S3Playground> {
  const server = await MiniStack.start()
  try {
    await server.createBucket(BUCKET)
    const playground = new Playground({
      // Stackseal finds the Pulumi that carries where a user has it.
      PATH: [dirname(PULUMI), process.env['PATH'] ?? ''].join(delimiter),
      PULUMI_BACKEND_URL: `s3://${BUCKET}?region=us-east-1&endpoint=${server.address}&use_path_style=true`,
      AWS_ACCESS_KEY_ID: server.root.id,
      AWS_SECRET_ACCESS_KEY: server.root.secret,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...more,
    })
    return {
      playground,
      server,
      async [Symbol.asyncDispose]() {
        playground[Symbol.dispose]()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/**
 * A folder for the PATH with a `pulumi` that is the real one, but ends whoever called it: right after the real one has
 * imported a state, or instead of that. Gives the PATH.
 */
export function deadlyPath({ folder, env }: Playground, when: 'after the import' | 'before the import'): string {
  const bin = join(folder, `bin-${when.replaceAll(' ', '-')}`)
  mkdirSync(bin, { recursive: true })
  const kill = '[ "$2" = import ] && kill -9 $PPID'
  const real = `"${PULUMI}" "$@"; code=$?`
  const lines = when === 'after the import' ? [real, kill, 'exit $code'] : [`${kill} && exit 1`, real, 'exit $code']
  writeFileSync(join(bin, 'pulumi'), ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(join(bin, 'pulumi'), 0o755)
  return [bin, env['PATH'] ?? ''].join(delimiter)
}
