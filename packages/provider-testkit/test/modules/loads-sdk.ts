// Any package of another's making stands for an SDK.
import { pre } from 'fast-check'

export { memo as default } from '../memo-provider.ts'

export const sdk: typeof pre = pre
