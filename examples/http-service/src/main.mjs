#!/usr/bin/env node
import { createServer } from 'node:http'
import { cwd, env, report } from 'node:process'
import { stockOf } from './database.mjs'
import { readSettings } from './settings.mjs'

// The environment holds the passphrase: a report of a crash must not.
report.excludeEnv = true

const settings = await readSettings(cwd(), env)
delete env.PULUMI_CONFIG_PASSPHRASE
console.log('settings:', settings)
console.log('the database can be reached:', await stockOf('anything', settings.database))

const server = createServer(async (request, response) => {
  try {
    const stock = await stockOf(request.url.slice(1), settings.database)
    response.end(`${stock}\n`)
  } catch (error) {
    console.error(error)
    response.writeHead(503).end('later\n')
  }
})
server.listen(settings.port, '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
