import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: { index: 'src/index.ts', 'node-probe': 'src/node/node-probe.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  dts: true,
  sourcemap: false,
  tsconfig: '../../tsconfig.base.json',
})
