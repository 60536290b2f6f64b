// A preload: for every request that this process makes, writes down which packages of node_modules stand in the calls
// that lead to it, and who the request says that it is of. So it is seen who speaks to a service.
import { appendFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'

const file = process.env['STACKSEAL_TEST_CALLERS'] ?? ''
Error.stackTraceLimit = 200

const AGENTS = ['user-agent', 'x-goog-api-client']

/** @param {readonly string[]} packages @param {(name: string) => unknown} headerOf */
function write(packages, headerOf) {
  const agents = AGENTS.map(headerOf).filter((agent) => typeof agent === 'string')
  appendFileSync(file, `${JSON.stringify({ packages, agents })}\n`)
}

/** @returns {readonly string[]} */
function callingPackages() {
  const { stack = '' } = new Error('who calls')
  return [
    ...new Set(
      [...stack.matchAll(/node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/g)].map(([, found = '']) => found),
    ),
  ]
}

for (const module of [http, https]) {
  const { request } = module
  Reflect.set(module, 'request', (/** @type {unknown[]} */ ...given) => {
    const packages = callingPackages()
    const made = Reflect.apply(request, module, given)
    // Some headers are set after the request was made.
    made.once('finish', () => write(packages, (name) => made.getHeader(name)))
    return made
  })
}

const { connect } = http2
Reflect.set(http2, 'connect', (/** @type {unknown[]} */ ...given) => {
  const session = Reflect.apply(connect, http2, given)
  const { request } = session
  session.request = (/** @type {Record<string, unknown>} */ headers, /** @type {unknown[]} */ ...more) => {
    write(callingPackages(), (name) => headers[name])
    return Reflect.apply(request, session, [headers, ...more])
  }
  return session
})
syncBuiltinESMExports()
