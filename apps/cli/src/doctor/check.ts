/** What one look of `doctor` found. */
export interface Check {
  /** What was looked at, in one or two words. */
  readonly check: string
  readonly level: 'ok' | 'warning' | 'failure'
  /** One line; never a secret, and of the environment only names. */
  readonly message: string
  /** The one command to run next; undefined where there is nothing to do. */
  readonly run?: string | undefined
}

export const ok = (check: string, message: string): Check => ({ check, level: 'ok', message })
export const warning = (check: string, message: string, run?: string): Check => ({
  check,
  level: 'warning',
  message,
  run,
})
export const failure = (check: string, message: string, run?: string): Check => ({
  check,
  level: 'failure',
  message,
  run,
})
