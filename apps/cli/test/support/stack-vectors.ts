import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { vector } from './project.ts'

/** One step of the story of a case, as the reference's command line was made to play it. */
interface Step {
  /** A file that was written, with its text. */
  readonly write?: string
  readonly text?: string
  readonly argv?: readonly string[]
  readonly stdin?: string | null
  readonly exit?: number
}

interface Story {
  readonly stack: string
  /** The last one; null where a file gave it. */
  readonly passphrase: string | null
  readonly steps: readonly Step[]
}

/** A stack that the reference made, with what it listed of it. */
export interface VectorStack {
  readonly name: string
  readonly stack: string
  readonly projectFile: string
  readonly stackFile: string
  /** Files beside the project that the story wrote, by name. */
  readonly beside: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  /** What `config --json`, `config --show-secrets --json` and `config --show-secrets` printed, as bytes. */
  readonly json: Buffer
  readonly shownJson: Buffer
  readonly shownTable: Buffer | undefined
}

const SHOWN = 'config.show-secrets.json'

/** Every stack under the vectors' stacks/ that has a listing, but for folders whose name one of `without` begins. */
export function vectorStacks(without: readonly string[]): VectorStack[] {
  return readdirSync(vector(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !without.some((start) => entry.name.startsWith(start)))
    .flatMap(({ name }) => listingsIn(name).map((prefix) => vectorStack(name, prefix)))
    .toSorted((a, b) => a.name.localeCompare(b.name))
}

/** The listings of a case: its own, and those with a prefix, made after a further step (`rotated.`). */
function listingsIn(name: string): string[] {
  return readdirSync(vector(name))
    .filter(
      (file) => file.endsWith(SHOWN) && existsSync(vector(name, `${file.slice(0, -SHOWN.length)}Pulumi.dev.yaml`)),
    )
    .map((file) => file.slice(0, -SHOWN.length))
}

function vectorStack(name: string, prefix: string): VectorStack {
  const read = (file: string): Buffer => readFileSync(vector(name, file))
  const story = JSON.parse(read('commands.json').toString()) as Story
  const table = `${prefix}config.show-secrets.txt`
  const written = story.steps.flatMap(({ write, text }) => (write === undefined ? [] : [[write, text ?? ''] as const]))
  const beside = Object.fromEntries(written.filter(([file]) => !/^Pulumi\..*yaml$/.test(file)))
  return {
    name: `${name}${prefix === '' ? '' : `, ${prefix.slice(0, -1)}`}`,
    stack: story.stack,
    projectFile: read('Pulumi.yaml').toString(),
    stackFile: read(`${prefix}Pulumi.dev.yaml`).toString(),
    beside,
    env: passphraseAt(story, prefix, Object.keys(beside)),
    json: read(`${prefix}config.json`),
    shownJson: read(`${prefix}${SHOWN}`),
    shownTable: existsSync(vector(name, table)) ? read(table) : undefined,
  }
}

const isListing = ({ argv }: Step): boolean => argv?.join(' ') === 'pulumi config --show-secrets --json'

/** The passphrase at the time of a listing: the last to which the stack was changed before it. */
function passphraseAt(
  { passphrase, steps }: Story,
  prefix: string,
  beside: readonly string[],
): Readonly<Record<string, string>> {
  const listing = prefix === '' ? steps.findIndex(isListing) : steps.findLastIndex(isListing)
  const change = steps
    .slice(0, listing)
    .findLast(({ argv, exit }) => argv?.[2] === 'change-secrets-provider' && exit === 0)
  if (change !== undefined) return { PULUMI_CONFIG_PASSPHRASE: (change.stdin ?? '').replace(/\n$/, '') }
  const [file] = beside
  if (passphrase === null && file !== undefined) return { PULUMI_CONFIG_PASSPHRASE_FILE: file }
  return { PULUMI_CONFIG_PASSPHRASE: passphrase ?? '' }
}
