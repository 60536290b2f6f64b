import { configureGlobal, readConfigureGlobal } from 'fast-check'

// A mutant that random cases find is found in few of them, or the tests by example have to.
configureGlobal({ ...readConfigureGlobal(), interruptAfterTimeLimit: 100, markInterruptAsFailure: false })
