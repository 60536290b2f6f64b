import type { Command } from './command.ts'
import { CONFIG_COMMANDS } from './command-table/config-commands.ts'
import { PROVIDER_COMMANDS } from './command-table/provider-commands.ts'
import { SECRET_COMMANDS } from './command-table/secret-commands.ts'
import { STACK_COMMANDS } from './command-table/stack-commands.ts'
import { STATE_COMMANDS } from './command-table/state-commands.ts'

/** Every command, in the order of the help page. */
export const COMMANDS: readonly Command[] = [
  ...STACK_COMMANDS,
  ...CONFIG_COMMANDS,
  ...STATE_COMMANDS,
  ...SECRET_COMMANDS,
  ...PROVIDER_COMMANDS,
]
