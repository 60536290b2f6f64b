/** What led to an error, where giving a lock back failed as well. By name: Node 22 has no class for it. */
export function causeOf(error: unknown): unknown {
  let cause = error
  while (cause instanceof Error && cause.name === 'SuppressedError' && 'error' in cause) cause = cause.error
  return cause
}
