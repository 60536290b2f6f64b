import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../../vectors/go-cdk/awskms/testdata', import.meta.url))

export interface Exchange {
  readonly operation: string
  readonly request: Readonly<Record<string, string>>
  readonly status: number
  readonly contentType: string
  readonly response: string
}

export interface Recording {
  readonly name: string
  readonly exchanges: readonly Exchange[]
}

interface ReplayFile {
  readonly Entries: readonly {
    readonly Request: { readonly Header: Readonly<Record<string, string[]>>; readonly BodyParts: readonly string[] }
    readonly Response: {
      readonly StatusCode: number
      readonly Header: Readonly<Record<string, string[]>>
      readonly Body: string
    }
  }[]
}

/** What went to the real KMS in the recordings, and what came back. The harness's own ListAliases is left out. */
export function recordings(): readonly Recording[] {
  const paths = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.replay'))
  return paths.toSorted().map((path) => {
    const file = JSON.parse(readFileSync(join(FOLDER, path), 'utf8')) as ReplayFile
    const exchanges = file.Entries.map(({ Request, Response }) => ({
      operation: (Request.Header['X-Amz-Target']?.[0] ?? '').replace('TrentService.', ''),
      request: JSON.parse(Buffer.from(Request.BodyParts.join(''), 'base64').toString()) as Exchange['request'],
      status: Response.StatusCode,
      contentType: Response.Header['Content-Type']?.[0] ?? '',
      response: Buffer.from(Response.Body, 'base64').toString(),
    }))
    return { name: path, exchanges: exchanges.filter(({ operation }) => operation !== 'ListAliases') }
  })
}
