import { decodeBase64, encodeBase64, Envelope, type ProviderV1, Registry } from '@stackseal/core'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { initStack } from '../src/stack-init.ts'
import { openStack, type Stack } from '../src/stack.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A provider whose sealed text is its data key: what tests need of a key service, and nothing that is secret. */
function plainProvider(opened: string[]): ProviderV1 {
  return {
    contract: 1,
    name: 'Plain',
    schemes: ['plain'],
    createKey: async () => {
      const dataKey = crypto.getRandomValues(new Uint8Array(32))
      return { dataKey, sealed: encodeBase64(dataKey) }
    },
    openKey: async (url, sealed) => {
      opened.push(url.text)
      const decoded = decodeBase64(sealed)
      if ('invalidAt' in decoded) throw new Error('not base64')
      return { dataKey: decoded.bytes.slice() }
    },
  }
}

/** A project in a folder of its own, with stacks whose keys are made here. */
export class StackPlayground {
  readonly folder: string = temporaryFolder()
  /** The key URL of every data key that was opened. */
  readonly opened: string[] = []
  readonly #registry: Registry = new Registry([plainProvider(this.opened)])
  readonly #extension: string

  constructor(project = 'name: proj\nruntime: yaml\n', projectFile = 'Pulumi.yaml') {
    writeFileSync(join(this.folder, projectFile), project)
    this.#extension = projectFile.slice(projectFile.lastIndexOf('.'))
  }

  /** Makes a stack; `write` gives the text behind its header, with ciphertexts of its own key. */
  async stack(
    name: string,
    write: (encrypt: (plaintext: string) => Promise<string>) => Promise<string> | string,
  ): Promise<Stack> {
    const { file } = await initStack({ ...this.#options(), name, secretsProvider: `plain://${name}`, select: false })
    const { sealedKey } = await this.open(name)
    if (sealedKey === undefined) throw new Error('initStack made no key')
    const envelope = await Envelope.open(sealedKey, this.#registry, { env: {} })
    const more = await write((plaintext) => envelope.encrypt(plaintext))
    const header = readFileSync(file, 'utf8')
    writeFileSync(file, this.#extension === '.json' ? header.replace(/\n\}\n$/, `,\n    ${more}\n}\n`) : header + more)
    this.opened.length = 0
    return this.open(name)
  }

  open(name: string): Promise<Stack> {
    return openStack({ ...this.#options(), stack: name })
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  path(name: string): string {
    return join(this.folder, `Pulumi.${name}${this.#extension}`)
  }

  #options(): { cwd: string; env: Record<string, string>; registry: Registry; lockTimeout: number } {
    const home = join(this.folder, 'home')
    mkdirSync(home, { recursive: true })
    return { cwd: this.folder, env: { HOME: home }, registry: this.#registry, lockTimeout: 0 }
  }
}
