/** What a failure means for whoever has to act on it; the command line makes its exit number from it. */
export type ErrorKind = 'failed' | 'usage' | 'data' | 'access' | 'retry' | 'interrupted'

/** Every way to fail: one row each. The reference page of error codes is made from this table. */
export const ERRORS = {
  ERR_INTERNAL: { kind: 'failed', summary: 'A fault inside Stackseal.' },
  ERR_IO: { kind: 'failed', summary: 'The operating system refused to read or write a file.' },
  ERR_NOT_REPLACEABLE: { kind: 'failed', summary: 'The file system does not let a file be replaced by rename.' },
  ERR_PROVIDER_FAILED: {
    kind: 'failed',
    summary: 'A provider failed in a way that it does not know. A fault of that provider.',
  },
  ERR_PROVIDER_INVALID: {
    kind: 'failed',
    summary: 'A provider does not keep the contract: wrong shape, or a data key that is not 32 bytes.',
  },
  ERR_INVALID_REPLY: {
    kind: 'failed',
    summary: 'What was asked as a key service gave an answer that no key service gives.',
  },
  ERR_PULUMI_FAILED: { kind: 'failed', summary: 'The installed Pulumi, which carries a state, failed.' },

  ERR_USAGE: { kind: 'usage', summary: 'The command line or the call has a wrong form.' },
  ERR_INVALID_KEY_URL: {
    kind: 'usage',
    summary: 'A key URL has a wrong form, or a parameter its provider does not know.',
  },
  ERR_INVALID_CONFIG_KEY: { kind: 'usage', summary: 'A configuration key is not <namespace>:<name>.' },
  ERR_INVALID_PROPERTY_PATH: { kind: 'usage', summary: 'A property path has a wrong form or does not fit the value.' },
  ERR_INVALID_VALUE: { kind: 'usage', summary: 'A value is not of the type that was asked for, or can not be stored.' },
  ERR_LOOKS_LIKE_SECRET: { kind: 'usage', summary: 'A value that looks like a secret was to be stored in plain text.' },
  ERR_INVALID_NAME: { kind: 'usage', summary: 'A project or stack name has characters that names can not have.' },
  ERR_UNKNOWN_PROVIDER: { kind: 'usage', summary: 'No provider is known for the scheme of a key URL.' },
  ERR_REWRAP_NOT_POSSIBLE: {
    kind: 'usage',
    summary: 'This provider derives its data key, so an existing one can not be sealed again.',
  },
  ERR_ALREADY_EXISTS: { kind: 'usage', summary: 'What was to be made is there already.' },
  ERR_INVALID_BACKEND_URL: { kind: 'usage', summary: 'The URL of a backend has a wrong form.' },
  ERR_BACKEND_NOT_REACHED: {
    kind: 'usage',
    summary: "The stack's state lies in a backend that Stackseal does not reach by itself: Pulumi carries it.",
  },
  ERR_NO_PROJECT: { kind: 'usage', summary: 'No Pulumi.yaml was found in this folder or above it.' },
  ERR_NO_STACK: { kind: 'usage', summary: 'No stack was named and none is selected.' },

  ERR_MALFORMED_CIPHERTEXT: { kind: 'data', summary: 'A ciphertext is not of the form v1:<nonce>:<ciphertext>.' },
  ERR_DECRYPT_FAILED: {
    kind: 'data',
    summary: 'A ciphertext does not open with this data key: it was changed, or belongs to another key.',
  },
  ERR_MALFORMED_SECRET: {
    kind: 'data',
    summary: 'A secret of a state is not one that Pulumi reads: not one of ciphertext and plaintext, or not JSON.',
  },
  ERR_UNSUPPORTED_STATE: {
    kind: 'data',
    summary: 'A state has a version, a feature or a kind of value that Stackseal does not know.',
  },
  ERR_SECRET_NOT_TEXT: { kind: 'data', summary: 'A secret holds bytes that are not UTF-8 text.' },
  ERR_MALFORMED_SEALED_KEY: { kind: 'data', summary: 'encryptionsalt or encryptedkey has a wrong form.' },
  ERR_MISSING_SEALED_KEY: {
    kind: 'data',
    summary: 'There are ciphertexts, but the encryptionsalt or encryptedkey that opens them is gone.',
  },
  ERR_WRONG_PASSPHRASE: { kind: 'data', summary: 'The passphrase does not open this encryptionsalt.' },
  ERR_WRONG_KEY: { kind: 'data', summary: 'The key service holds another key than the one that sealed this data key.' },
  ERR_KEY_NOT_FOUND: { kind: 'data', summary: 'The key service knows no such key.' },
  ERR_KEY_DISABLED: { kind: 'data', summary: 'The key is disabled, or waiting to be deleted.' },
  ERR_KEY_NOT_USABLE: { kind: 'data', summary: 'The key is of a kind that can not seal a data key.' },
  ERR_KEY_NOT_PROVEN: {
    kind: 'data',
    summary: 'Nothing shows that this sealed key is the one of this stack, so nothing is encrypted under it.',
  },
  ERR_NO_SECRETS_PROVIDER: {
    kind: 'data',
    summary: 'The stack has no key yet under which a secret could be encrypted.',
  },
  ERR_SERVICE_SECRETS: {
    kind: 'data',
    summary: 'The secrets of this stack are held by Pulumi Cloud, which Stackseal does not open.',
  },
  ERR_CONFIG_KEY_NOT_FOUND: { kind: 'data', summary: 'The stack has no such configuration key.' },
  ERR_OUTPUT_NOT_FOUND: { kind: 'data', summary: 'The stack has no such output.' },
  ERR_STACK_NOT_FOUND: { kind: 'data', summary: 'The project has no such stack.' },
  ERR_FILE_NOT_FOUND: { kind: 'data', summary: 'A file that was named is not there.' },
  ERR_MALFORMED_FILE: { kind: 'data', summary: 'A project, stack or state file can not be read.' },
  ERR_DUPLICATE_KEY: { kind: 'data', summary: 'A key stands twice in a file.' },
  ERR_FILE_TOO_LARGE: { kind: 'data', summary: 'A file is larger than a file of its kind can be.' },
  ERR_BACKEND_LAYOUT: { kind: 'data', summary: 'A backend keeps its stacks in a layout that is not supported.' },
  ERR_CANNOT_EDIT: {
    kind: 'data',
    summary: 'A value stands in a place that can not be changed without changing others.',
  },
  ERR_CHECK_FAILED: { kind: 'data', summary: 'A check found something wrong.' },

  ERR_PASSPHRASE_MISSING: { kind: 'access', summary: 'No passphrase was given and nobody can be asked.' },
  ERR_CREDENTIALS_MISSING: { kind: 'access', summary: 'No credentials for the key service were found.' },
  ERR_CREDENTIALS_INVALID: { kind: 'access', summary: 'The key service refused the credentials.' },
  ERR_ACCESS_DENIED: { kind: 'access', summary: 'The caller lacks a permission.' },
  ERR_KEY_CHANGED: { kind: 'access', summary: 'The key of this stack is another one than was trusted.' },
  ERR_SERVER_NOT_ALLOWED: { kind: 'access', summary: 'A document or an answer names a server that it may not choose.' },
  ERR_SERVER_NOT_PROVEN: { kind: 'access', summary: 'A server did not prove by its certificate who it is.' },
  ERR_MODULE_NOT_TRUSTED: { kind: 'access', summary: 'A project suggests a provider module that was not trusted.' },
  ERR_LINK_NOT_FOLLOWED: { kind: 'access', summary: 'A stack file is a link that leaves the project.' },

  ERR_TIMEOUT: { kind: 'retry', summary: 'A key service did not answer in time.' },
  ERR_THROTTLED: { kind: 'retry', summary: 'A key service asks to come back later.' },
  ERR_UNAVAILABLE: { kind: 'retry', summary: 'A key service can not be reached, or is not ready.' },
  ERR_LOCKED: { kind: 'retry', summary: 'Another process is changing this stack.' },
  ERR_CHANGED_MEANWHILE: {
    kind: 'retry',
    summary: 'The file was changed by somebody else while it was being worked on.',
  },

  ERR_INTERRUPTED: { kind: 'interrupted', summary: 'Stopped on request.' },
} as const

