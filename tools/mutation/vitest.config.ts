import { type ViteUserConfig, mergeConfig } from 'vitest/config'
import base from '../../vitest.config.ts'

const { reporters: _, outputFile: __, ...test } = base.test ?? {}
const quiet: ViteUserConfig = { ...base, test: { ...test, reporters: [] } }

// Code that counts the mutants it meets takes longer: what things cost says nothing here.
export default mergeConfig(quiet, {
  test: { testNamePattern: /^(?!.*(twice the time|part of the time|text of twice the length))/, bail: 1 },
})
