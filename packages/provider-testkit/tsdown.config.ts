import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: ['src/index.ts', 'src/node-probe.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  dts: true,
  sourcemap: false,
  tsconfig: '../../tsconfig.base.json',
})
