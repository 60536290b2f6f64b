import { lookup } from 'node:dns'

export { memo as default } from '../memo-provider.ts'

lookup('localhost', () => undefined)
