import { isStacksealError } from '@stackseal/core'
import { basename } from 'node:path'

/** Does work that replaces a file as its last step: whatever is refused leaves the file as it was, and says so. */
export async function allOrNothing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isStacksealError(error) ? error.with({ details: { file: basename(file), changed: false } }) : error
  }
}