export type ErrorCode = keyof typeof ERRORS

/** Printable facts about a failure. Never bytes of a secret or of a key. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>

export interface ErrorOptions {
  /** One action that helps, for a person. */
  readonly hint?: string | undefined
  readonly details?: ErrorDetails | undefined
  readonly cause?: unknown
}

// Symbol.for, not instanceof: two copies of this package in one process understand each other.
const MARK: unique symbol = Symbol.for('stackseal.error')

/**
 * The one class of errors that Stackseal throws.
 *
 * `code` is a row of {@link ERRORS}; `message` says what happened, to which file; `hint` is one next step;
 * `details` holds printable facts, among them `file` and `changed` where a file is concerned.
 */
export class StacksealError extends Error {
  override readonly name = 'StacksealError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.details = Object.freeze({ ...options.details })
    Object.defineProperty(this, MARK, { value: true })
  }

  get kind(): ErrorKind {
    return ERRORS[this.code].kind
  }

  /** Code, message, hint and details; never the cause, which a vendor wrote. */
  toJSON(): { code: ErrorCode; message: string; hint?: string; details: ErrorDetails } {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      details: this.details,
    }
  }

  /** The same error with more facts; facts that are there already stay. */
  with(options: { readonly hint?: string | undefined; readonly details?: ErrorDetails }): StacksealError {
    const error = new StacksealError(this.code, this.message, {
      hint: this.hint ?? options.hint,
      details: { ...options.details, ...this.details },
      cause: this.cause,
    })
    if (this.stack !== undefined) error.stack = this.stack
    return error
  }
}

/** Tells whether a thrown value is a {@link StacksealError}, of this copy of the package or of another. */
export function isStacksealError(value: unknown): value is StacksealError {
  return typeof value === 'object' && value !== null && (value as { [MARK]?: unknown })[MARK] === true
}
