import { spawnSync } from 'node:child_process'
import { getuid, stderr } from 'node:process'
import type { TestContext } from 'vitest'

/** Ends a test that this machine can't run: one line says why, and the report counts it as skipped. */
export function skipVisibly(context: TestContext, reason: string): never {
  stderr.write(`skipped: ${context.task.name}: ${reason}\n`)
  context.skip(reason)
}

export function whyNotRoot(): string | undefined {
  return getuid?.() === 0 ? undefined : 'only root can give files to other users'
}

let mountReason: string | undefined
let mountTried = false

/** Why no file system can be mounted for a test; undefined if it can. */
export function whyNoMount(): string | undefined {
  if (!mountTried) {
    mountTried = true
    const { status, stderr: said, error } = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'])
    if (status !== 0) mountReason = `a mount namespace is not permitted here (${error?.message ?? String(said).trim()})`
  }
  return mountReason
}

/** Why no named pipe can be made for a test; undefined if one can. */
export function whyNoPipe(): string | undefined {
  const { error } = spawnSync('mkfifo', ['--version'])
  return error === undefined ? undefined : `mkfifo can not be used here (${error.message})`
}
