export { memo as default } from '../memo-provider.ts'

export const region: string | undefined = process.env['MEMO_REGION']
