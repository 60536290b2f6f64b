import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import type { Reply } from './key-vault-server.ts'

const FOLDER = fileURLToPath(new URL('../../../vectors/go-cdk/azurekeyvault/testdata', import.meta.url))

/** One exchange of a real vault. */
export interface RecordedExchange {
  readonly method: string
  readonly host: string
  /** Without the version of the API. */
  readonly path: string
  readonly body: string
  readonly reply: Reply & { readonly headers: Readonly<Record<string, string>>; readonly body: string }
}

export interface Recording {
  readonly name: string
  readonly exchanges: readonly RecordedExchange[]
}

interface Entry {
  readonly Request: { readonly Method: string; readonly URL: string; readonly BodyParts: readonly string[] | null }
  readonly Response: {
    readonly StatusCode: number
    readonly Header: Readonly<Record<string, readonly string[]>>
    readonly Body: string
  }
}

export const RECORDINGS: readonly Recording[] = globSync('**/*.replay', { cwd: FOLDER })
  .toSorted()
  .map((name) => {
    const { Entries }: { readonly Entries: readonly Entry[] } = JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
    return { name, exchanges: Entries.map(exchangeOf) }
  })

function exchangeOf({ Request, Response }: Entry): RecordedExchange {
  const url = new URL(Request.URL)
  return {
    method: Request.Method,
    host: url.host,
    path: url.pathname,
    body: decoded(Request.BodyParts?.join('') ?? ''),
    reply: {
      status: Response.StatusCode,
      headers: Object.fromEntries(
        Object.entries(Response.Header).map(([name, values]) => [name.toLowerCase(), values.join(', ')]),
      ),
      body: decoded(Response.Body),
    },
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
