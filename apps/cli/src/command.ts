import type { Terminal } from './terminal.ts'

/** A command or a group of commands, as data: parsing, help, suggestions and completion all come from this. */
export interface Command {
  /** The words that call it, without the program's name: `['config', 'get']`. */
  readonly words: readonly string[]
  /** Other spellings of the last word. */
  readonly aliases?: readonly string[]
  /** One line, without a full stop. */
  readonly summary: string
  /** Paragraphs for its own help page. */
  readonly description?: readonly string[]
  readonly arguments?: readonly Argument[]
  readonly flags?: readonly Flag[]
  /** From simple to rare. */
  readonly examples?: readonly Example[]
  /** What it changes, for the words "… was not changed" where it failed before a file was found; absent if nothing. */
  readonly changes?: string
  /** For scripts of its own; on no help page and never suggested. */
  readonly hidden?: boolean
  /** Absent for a group that does nothing itself. */
  readonly load?: () => Promise<CommandModule>
}

export interface Argument {
  readonly name: string
  readonly required?: boolean
  /** Takes all that remain. */
  readonly rest?: boolean
}

export interface Flag {
  /** Without dashes. */
  readonly name: string
  readonly short?: string
  /** What its value is called in the help; absent for a flag that is only on or off. */
  readonly value?: string
  readonly summary: string
  readonly choices?: readonly string[]
  /** May be given more than once, each adding a value; otherwise the last one counts. */
  readonly repeats?: boolean
}

export interface Example {
  /** One line. */
  readonly text: string
  readonly line: string
}

export interface CommandModule {
  /** Does the work; the number is the exit number, where it is not 0. */
  readonly run: (invocation: Invocation) => Promise<number | void>
}

/** What a command is given: everything it may know of the world. */
export interface Invocation {
  readonly arguments: readonly string[]
  readonly flags: Flags
  readonly options: GlobalOptions
  /** Every command, for the one that completes command lines. */
  readonly commands: readonly Command[]
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by Ctrl-C and by the signals that ask a process to end. */
  readonly signal: AbortSignal
  /** A line for `--debug`: phases, files, providers; never a value. */
  readonly trace: (text: string) => void
  /** What is to be done when the command ends, also by an error or by Ctrl-C: each once. */
  readonly atEnd: (work: () => Promise<void>) => void
}

/** A provider module that the user named. */
export interface NamedModule {
  /** The name of a package, or a path. */
  readonly module: string
  readonly from: '--provider' | 'STACKSEAL_PROVIDERS'
}

/** The flags that every command takes, parsed. */
export interface GlobalOptions {
  /** Absolute. */
  readonly cwd: string
  readonly stack: string | undefined
  /** Absolute. */
  readonly configFile: string | undefined
  readonly json: boolean
  readonly lockTimeoutMs: number
  readonly followLinks: boolean
  /** How long one call of a key service may take in all. */
  readonly timeoutMs: number
  readonly providers: readonly NamedModule[]
}

/** The flags that stood on a command line. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  /** Whether a flag without a value is on. */
  on(name: string): boolean {
    return this.#values.get(name)?.at(-1) === 'true'
  }

  /** The value of a flag; of several the last. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  /** Every value of a flag that repeats. */
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }
}
