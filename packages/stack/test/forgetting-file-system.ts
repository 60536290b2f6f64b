import { basename, dirname, join } from 'node:path'
import type { FileStatus, FileSystem } from '../src/files/file-system.ts'
import { systemError } from './system-error.ts'

/** What fsync keeps of a file. */
interface Content {
  readonly bytes: Uint8Array
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

interface FileNode {
  readonly kind: 'file'
  now: Content
  /** As of the last fsync; a file that never had one may survive empty. */
  saved: Content
}

interface FolderNode {
  readonly kind: 'folder'
  readonly now: Map<string, Node>
  readonly saved: Map<string, Node>
}

type Node = FileNode | FolderNode

/** One change of names. It survives as a whole or not at all. */
interface NameChange {
  readonly call: string
  readonly sets: readonly { readonly folder: FolderNode; readonly name: string; readonly node: Node | undefined }[]
}

/** What a power cut leaves of a file's unsaved bytes: the state of the last fsync, a part, zeros, everything. */
const DATA_FATES = ['saved', 'torn', 'zeros', 'kept'] as const
export type DataFate = (typeof DATA_FATES)[number]

const OWNER = 1000

/**
 * A model of a journaling file system, in memory, that forgets in a power cut what was not flushed: the bytes, mode and
 * owner of a file until its fsync, names until the fsync of their folder. Unflushed changes of names survive in any
 * selection, whatever their order. Paths are absolute; there are no symbolic links; whoever asks is the owner.
 */
export class ForgettingFileSystem implements FileSystem {
  readonly #root: FolderNode
  readonly #open = new Map<number, { readonly file: FileNode; position: number }>()
  #pending: NameChange[] = []
  /** Files with bytes, mode or owner that were not flushed. */
  readonly #dirty = new Set<FileNode>()
  #nextFd = 3
  readonly #umask: number

  constructor(root: FolderNode = emptyFolder(), umask = 0o022) {
    this.#root = root
    this.#umask = umask
  }

  /** Changes of names that a power cut may undo, each on its own. */
  get pendingNames(): readonly string[] {
    return this.#pending.map((change) => change.call)
  }

  /** The file system after a power cut that spares these changes of names, and that of unsaved bytes. */
  crash(names: ReadonlySet<number>, data: DataFate): ForgettingFileSystem {
    const root = copyOfSaved(this.#root, new Map(), data, (folder) => {
      const entries = new Map(folder.saved)
      for (const [index, change] of this.#pending.entries()) {
        if (!names.has(index)) continue
        for (const set of change.sets) {
          if (set.folder !== folder) continue
          if (set.node === undefined) entries.delete(set.name)
          else entries.set(set.name, set.node)
        }
      }
      return entries
    })
    return new ForgettingFileSystem(root, this.#umask)
  }

