// Writes docs/api/<package>.api.md: every public export of every library with its types, so that a change of the API is
// a diff. With --check it writes nothing and fails where a report is not what the built packages say. Needs the build.
import { Extractor, ExtractorConfig, ExtractorLogLevel, type ExtractorMessage } from '@microsoft/api-extractor'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Checks } from './checks.ts'

const ROOT = join(import.meta.dirname, '..')
const REPORTS = join(ROOT, 'docs/api')

interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, { readonly types?: string } | string>>
}

/** The report of one package as it is now; its text, and what the extractor finds wrong. */
function report(
  folder: string,
  work: string,
  write: boolean,
): { readonly changed: boolean; readonly faults: string[] } {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const entry = exports?.['.']
  const types = typeof entry === 'object' ? entry.types : undefined
  if (types === undefined) throw new Error(`${name} has no types`)
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      compiler: { overrideTsconfig: { compilerOptions: COMPILER_OPTIONS, files: [join(folder, types)] } },
      apiReport: {
        enabled: true,
        reportFileName: `${fileName(name)}.api.md`,
        reportFolder: REPORTS,
        reportTempFolder: work,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          // A type that is named in a signature has to be exported, or nobody can name what they are given.
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.Error },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  })
  const faults: string[] = []
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: write,
    messageCallback: (message: ExtractorMessage) => {
      if (message.logLevel === ExtractorLogLevel.Error) faults.push(`${message.messageId}: ${message.text}`)
      message.handled = true
    },
  })
  return { changed: apiReportChanged, faults }
}

const COMPILER_OPTIONS = {
  target: 'es2024',
  module: 'nodenext',
  moduleResolution: 'nodenext',
  lib: ['es2024', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  skipLibCheck: true,
}

function fileName(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

const check = process.argv.includes('--check')
const checks = new Checks()
const work = mkdtempSync(join(tmpdir(), 'stackseal-api-'))
mkdirSync(REPORTS, { recursive: true })
try {
  for (const folder of globSync(join(ROOT, 'packages/*')).toSorted()) {
    const { changed, faults } = report(folder, work, !check)
    const name = folder.slice(folder.lastIndexOf('/') + 1)
    checks.add(`${name}: every type of its API is exported`, faults.length === 0 ? undefined : faults.join('\n'))
    const stale =
      check && changed ? 'docs/api is not what the built package says: look at the diff of "npm run api"' : undefined
    checks.add(`${name}: its API is the one that is written down`, stale)
  }
} finally {
  rmSync(work, { recursive: true })
}
checks.finish(ROOT, 'api')
