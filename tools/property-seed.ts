import { configureGlobal } from 'fast-check'

// The same cases at each run, so that what fails fails again; `STACKSEAL_TEST_SEED=N` tries others, `now` new ones each time.
const seed = process.env['STACKSEAL_TEST_SEED'] ?? '20261124'
configureGlobal({ seed: seed === 'now' ? Date.now() & 0x7fffffff : Number(seed) })
