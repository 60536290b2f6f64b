import {
  encodeBase64,
  type ErrorDetails,
  type ProviderContext,
  StacksealError,
  untilAborted,
  utf8Bytes,
} from '@stackseal/core'

import { Asked } from './asked.ts'
import { readPassphraseFile } from './passphrase-file.ts'

const VARIABLE = 'PULUMI_CONFIG_PASSPHRASE'
const FILE_VARIABLE = 'PULUMI_CONFIG_PASSPHRASE_FILE'
const TIMES_ASKED = 5

/** A passphrase that the environment gives, and where it stands. */
export interface GivenPassphrase {
  readonly passphrase: Uint8Array
  readonly from: ErrorDetails & { readonly variable: string }
  /** It holds U+FFFD, so the variable may have held bytes that no text can show. */
  readonly mayBeBytes: boolean
}

/**
 * The passphrase of the environment, by the reference's rules: the variable counts as it stands, also when it is
 * empty; then the file, unless its name is empty. Undefined where neither is there.
 * @throws ERR_PASSPHRASE_MISSING if the file can't be read
 */
export async function givenPassphrase({ env, signal }: ProviderContext): Promise<GivenPassphrase | undefined> {
  const text = env[VARIABLE]
  if (text !== undefined) {
    return { passphrase: utf8Bytes(text), from: { variable: VARIABLE }, mayBeBytes: text.includes('\ufffd') }
  }
  const file = env[FILE_VARIABLE]
  if (file === undefined || file === '') return undefined
  const passphrase = await readPassphraseFile(file, signal)
  return { passphrase, from: { variable: FILE_VARIABLE, file }, mayBeBytes: false }
}

/**
 * Asks for the passphrase of a new stack, twice, and keeps it for the same asker once `use` has made a salt with it.
 * @throws ERR_PASSPHRASE_MISSING if nobody can be asked
 */
export function askForNewPassphrase<T extends { readonly salt: Uint8Array }>(
  context: ProviderContext,
  use: (passphrase: Uint8Array) => Promise<T>,
): Promise<T> {
  return inTurn(context, async (ask, asked) => {
    const answer = await ask({
      text: 'New passphrase, which will protect the secrets of this stack',
      confirm: 'The same passphrase again',
      secret: true,
    })
    const passphrase = utf8Bytes(answer)
    const made = await use(passphrase)
    asked.remember(passphrase, encodeBase64(made.salt))
    return made
  })
}

/**
 * Asks for the passphrase that opens a salt until `open` gives something, a few times. What the same asker said
 * before is tried first, so that nobody is asked without need.
 * @throws ERR_PASSPHRASE_MISSING if nobody can be asked, ERR_WRONG_PASSPHRASE after the last try
 */
export function askUntilItOpens<T>(
  salt: Uint8Array,
  context: ProviderContext,
  open: (passphrase: Uint8Array) => Promise<T | undefined>,
): Promise<T> {
  return inTurn(context, async (ask, asked) => {
    const saltText = encodeBase64(salt)
    const tried = async (passphrase: Uint8Array): Promise<T | undefined> => {
      const opened = await open(passphrase)
      if (opened !== undefined) asked.remember(passphrase, saltText)
      return opened
    }
    for (const known of asked.passphrases(saltText)) {
      const opened = await tried(known)
      if (opened !== undefined) return opened
    }
    const text = `Passphrase that opens the secrets of this stack (${VARIABLE} or ${FILE_VARIABLE} can give it instead)`
    for (let times = 1; ; times++) {
      const opened = await tried(utf8Bytes(await ask({ text, secret: true })))
      if (opened !== undefined) return opened
      if (times === TIMES_ASKED) throw wrongPassphrase(undefined)
      context.tell?.('This passphrase does not open the secrets of the stack. Try another one.')
    }
  })
}

function inTurn<T>(
  context: ProviderContext,
  work: (ask: NonNullable<ProviderContext['ask']>, asked: Asked) => Promise<T>,
): Promise<T> {
  const { ask, signal } = context
  if (ask === undefined) return Promise.reject(noPassphrase())
  const asked = Asked.of(ask)
  // Whoever left while it was another's turn is not asked any more.
  const turn = (): Promise<T> => asked.inTurn(() => untilAborted(() => work(askOnce, asked), signal))
  const askOnce: typeof ask = (question) => untilAborted(() => ask(question), signal)
  return untilAborted(turn, signal)
}

function noPassphrase(): StacksealError {
  return new StacksealError('ERR_PASSPHRASE_MISSING', 'no passphrase is given, and nobody can be asked for it', {
    hint: `set ${VARIABLE} to the passphrase, or ${FILE_VARIABLE} to the name of a file that holds it`,
  })
}

/** The error for a passphrase that opens nothing; `given` is undefined where somebody was asked for it. */
export function wrongPassphrase(given: GivenPassphrase | undefined): StacksealError {
  if (given === undefined) {
    const message = `none of ${TIMES_ASKED} passphrases opened encryptionsalt`
    return new StacksealError('ERR_WRONG_PASSPHRASE', message, { details: { asked: TIMES_ASKED } })
  }
  const { variable } = given.from
  return new StacksealError('ERR_WRONG_PASSPHRASE', `the passphrase from ${variable} does not open encryptionsalt`, {
    hint: hintFor(given),
    details: given.from,
  })
}

function hintFor({ passphrase, from, mayBeBytes }: GivenPassphrase): string {
  if (mayBeBytes) return BYTES_HINT
  // A variable that is there and empty is the empty passphrase, to the reference too, and seldom meant so.
  if (passphrase.length === 0)
    return `${from.variable} gives the empty passphrase; take it away to be asked for another`
  return `${from.variable} holds the passphrase of another stack, or an old one: give it this stack's`
}

const BYTES_HINT = `if the passphrase holds bytes that are not UTF-8, put it into a file and name that in ${FILE_VARIABLE}`

/**
 * Refuses to make a salt with a passphrase that reached us as other bytes than the reference would see: programs get
 * U+FFFD for bytes of a variable that are not UTF-8.
 * @throws ERR_INVALID_VALUE
 */
export function checkIsText({ from, mayBeBytes }: GivenPassphrase): void {
  if (!mayBeBytes) return
  const message = `${from.variable} holds U+FFFD, which stands for bytes that are not UTF-8`
  throw new StacksealError('ERR_INVALID_VALUE', message, { hint: BYTES_HINT, details: from })
}
