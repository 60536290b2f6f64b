import { env } from 'node:process'

/** More rounds and every interleaving, for a run that may take its time: STACKSEAL_TEST_THOROUGH=1. */
export const THOROUGH: boolean = env['STACKSEAL_TEST_THOROUGH'] === '1'
