import { join } from 'node:path'
import type { FileSystem } from '../files/file-system.ts'

/** Bytes of a stream, laid aside until its end has been seen. */
export interface StateSpool {
  write(bytes: Uint8Array): void
  /** Everything that was written, in order. */
  read(): Iterable<Uint8Array>
  /** Gives everything up. */
  close(): void
}

const READ_BYTES = 1 << 20

/**
 * A spool in a file that only this user may read (mode 0600), and that has lost its name before a byte is written to it,
 * so that nothing is left behind however the process ends.
 *
 * @param folder where the file is made, absolute
 */
export function fileSpool(fs: FileSystem, folder: string, name: string): StateSpool {
  const path = join(folder, name)
  const fd = fs.openExclusive(path, 0o600)
  try {
    fs.unlink(path)
  } catch (error) {
    fs.close(fd)
    throw error
  }
  return {
    write(bytes) {
      for (let written = 0; written < bytes.length;) written += fs.write(fd, bytes.subarray(written))
    },
    *read() {
      for (let position = 0; ;) {
        const buffer = Buffer.allocUnsafe(READ_BYTES)
        const count = fs.read(fd, buffer, position)
        if (count === 0) return
        position += count
        yield buffer.subarray(0, count)
      }
    },
    close() {
      fs.close(fd)
    },
  }
}
