import { changePath, isLockHolderGone, nodeProcesses, parseLockHolder } from '@stackseal/stack'
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorCode } from '../error-code.ts'
import { ok, warning } from './check.ts'
import type { Check } from './check.ts'
import { quoted } from './machine-checks.ts'

const LARGEST_LOCK_BYTES = 16 * 1024

/** What an interrupted change left beside a stack file; or, while a change is under way, who is at it. */
export function leftoverChecks(file: string): Check[] {
  // A lock lies beside the file behind a link.
  const target = realpathSync(file)
  const start = `.${basename(target)}.stackseal-`
  // What a change of the key prepared belongs to its journal: a file to look at, and never one to remove by hand.
  const prepared = basename(changePath(target))
  const found = readdirSync(dirname(target)).filter((name) => name.startsWith(start) && name !== prepared)
  if (found.length === 0) return [ok('leftovers', 'none beside the stack file')]
  const lock = join(dirname(target), `${start}lock`)
  const held = found.includes(basename(lock)) ? lockCheck(lock) : undefined
  if (held?.isHeld === true) return [held.check]
  const others = found
    .filter((name) => name !== basename(lock))
    .toSorted()
    .map((name) => join(dirname(target), name))
    .map((path) =>
      warning(
        'leftovers',
        `${path} was left by a change that did not finish; the next one removes it`,
        `rm ${quoted(path)}`,
      ),
    )
  return held === undefined ? others : [held.check, ...others]
}

function lockCheck(path: string): { readonly isHeld: boolean; readonly check: Check } {
  const holder = readLock(path)
  if (holder === undefined) {
    return { isHeld: false, check: warning('lock', `${path} names no holder`, `ls -l ${quoted(path)}`) }
  }
  const who = `process ${holder.pid} on ${holder.host} (${holder.command}, since ${holder.time})`
  if (isLockHolderGone(holder, nodeProcesses)) {
    const message = `${path} was left by ${who}, which has ended; the next change removes it`
    return { isHeld: false, check: warning('lock', message, `rm ${quoted(path)}`) }
  }
  return { isHeld: true, check: warning('lock', `the stack file is being changed by ${who}`, `ps -p ${holder.pid}`) }
}

function readLock(path: string): ReturnType<typeof parseLockHolder> {
  try {
    const status = lstatSync(path)
    return status.isFile() && status.size <= LARGEST_LOCK_BYTES
      ? parseLockHolder(readFileSync(path, 'utf8'))
      : undefined
  } catch (error) {
    // Given back meanwhile, or not for this user: it names nobody to us.
    if (errorCode(error) === undefined) throw error
    return undefined
  }
}
