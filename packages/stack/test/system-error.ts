/** An error as Node throws it for a refused system call. */
export function systemError(code: string, syscall: string, path?: string): Error {
  const message =
    path === undefined ? `${code}: made by a test, ${syscall}` : `${code}: made by a test, ${syscall} '${path}'`
  return Object.assign(new Error(message), { code, syscall, ...(path === undefined ? {} : { path }) })
}
