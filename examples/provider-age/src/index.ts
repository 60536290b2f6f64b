import type { ProviderV1 } from '@stackseal/core'

import { age } from './age.ts'

export { age }

// What `stackseal --provider stackseal-provider-age` takes.
const provider: ProviderV1 = age()
export default provider
