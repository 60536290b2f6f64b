import { StacksealError } from '@stackseal/core'

export async function run(): Promise<void> {
  throw new StacksealError('ERR_INTERNAL', 'this command is not there yet')
}
