import { fileSpool, nodeFileSystem } from '@stackseal/stack'
import type { StateSpool } from '@stackseal/stack'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'

/** Where a large state waits whose key is named behind its first secret: a file without a name, for this user alone. */
export function stateSpool(): StateSpool {
  return fileSpool(nodeFileSystem, tmpdir(), `stackseal-${randomUUID()}`)
}
