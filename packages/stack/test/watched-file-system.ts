import type { FileSystem } from '../src/files/file-system.ts'

export type Call = keyof FileSystem

/** Every call; true for those that change something: the steps of a writer. */
const CALLS: Readonly<Record<Call, boolean>> = {
  stat: false,
  lstat: false,
  fstat: false,
  readlink: false,
  realpath: false,
  readdir: false,
  modifiedNs: false,
  checkWritable: false,
  openToRead: false,
  read: false,
  openExclusive: true,
  write: true,
  fchmod: true,
  fchown: true,
  fsync: true,
  close: true,
  rename: true,
  link: true,
  unlink: true,
  mkdir: true,
  fsyncFolder: true,
}

export function isStep(call: Call): boolean {
  return CALLS[call]
}

function isCall(name: string | symbol): name is Call {
  return name in CALLS
}

/** A file system that hands every call over: `run` makes it happen. */
export function watchedFileSystem(inner: FileSystem, onCall: (call: Call, run: () => unknown) => unknown): FileSystem {
  return new Proxy(inner, {
    get(target, name): unknown {
      const method: unknown = Reflect.get(target, name)
      if (!isCall(name) || typeof method !== 'function') return method
      return (...args: unknown[]): unknown => onCall(name, (): unknown => Reflect.apply(method, target, args))
    },
  })
}
