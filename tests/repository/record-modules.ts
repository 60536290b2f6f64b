// Loaded before a program (`node --import`): writes the address of every module that the program resolves, in the order
// in which it does, to the file that RECORD_MODULES_TO names.
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import process from 'node:process'

const urls = new Set<string>()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    urls.add(resolved.url)
    return resolved
  },
})
process.on('exit', () => writeFileSync(String(process.env['RECORD_MODULES_TO']), JSON.stringify([...urls])))
