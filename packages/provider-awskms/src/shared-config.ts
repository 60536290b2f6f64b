import { readFile } from 'node:fs/promises'

import { type ProviderContext, StacksealError } from '@stackseal/core'

import { fieldOf } from './field-of.ts'

type Env = ProviderContext['env']
type Section = Readonly<Record<string, string>>

/** The two files that `aws configure` writes, as far as a provider has to know them before it asks the SDK. */
export interface SharedConfig {
  /** Undefined where there is no home folder and no variable that names the file. */
  readonly configFile: string | undefined
  readonly credentialsFile: string | undefined
  /** What both files say of a profile; undefined where neither knows it. */
  profile(name: string): Section | undefined
  /** The endpoint that a profile gives for one service, or for all. */
  endpoint(profile: string, service: string): string | undefined
}

/** @throws ERR_IO for a file that is there and can't be read */
export async function sharedConfig(env: Env): Promise<SharedConfig> {
  const home = env['HOME'] || env['USERPROFILE'] || undefined
  const inHome = (name: string): string | undefined => (home === undefined ? undefined : `${home}/.aws/${name}`)
  const configFile = env['AWS_CONFIG_FILE'] || inHome('config')
  const credentialsFile = env['AWS_SHARED_CREDENTIALS_FILE'] || inHome('credentials')
  const config = await sectionsOf(configFile, 'AWS_CONFIG_FILE')
  const credentials = await sectionsOf(credentialsFile, 'AWS_SHARED_CREDENTIALS_FILE')
  const profile = (name: string): Section | undefined => {
    const inConfig = config.get(`profile ${name}`) ?? (name === 'default' ? config.get('default') : undefined)
    const inCredentials = credentials.get(name)
    // Where both files say something, the credentials file has the word.
    return inConfig === undefined && inCredentials === undefined ? undefined : { ...inConfig, ...inCredentials }
  }
  return {
    configFile,
    credentialsFile,
    profile,
    endpoint(name, service) {
      const settings = profile(name)
      const services = settings?.['services'] === undefined ? undefined : config.get(`services ${settings['services']}`)
      return services?.[`${service}.endpoint_url`] ?? settings?.['endpoint_url']
    },
  }
}

async function sectionsOf(path: string | undefined, variable: string): Promise<ReadonlyMap<string, Section>> {
  if (path === undefined) return new Map()
  try {
    return parseSections(await readFile(path, 'utf8'))
  } catch (error) {
    const code = fieldOf(error, 'code')
    if (code === 'ENOENT' || code === 'ENOTDIR') return new Map()
    throw new StacksealError('ERR_IO', `the file of ${variable} can not be read`, {
      hint: `check who may read ${path}`,
      details: { variable },
    })
  }
}

/**
 * Sections and their settings. An indented line belongs to the setting before it (`s3 =` and then `  max = 1`), and is
 * kept as `s3.max`.
 */
function parseSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Record<string, string>>()
  let section: Record<string, string> | undefined
  let parent = ''
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue
    const title = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1]
    if (title !== undefined) {
      const name = title.replaceAll(/["']/g, '').replace(/\s+/, ' ')
      section = sections.get(name) ?? {}
      sections.set(name, section)
      parent = ''
      continue
    }
    const [, indent = '', key = '', value = ''] = /^(\s*)([^=\s]+)\s*=\s*(.*?)(?:\s+[#;].*)?\s*$/.exec(line) ?? []
    if (key === '' || section === undefined) continue
    const nested = indent !== '' && parent !== ''
    if (!nested) parent = key.toLowerCase()
    section[nested ? `${parent}.${key.toLowerCase()}` : parent] = value
  }
  return sections
}
