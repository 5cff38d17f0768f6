/** What a client says first. */
const PREFIX = Buffer.from('API\0')
const LENGTH_BYTES = 4
/** Requests are short: whoever claims to send more is no client. */
const MAX_MESSAGE_BYTES = 64 * 1024

/** Fields, each ended by a NUL, behind their length. */
export function framed(fields: readonly (string | number)[]): Buffer {
  const body = Buffer.from(`${fields.join('\0')}\0`)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** Takes a client's bytes apart: its greeting, then messages as lists of fields. Undefined: it is no client of TWS. */
export class ClientReader {
  #buffered = Buffer.alloc(0)
  #isGreeted = false

  take(bytes: Buffer): string[][] | undefined {
    this.#buffered = Buffer.concat([this.#buffered, bytes])
    if (!this.#isGreeted && this.#buffered.length >= PREFIX.length) {
      if (!this.#buffered.subarray(0, PREFIX.length).equals(PREFIX)) return undefined
      this.#isGreeted = true
      this.#buffered = this.#buffered.subarray(PREFIX.length)
    }
    const messages: string[][] = []
    while (this.#isGreeted && this.#buffered.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#buffered.readUInt32BE()
      if (end > MAX_MESSAGE_BYTES) return undefined
      if (this.#buffered.length < end) break
      messages.push(fieldsIn(this.#buffered.subarray(LENGTH_BYTES, end).toString()))
      this.#buffered = this.#buffered.subarray(end)
    }
    return messages
  }
}

/** The versions of the greeting stand without a NUL at their end. */
const fieldsIn = (text: string): string[] => (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0')
