export { passphrase } from './passphrase.ts'
