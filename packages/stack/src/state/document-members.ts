import { StacksealError } from '@stackseal/core'
import type { SeenMembers } from './state-container.ts'
import { BLOCK_ROLE, DEPLOYMENT_ROLE, NOTED_ROLE, OPERATION, RESOURCE, ROOT } from './state-places.ts'

/** Notes what the outermost members of a document say. */
export class DocumentMembers implements SeenMembers {
  readonly names: Set<string> = new Set()
  readonly features: string[] = []
  version: string | undefined
  stack: string | undefined
  deployment: readonly [start: number, end: number] | undefined
  readonly #once = new Set<number>()

  /**
   * A member that the format names. The reference takes the last of two of one name, or mixes them; here that is refused.
   * @throws ERR_DUPLICATE_KEY
   */
  note(context: number, role: number, name: string, at: number): void {
    if (context === ROOT) this.names.add(name.toLowerCase())
    if (context === RESOURCE || context === OPERATION || role === NOTED_ROLE) return
    // A deployment and a provider block may stand in several places, but in one of them only.
    const anywhere = role === DEPLOYMENT_ROLE || role === BLOCK_ROLE
    const member = anywhere ? role : context * 100 + role
    if (this.#once.has(member)) {
      throw new StacksealError('ERR_DUPLICATE_KEY', `the state holds ${name} twice`, { details: { key: name, at } })
    }
    this.#once.add(member)
  }
}
