export { gcpKms } from './gcp-kms.ts'