  /** Every state that a power cut now may leave. */
  *survivors(): Generator<ForgettingFileSystem> {
    const count = this.#pending.length
    for (let selection = 0; selection < 2 ** count; selection++) {
      const names = new Set([...this.#pending.keys()].filter((index) => (selection >> index) & 1))
      for (const data of this.#dirty.size === 0 ? DATA_FATES.slice(0, 1) : DATA_FATES) yield this.crash(names, data)
    }
  }

  /** Every path with its text: two worlds with the same dump are the same. */
  dump(): readonly (readonly [path: string, text: string])[] {
    const found: [string, string][] = []
    const visit = (folder: FolderNode, path: string): void => {
      for (const [name, node] of folder.now) {
        if (node.kind === 'folder') visit(node, `${path}/${name}`)
        else found.push([`${path}/${name}`, Buffer.from(node.now.bytes).toString('latin1')])
      }
    }
    visit(this.#root, '')
    return found.toSorted(([a], [b]) => (a < b ? -1 : 1))
  }

  /** The file's bytes as a running process sees them; undefined if there is none. */
  contentOf(path: string): Uint8Array | undefined {
    const node = this.#find(path)
    return node?.kind === 'file' ? node.now.bytes : undefined
  }

  stat(path: string): FileStatus {
    return statusOf(this.#get(path, 'stat'))
  }

  lstat(path: string): FileStatus {
    return statusOf(this.#get(path, 'lstat'))
  }

  fstat(fd: number): FileStatus {
    return statusOf(this.#descriptor(fd).file)
  }

  readlink(path: string): string {
    throw systemError('EINVAL', 'readlink', path)
  }

  realpath(path: string): string {
    this.#get(path, 'realpath')
    return path
  }

  readdir(path: string): readonly string[] {
    return [...this.#folder(path, 'readdir').now.keys()]
  }

  /** This model keeps no times. */
  modifiedNs(path: string): bigint {
    this.#get(path, 'lstat')
    return 0n
  }

  checkWritable(path: string): void {
    this.#get(path, 'access')
  }

  openToRead(path: string): number {
    const node = this.#get(path, 'open')
    if (node.kind === 'folder') throw systemError('EISDIR', 'open', path)
    return this.#descriptorOf(node)
  }

  read(fd: number, buffer: Uint8Array, position: number): number {
    const part = this.#descriptor(fd).file.now.bytes.subarray(position, position + buffer.length)
    buffer.set(part)
    return part.length
  }

  openExclusive(path: string, mode: number): number {
    const folder = this.#folder(dirname(path), 'open')
    if (folder.now.has(basename(path))) throw systemError('EEXIST', 'open', path)
    const content = { bytes: new Uint8Array(), mode: mode & ~this.#umask, uid: OWNER, gid: OWNER }
    const file: FileNode = { kind: 'file', now: content, saved: content }
    this.#change('open', [{ folder, name: basename(path), node: file }])
    return this.#descriptorOf(file)
  }

  write(fd: number, bytes: Uint8Array): number {
    const descriptor = this.#descriptor(fd)
    const before = descriptor.file.now.bytes
    const after = new Uint8Array(Math.max(before.length, descriptor.position + bytes.length))
    after.set(before)
    after.set(bytes, descriptor.position)
    descriptor.position += bytes.length
    this.#update(descriptor.file, { bytes: after })
    return bytes.length
  }

  fchmod(fd: number, mode: number): void {
    this.#update(this.#descriptor(fd).file, { mode })
  }

  fchown(fd: number, uid: number, gid: number): void {
    this.#update(this.#descriptor(fd).file, { uid, gid })
  }

  fsync(fd: number): void {
    const { file } = this.#descriptor(fd)
    file.saved = file.now
    this.#dirty.delete(file)
  }

  close(fd: number): void {
    this.#descriptor(fd)
    this.#open.delete(fd)
  }

  rename(from: string, to: string): void {
    const node = this.#get(from, 'rename')
    this.#change('rename', [
      { folder: this.#folder(dirname(from), 'rename'), name: basename(from), node: undefined },
      { folder: this.#folder(dirname(to), 'rename'), name: basename(to), node },
    ])
  }

  link(existing: string, name: string): void {
    const node = this.#get(existing, 'link')
    const folder = this.#folder(dirname(name), 'link')
    if (folder.now.has(basename(name))) throw systemError('EEXIST', 'link', name)
    this.#change('link', [{ folder, name: basename(name), node }])
  }

  unlink(path: string): void {
    if (this.#get(path, 'unlink').kind === 'folder') throw systemError('EISDIR', 'unlink', path)
    this.#change('unlink', [{ folder: this.#folder(dirname(path), 'unlink'), name: basename(path), node: undefined }])
  }

  mkdir(path: string, _mode: number): void {
    const folder = this.#folder(dirname(path), 'mkdir')
    if (folder.now.has(basename(path))) throw systemError('EEXIST', 'mkdir', path)
    this.#change('mkdir', [{ folder, name: basename(path), node: emptyFolder() }])
  }

  fsyncFolder(path: string): void {
    const folder = this.#folder(path, 'fsync')
    for (const change of this.#pending.filter((pending) => pending.sets.some((set) => set.folder === folder))) {
      for (const set of change.sets) {
        if (set.node === undefined) set.folder.saved.delete(set.name)
        else set.folder.saved.set(set.name, set.node)
      }
      this.#pending = this.#pending.filter((pending) => pending !== change)
    }
  }

  #change(call: string, sets: NameChange['sets']): void {
    for (const set of sets) {
      if (set.node === undefined) set.folder.now.delete(set.name)
      else set.folder.now.set(set.name, set.node)
    }
    this.#pending.push({ call: `${call} ${sets.map((set) => set.name).join(' ')}`, sets })
  }

  #update(file: FileNode, change: Partial<Content>): void {
    file.now = { ...file.now, ...change }
    this.#dirty.add(file)
  }

  #descriptorOf(file: FileNode): number {
    const fd = this.#nextFd++
    this.#open.set(fd, { file, position: 0 })
    return fd
  }

  #descriptor(fd: number): { readonly file: FileNode; position: number } {
    const descriptor = this.#open.get(fd)
    if (descriptor === undefined) throw systemError('EBADF', 'fd')
    return descriptor
  }

  #find(path: string): Node | undefined {
    if (path === dirname(path)) return this.#root
    const parent = this.#find(dirname(path))
    return parent?.kind === 'folder' ? parent.now.get(basename(path)) : undefined
  }

  #get(path: string, syscall: string): Node {
    const node = this.#find(path)
    if (node === undefined) throw systemError('ENOENT', syscall, path)
    return node
  }

  #folder(path: string, syscall: string): FolderNode {
    const node = this.#get(path, syscall)
    if (node.kind === 'file') throw systemError('ENOTDIR', syscall, path)
    return node
  }
}

/** A model with these files in it, all flushed. */
export function forgettingFileSystem(files: Readonly<Record<string, string | Uint8Array>>): ForgettingFileSystem {
  const fs = new ForgettingFileSystem()
  for (const [path, content] of Object.entries(files)) {
    const missing: string[] = []
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) missing.unshift(folder)
    for (const folder of missing) {
      if (fs.readdir(dirname(folder)).includes(basename(folder))) continue
      fs.mkdir(folder, 0o755)
      fs.fsyncFolder(dirname(folder))
    }
    const fd = fs.openExclusive(path, 0o644)
    fs.write(fd, typeof content === 'string' ? new TextEncoder().encode(content) : content)
    fs.fsync(fd)
    fs.close(fd)
    fs.fsyncFolder(dirname(path))
  }
  return fs
}

/** The names in a folder, sorted, with their texts. */
export function textsIn(fs: ForgettingFileSystem, folder: string): Record<string, string> {
  const names = fs.readdir(folder).toSorted()
  return Object.fromEntries(names.map((name) => [name, new TextDecoder().decode(fs.contentOf(join(folder, name)))]))
}

function emptyFolder(): FolderNode {
  return { kind: 'folder', now: new Map(), saved: new Map() }
}

function statusOf(node: Node): FileStatus {
  if (node.kind === 'folder') return { kind: 'folder', size: 0, mode: 0o755, uid: OWNER, gid: OWNER }
  const { bytes, mode, uid, gid } = node.now
  return { kind: 'file', size: bytes.length, mode, uid, gid }
}

function copyOfSaved(
  folder: FolderNode,
  copies: Map<Node, Node>,
  data: DataFate,
  entriesOf: (folder: FolderNode) => ReadonlyMap<string, Node>,
): FolderNode {
  const copy = emptyFolder()
  for (const [name, node] of entriesOf(folder)) {
    // One copy of a file that has two names.
    let copied = copies.get(node)
    if (copied === undefined) {
      copied = node.kind === 'folder' ? copyOfSaved(node, copies, data, entriesOf) : survivingFile(node, data)
      copies.set(node, copied)
    }
    copy.now.set(name, copied)
    copy.saved.set(name, copied)
  }
  return copy
}

function survivingFile(file: FileNode, data: DataFate): FileNode {
  const content = file.now === file.saved ? file.saved : survivingContent(file, data)
  return { kind: 'file', now: content, saved: content }
}

function survivingContent({ now, saved }: FileNode, data: DataFate): Content {
  if (data === 'saved') return saved
  if (data === 'kept') return now
  const half = Math.floor(now.bytes.length / 2)
  return { ...now, bytes: data === 'torn' ? now.bytes.slice(0, half) : new Uint8Array(now.bytes.length) }
}
