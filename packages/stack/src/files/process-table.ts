import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
// The one place of this package that asks for a process: a lock names its holder, and nothing else needs one.
import { kill, pid } from 'node:process'
import { errnoOf } from './io-error.ts'

/** Names one process among all that may share a folder. What a platform can't tell is undefined. */
export interface ProcessIdentity {
  readonly host: string
  /** Tells apart machines that carry the same host name. */
  readonly machine: string | undefined
  /** A new one at each start of the system. */
  readonly bootId: string | undefined
  /** Containers on one machine may share its name and boot, but count their processes each for itself. */
  readonly pidNamespace: string | undefined
  readonly pid: number
  /** When it started, in the system's own counting: the next process with the same number has another. */
  readonly start: string | undefined
}

/** What a lock asks about processes. */
export interface ProcessTable {
  self(): ProcessIdentity
  /** A process of this machine, boot and namespace; undefined if there is none, or none that will run again. */
  find(pid: number): { readonly start: string | undefined } | undefined
}

/** The processes of the machine: by signal 0, and `/proc` where there is one. */
export const nodeProcesses: ProcessTable = {
  self: () => (own ??= identify()),
  find(other) {
    if (!exists(other)) return undefined
    const stat = statOf(other)
    // A zombie waits for its parent to notice that it has ended.
    if (stat?.state === 'Z' || stat?.state === 'X') return undefined
    return { start: stat?.start }
  },
}

let own: ProcessIdentity | undefined

function identify(): ProcessIdentity {
  return {
    host: hostname(),
    machine: lineOf('/etc/machine-id'),
    bootId: lineOf('/proc/sys/kernel/random/boot_id'),
    pidNamespace: pidNamespace(),
    pid,
    start: statOf(pid)?.start,
  }
}

function exists(other: number): boolean {
  try {
    kill(other, 0)
    return true
  } catch (error) {
    return errnoOf(error) !== 'ESRCH' // EPERM: another user's
  }
}

function lineOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim() || undefined
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined // a platform without this file, or one that hides it
  }
}

function pidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined // not Linux
  }
}

/** proc(5), /proc/[pid]/stat: after the name in brackets, which may hold anything, come state (3) to start time (22). */
function statOf(other: number): { readonly state: string | undefined; readonly start: string | undefined } | undefined {
  const line = lineOf(`/proc/${other}/stat`)
  const fields = line?.slice(line.lastIndexOf(')') + 2).split(' ')
  return fields === undefined ? undefined : { state: fields[0], start: fields[19] }
}
