/** Members of a list are parsed together until they are as long. */
const BYTES_AT_ONCE = 16 * 1024

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Reads JSON in UTF-8 as JSON.stringify writes it, without spaces, in pieces that each cost little where no member of a list
 * is long by itself. Throws SyntaxError for what is cut off, or no JSON.
 */
export function* readingJson(bytes: Buffer): Generator<void, unknown> {
  const reader = new JsonReader(bytes)
  const value = yield* reader.value()
  reader.expectEnd()
  return value
}

class JsonReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  *value(): Generator<void, unknown> {
    const start = this.#at
    if (this.#bytes[start] === OPEN_LIST) return yield* this.#list()
    if (this.#bytes[start] === OPEN_OBJECT) return yield* this.#object()
    this.#skipMember()
    return this.#parse(start, this.#at)
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw unexpected()
  }

  *#list(): Generator<void, unknown[]> {
    const members: unknown[] = []
    let start = ++this.#at
    if (this.#isClosed(CLOSE_LIST)) return members
    for (;;) {
      this.#skipMember()
      const isLast = this.#bytes[this.#at] !== COMMA
      if (isLast || this.#at - start >= BYTES_AT_ONCE) {
        for (const member of this.#parse(start, this.#at, '[', ']') as unknown[]) members.push(member)
        yield
        start = this.#at + 1
      }
      if (isLast) {
        if (this.#isClosed(CLOSE_LIST)) return members
        throw unexpected()
      }
      this.#at++
    }
  }

  *#object(): Generator<void, object> {
    const members: [string, unknown][] = []
    this.#at++
    while (!this.#isClosed(CLOSE_OBJECT)) {
      if (members.length > 0 && this.#bytes[this.#at++] !== COMMA) throw unexpected()
      const start = this.#at
      this.#skipString()
      const key = this.#parse(start, this.#at) as string
      if (this.#bytes[this.#at++] !== COLON) throw unexpected()
      members.push([key, yield* this.value()])
    }
    return Object.fromEntries(members)
  }

  #isClosed(close: number): boolean {
    if (this.#bytes[this.#at] !== close) return false
    this.#at++
    return true
  }

  /** To the comma behind a member, or to the end of what it is a member of. */
  #skipMember(): void {
    const bytes = this.#bytes
    let depth = 0
    while (this.#at < bytes.length) {
      const byte = bytes[this.#at]
      if (byte === QUOTE) {
        this.#skipString()
        continue
      }
      if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++
      else if (depth === 0 && (byte === COMMA || byte === CLOSE_LIST || byte === CLOSE_OBJECT)) return
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--
      this.#at++
    }
  }

  #skipString(): void {
    const bytes = this.#bytes
    let at = this.#at + 1
    while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
    this.#at = at + 1
  }

  #parse(from: number, to: number, open = '', close = ''): unknown {
    return JSON.parse(open + this.#bytes.toString('utf8', from, to) + close)
  }
}

const unexpected = () => new SyntaxError('the JSON is cut off or is none')
