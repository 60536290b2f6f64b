import type { Terminal } from './terminal.ts'

const QUIET_MS = 1_000
const REDRAW_MS = 100
const LINE_MS = 5_000
const BAR_CELLS = 20
const KIB = 1_024

export interface ProgressOptions {
  /** What is being done: "re-keying". */
  readonly what: string
  /** Bytes of the input; undefined where that is not known, as in a pipe: then there is a count and no bar. */
  readonly size: number | undefined
  /** What is counted instead of bytes: `stacks`; `size` says how many of them there are. */
  readonly unit?: string
  /** Milliseconds from some moment on. */
  readonly now?: () => number
}

/**
 * Tells on standard error how far a command is, if it takes longer than a second: on a terminal a line with a bar, counts
 * and the time that is left, drawn anew in its place; elsewhere a plain line every five seconds; with --quiet nothing.
 */
export class Progress {
  readonly #terminal: Terminal
  readonly #what: string
  readonly #size: number | undefined
  readonly #unit: string | undefined
  readonly #now: () => number
  readonly #start: number
  #nextAt: number
  /** Bytes, or whatever the unit is. */
  #done = 0
  #isHeld = false
  #secrets = 0

  constructor(terminal: Terminal, { what, size, unit, now = () => performance.now() }: ProgressOptions) {
    this.#terminal = terminal
    this.#what = what
    this.#size = size
    this.#unit = unit
    this.#now = now
    this.#start = now()
    this.#nextAt = this.#start + QUIET_MS
  }

  /** For whoever reads the input: how many bytes have come. */
  readonly bytes = (count: number): void => {
    this.#done = count
    this.#tell()
  }

  /** For whoever works on things one after the other: how many are done. */
  readonly steps = (count: number): void => {
    this.#done = count
    this.#tell()
  }

  /** For whoever does the work: how many secrets are done. */
  readonly secrets = (count: number): void => {
    this.#secrets = count
    this.#tell()
  }

  /** Takes the line away while somebody is asked something, and draws none over the question. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    this.#terminal.clearStatus()
    this.#isHeld = true
    try {
      return await work()
    } finally {
      this.#isHeld = false
    }
  }

  /** Takes the line away. */
  end(): void {
    this.#terminal.clearStatus()
  }

  #tell(): void {
    const now = this.#now()
    if (now < this.#nextAt || this.#isHeld || this.#terminal.isQuiet) return
    const drawn = this.#terminal.status(this.#line(now))
    this.#nextAt = now + (drawn ? REDRAW_MS : LINE_MS)
  }

  #line(now: number): string {
    const size = this.#size
    if (this.#unit !== undefined && size !== undefined) {
      return `${this.#what}: ${this.#bar(size)}, ${grouped(this.#done)} of ${grouped(size)} ${this.#unit}${this.#left(now, size)}`
    }
    const read = `${mebibytes(this.#done)} MiB read`
    const secrets = this.#secrets === 0 ? read : `${grouped(this.#secrets)} secrets`
    if (size === undefined || size === 0) {
      return `${this.#what}: ${this.#secrets === 0 ? read : `${secrets}, ${read}`}`
    }
    return `${this.#what}: ${this.#bar(size)}, ${secrets}${this.#left(now, size)}`
  }

  #bar(size: number): string {
    const part = this.#part(size)
    const full = Math.floor(part * BAR_CELLS)
    return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${Math.floor(part * 100)} %`
  }

  #left(now: number, size: number): string {
    const part = this.#part(size)
    return part === 0 ? '' : `, ${duration(((now - this.#start) / part) * (1 - part))} left`
  }

  #part(size: number): number {
    return Math.min(this.#done / size, 1)
  }
}

/** With a comma at every thousand. (Node's own way loads tables for all languages, which takes longer than the work.) */
function grouped(count: number): string {
  return String(count).replaceAll(/(?<=\d)(?=(?:\d{3})+$)/g, ',')
}

function mebibytes(bytes: number): string {
  return (bytes / (KIB * KIB)).toFixed(0)
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
