import { ESCAPED, type JsonHandler, JsonTokenizer, OPEN_OBJECT } from '../state/json-tokenizer.ts'
import { type Edit, splice } from '../state/splice.ts'
import { stringText, TokenPieces } from '../state/token-text.ts'
import { goJsonString } from '../values/go-json.ts'

/** A secret of a configuration that an archive keeps: `{"secure":"v1:…"}`. */
export interface HistorySecret {
  readonly ciphertext: string
  /** The bytes of the string token, quotes included. */
  readonly start: number
  readonly end: number
}

/** Where the reference keeps a configuration: in the record of an update, and, in versions of long ago, in a checkpoint. */
const PLACES: ReadonlySet<string> = new Set(['config', 'checkpoint.config'])

/**
 * The secrets of the configuration that an archive keeps. The reference writes it as JSON, each secret as an object that
 * has `secure` and nothing else, at any depth.
 * @throws ERR_MALFORMED_FILE
 */
export function historySecrets(document: Uint8Array): readonly HistorySecret[] {
  const finder = new SecretFinder()
  const tokenizer = new JsonTokenizer(finder)
  tokenizer.push(document)
  tokenizer.finish()
  return finder.secrets
}

/** The same bytes with other ciphertexts; everything else stays. */
export function withHistorySecrets(document: Uint8Array, ciphertexts: ReadonlyMap<HistorySecret, string>): Uint8Array {
  const edits = [...ciphertexts].map(([{ start, end }, text]): Edit => ({
    start,
    end,
    text: goJsonString(text, false),
  }))
  return edits.length === 0 ? document : splice(document, edits)
}

interface Open {
  /** The key under which it lies, and those above; undefined inside of a list or a configuration. */
  readonly path: string | undefined
  readonly inConfig: boolean
  readonly isObject: boolean
  members: number
  key: string
  secret: HistorySecret | undefined
}

class SecretFinder implements JsonHandler {
  readonly secrets: HistorySecret[] = []
  readonly #open: Open[] = []
  readonly #key = new TokenPieces()

  begin(byte: number): void {
    const parent = this.#open.at(-1)
    const path = parent === undefined ? '' : pathIn(parent)
    const inConfig = parent !== undefined && (parent.inConfig || (path !== undefined && PLACES.has(path)))
    this.#open.push({ path, inConfig, isObject: byte === OPEN_OBJECT, members: 0, key: '', secret: undefined })
  }

  end(): void {
    const closed = this.#open.pop()
    if (closed?.secret !== undefined && closed.members === 1) this.secrets.push(closed.secret)
  }

  key(chunk: Uint8Array, start: number, end: number, parts: number): void {
    const object = this.#open.at(-1)
    if (object === undefined || !this.#key.take(chunk, start, end, parts)) return
    object.members++
    object.key = this.#key.stringText()
  }

  string(chunk: Uint8Array, start: number, end: number, parts: number): void {
    const object = this.#open.at(-1)
    if (object === undefined || !object.inConfig || !object.isObject || object.key !== 'secure') return
    // The document is one chunk, so every token is one piece.
    object.secret = { ciphertext: stringText(chunk, start, end, (parts & ESCAPED) !== 0), start, end }
  }

  scalar(): void {}
}

function pathIn({ path, isObject, key }: Open): string | undefined {
  if (path === undefined || !isObject) return undefined
  // As in the reference, whatever the case of the name.
  const name = key.toLowerCase()
  return path === '' ? name : `${path}.${name}`
}
