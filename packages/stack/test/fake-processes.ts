import type { ProcessIdentity, ProcessTable } from '../src/files/process-table.ts'

/** Processes of one machine that a test starts and ends. */
export interface FakeMachine {
  /** The process table as that process sees it, which runs from now on. */
  start(pid: number): ProcessTable
  end(pid: number): void
}

/** @param boot another one: the same machine after a restart */
export function fakeMachine(host: string, boot: string): FakeMachine {
  const running = new Map<number, string>()
  let started = 0
  const identity = { host, machine: `machine of ${host}`, bootId: boot, pidNamespace: 'pid:[1]' }
  return {
    start(pid) {
      const start = String(++started)
      running.set(pid, start)
      const self: ProcessIdentity = { ...identity, pid, start }
      return {
        self: () => self,
        find: (other) => (running.has(other) ? { start: running.get(other) } : undefined),
      }
    },
    end(pid) {
      running.delete(pid)
    },
  }
}
