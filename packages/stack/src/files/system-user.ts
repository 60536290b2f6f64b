import { userInfo } from 'node:os'

import { errnoOf } from './io-error.ts'

/** Who runs this process, as the system's table of users says it. */
export interface SystemUser {
  readonly name: string
  /** Absolute. */
  readonly home: string
}

/** Undefined where the table does not know this user, as in a container that runs under a number of its own. */
export function systemUser(): SystemUser | undefined {
  try {
    const { username, homedir } = userInfo()
    return { name: username, home: homedir }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}
