import { spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import { execPath } from 'node:process'
import { fileURLToPath } from 'node:url'

import { failed } from '../conformance-case.ts'
import type { SubjectKey, SubjectModule } from '../subject.ts'
import type { ImportReport, ProbeAnswer, ProbeTask, RedirectingServer, UseReport, World } from '../world.ts'

const PROBE_MS = 30_000
// A module under test may be TypeScript, which Node runs without the flag since 22.18.
const FLAGS = ['--disable-warning=ExperimentalWarning', '--experimental-strip-types']

/** Processes and servers of Node, on loopback. A module is looked at once, however many cases ask. */
export function nodeWorld(): World {
  const probes = new Map<string, ReturnType<typeof probe>>()
  const once = (task: ProbeTask): ReturnType<typeof probe> => {
    const name = JSON.stringify(task)
    const running = probes.get(name) ?? probe(task)
    probes.set(name, running)
    return running
  }
  return {
    async watchImport(module): Promise<ImportReport> {
      const { answer, output } = await once({ module })
      return { ...answer, packages: packagesOf(module, answer.urls), output }
    },
    async watchUse(module: SubjectModule, key: SubjectKey): Promise<UseReport> {
      const { answer, output } = await once({ module, use: key })
      const dataKey = Uint8Array.from((answer.dataKey ?? '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
      return { result: answer.result ?? 'nothing', output, dataKey }
    },
    redirectingServer,
  }
}

/** Runs the probe in a process whose environment is the task's and nothing else. */
async function probe(task: ProbeTask): Promise<{ answer: ProbeAnswer; output: string }> {
  // Beside this file, which is TypeScript in the sources and JavaScript in the package.
  const script = new URL(import.meta.url.endsWith('.ts') ? './node-probe.ts' : './node-probe.mjs', import.meta.url)
  const env = task.use === undefined ? { DEBUG: '*' } : { ...task.module.poison, DEBUG: '*' }
  const child = spawn(execPath, [...FLAGS, fileURLToPath(script)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    timeout: PROBE_MS,
  })
  const output: string[] = []
  let answer: ProbeAnswer | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text))
  }
  child.on('message', (message: ProbeAnswer) => (answer = message))
  child.send(task)
  await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  if (answer === undefined) throw failed('the process that looks at the module ended without an answer')
  return { answer, output: output.join('') }
}

/** Names of packages among URLs of files, without the module's own and @stackseal/core. */
function packagesOf(module: SubjectModule, urls: readonly string[]): string[] {
  const own = packageOf(module.url)
  const names = urls.flatMap((url) => packageOf(url) ?? [])
  return [...new Set(names)].filter((name) => name !== own && name !== '@stackseal/core')
}

function packageOf(url: string): string | undefined {
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
}

async function redirectingServer(): Promise<RedirectingServer> {
  const seen = { here: 0, there: 0 }
  const there = createServer((request, response) => {
    seen.there++
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{}'))
  })
  const thereOrigin = await listen(there)
  const here = createServer((request, response) => {
    seen.here++
    request.resume().on('end', () => {
      response.writeHead(307, { location: `${thereOrigin}${request.url ?? '/'}` }).end()
    })
  })
  return {
    origin: await listen(here),
    seen: () => ({ ...seen }),
    async close() {
      for (const server of [here, there]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw failed('a server on loopback could not be started')
  return `http://127.0.0.1:${address.port}`
}
