// A preload: for every request that this process makes, writes down which packages of node_modules stand in the calls
// that lead to it. So it is seen who speaks to a service, whatever a package.json says.
import { appendFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'

const file = process.env['STACKSEAL_TEST_CALLERS'] ?? ''
Error.stackTraceLimit = 200

/** @param {object} module @param {string} name */
function note(module, name) {
  const original = Reflect.get(module, name)
  Reflect.set(module, name, function noted(/** @type {unknown[]} */ ...given) {
    const { stack = '' } = new Error('who calls')
    const packages = new Set(
      [...stack.matchAll(/node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/g)].map(([, found]) => found),
    )
    appendFileSync(file, `${JSON.stringify([...packages])}\n`)
    return Reflect.apply(original, this, given)
  })
}

note(http, 'request')
note(https, 'request')
note(http2, 'connect')
note(globalThis, 'fetch')
syncBuiltinESMExports()
