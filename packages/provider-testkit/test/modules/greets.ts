export { memo as default } from '../memo-provider.ts'

process.stderr.write('memo is ready\n')
