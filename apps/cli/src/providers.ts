import type { LazyProvider } from '@stackseal/core'

/** Stackseal's own providers. Each is loaded when a key URL of its scheme is first opened, and none can be taken over. */
export const PROVIDERS: readonly LazyProvider[] = []
