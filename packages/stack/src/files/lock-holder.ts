import type { ProcessIdentity, ProcessTable } from './process-table.ts'

/** What a lock file says about the process that holds it. */
export interface LockHolder extends ProcessIdentity {
  /** What it does, for people: `config set`. */
  readonly command: string
  /** Since when, by its own clock, as RFC 3339. For people: clocks of two machines are never compared. */
  readonly time: string
}

/** The text of a lock file: JSON on one line. `id` makes each one different from every other. */
export function printLockHolder(holder: LockHolder, id: string): string {
  return `${JSON.stringify({ ...holder, id })}\n`
}

/** Undefined for a text that names no host and process: see `isGone`. */
export function parseLockHolder(text: string): LockHolder | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // the parser's only error: this is no JSON
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields: ReadonlyMap<string, unknown> = new Map(Object.entries(value))
  const textOf = (name: string): string | undefined => {
    const field = fields.get(name)
    return typeof field === 'string' || typeof field === 'number' ? String(field) : undefined
  }
  const host = textOf('host')
  const pid = fields.get('pid')
  if (host === undefined || typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined
  return {
    host,
    machine: textOf('machine'),
    bootId: textOf('bootId'),
    pidNamespace: textOf('pidNamespace'),
    pid,
    start: textOf('start'),
    command: textOf('command') ?? 'unknown',
    time: textOf('time') ?? 'unknown',
  }
}

/**
 * Tells whether the holder has certainly ended: it ran on this machine, and before its last start or under a process
 * number that is free or somebody else's by now. Everything else counts as running: another machine's process, one of
 * another container, and a lock that can't be read. Age never decides: it compares two clocks, and can't tell a dead
 * holder from a slow or suspended one.
 */
export function isGone(holder: LockHolder, processes: ProcessTable): boolean {
  const self = processes.self()
  if (holder.host !== self.host || differs(holder.machine, self.machine)) return false
  if (differs(holder.bootId, self.bootId)) return true
  if (holder.bootId !== self.bootId || differs(holder.pidNamespace, self.pidNamespace)) return false
  const found = processes.find(holder.pid)
  return found === undefined || differs(holder.start, found.start)
}

/** Two things that are both known and not the same. */
function differs(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}
