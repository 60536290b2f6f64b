export { memo as default } from '../memo-provider.ts'
