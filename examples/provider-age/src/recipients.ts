import { type KeyUrl, type ProviderContext, StacksealError } from '@stackseal/core'

import { readLines } from './read-lines.ts'

/** What a key URL says: recipients, a file with more of them, or both. */
export interface AgePlace {
  readonly recipients: readonly string[]
  /** As it stands in the key URL; a relative path starts at the folder of the document. */
  readonly file: string | undefined
}

const FORM = 'an age key URL looks like age:?recipient=age1… (as often as needed), or age:?recipients=team.txt'

/**
 * Reads a key URL; does no I/O.
 * @throws ERR_INVALID_KEY_URL for another form or parameter, and where it names nobody
 */
export function agePlace(url: KeyUrl): AgePlace {
  if ((url.opaque ?? `${url.host}${url.path}`) !== '') throw invalid('something stands before the question mark')
  const recipients: string[] = []
  let file: string | undefined
  for (const [name, value] of url.query) {
    if (name === 'recipient') recipients.push(checkRecipient(value))
    else if (name === 'recipients' && file === undefined && value !== '') file = value
    else throw invalid(`it has a parameter that age keys do not take, or not like this: ${name}`)
  }
  if (recipients.length === 0 && file === undefined) throw invalid('it names no recipient')
  return { recipients, file }
}

/** Gives every recipient to `take`, which throws for one that is none. */
export async function recipientsOf(
  { recipients, file }: AgePlace,
  context: ProviderContext,
  take: (recipient: string) => void,
): Promise<void> {
  const inFile = file === undefined ? [] : await readLines(file, context, 'recipients')
  for (const recipient of [...recipients, ...inFile]) {
    try {
      take(checkRecipient(recipient))
    } catch {
      throw invalid('one of its recipients is not one of age’s') // what age says of it would show it
    }
  }
}

// Somebody may have put an identity here, so nothing else is shown or passed on.
function checkRecipient(text: string): string {
  if (/^age1[0-9a-z]+$/.test(text)) return text
  throw invalid('one of its recipients does not look like age1…')
}

function invalid(reason: string): StacksealError {
  return new StacksealError('ERR_INVALID_KEY_URL', `the age key URL is not usable: ${reason}`, { hint: FORM })
}
