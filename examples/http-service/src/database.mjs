import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

/**
 * Asks the database for the stock. The database greets with a challenge; the answer is its HMAC under the password, so
 * the password itself goes nowhere.
 */
export async function stockOf(item, { port, password }) {
  const socket = connect(port, '127.0.0.1')
  try {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
    const line = async () => (await lines.next()).value ?? ''
    const challenge = await line()
    socket.write(`${createHmac('sha256', password.reveal()).update(challenge).digest('hex')} ${item}\n`)
    const answer = await line()
    if (!/^\d+$/.test(answer)) throw new Error(`the database answered: ${answer}`, { cause: { port, password } })
    return Number(answer)
  } finally {
    socket.destroy()
  }
}
