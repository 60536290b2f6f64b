#!/usr/bin/env node
import { useCompileCache } from './compile-cache.ts'

useCompileCache(process.env)
const { main } = await import('./main.ts')
await main(process.argv.slice(2))
