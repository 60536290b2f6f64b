import {
  type Classified,
  type KeyService,
  type KeyUrl,
  type ProviderContext,
  type ProviderV1,
  wrappingProvider,
} from '@stackseal/core'

import { identitiesOf } from './identities.ts'
import { agePlace, recipientsOf } from './recipients.ts'

/**
 * The provider of `age:?recipient=age1…&recipient=age1…`: the data key is sealed to age recipients, so several people
 * open one stack, each with a key of their own. Identities come from STACKSEAL_AGE_KEY or STACKSEAL_AGE_KEY_FILE.
 */
export function age(): ProviderV1 {
  return wrappingProvider({ name: 'age', schemes: ['age'], connect, classify, describe })
}

async function connect(url: KeyUrl, context: ProviderContext): Promise<KeyService> {
  const place = agePlace(url)
  const { Decrypter, Encrypter } = await import('age-encryption')
  return {
    async wrap(dataKey) {
      const encrypter = new Encrypter()
      await recipientsOf(place, context, (recipient) => encrypter.addRecipient(recipient))
      return encrypter.encrypt(dataKey)
    },
    async unwrap(wrapped) {
      const decrypter = new Decrypter()
      await identitiesOf(context, (identity) => decrypter.addIdentity(identity))
      return decrypter.decrypt(wrapped)
    },
  }
}

/** The library tells a stranger from a damaged text in words alone. They are compared here, and shown to nobody. */
function classify(error: unknown): Classified {
  if (error instanceof Error && /no identity matched/.test(error.message)) {
    const hint = 'no identity of STACKSEAL_AGE_KEY is of a recipient: let somebody who can open the stack re-wrap it'
    return { code: 'ERR_WRONG_KEY', hint }
  }
  return { code: 'ERR_MALFORMED_SEALED_KEY', hint: 'take the encryptedkey line from an earlier version of the file' }
}

function describe(url: KeyUrl): Readonly<Record<string, string>> {
  const { recipients, file } = agePlace(url)
  return {
    ...(recipients.length === 0 ? {} : { recipients: recipients.join(' ') }),
    ...(file === undefined ? {} : { file }),
  }
}
