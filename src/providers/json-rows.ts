/** Of one row as text, in UTF-16 units: a file whose brackets do not close is not read into memory. */
const MAX_ROW_LENGTH = 65_536

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0d])

/** What comes is no array of objects in JSON, or not a whole one. Says where, in characters. */
export class JsonRowsError extends Error {
  constructor(problem: string, at: number) {
    super(`${problem} at character ${at}`)
    this.name = 'JsonRowsError'
  }
}

/** What comes between rows: the state that a character leads to. Whitespace leads nowhere. */
const BETWEEN: Readonly<Record<string, Readonly<Record<string, State>>>> = {
  before: { '[': 'first', '\ufeff': 'before' },
  first: { '{': 'row', ']': 'after' },
  next: { ',': 'comma', ']': 'after' },
  comma: { '{': 'row' },
  after: {}
}
type State = 'before' | 'first' | 'row' | 'next' | 'comma' | 'after'

/**
 * The objects of one array, as text comes in pieces that may end anywhere. Of the text only the row that is not complete is
 * held. Throws JsonRowsError where the text is anything else, and where it ends early.
 */
export class JsonRows {
  #state: State = 'before'
  /** The beginning of a row whose end has not come. */
  #held = ''
  #depth = 0
  #isText = false
  #isEscaped = false
  #passed = 0

  /** The rows that a further piece completes. */
  push(text: string): unknown[] {
    const rows: unknown[] = []
    let start = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (this.#state !== 'row') {
        this.#step(code, at)
        start = at
      } else if (this.#closes(code)) {
        rows.push(this.#parsed(this.#held + text.slice(start, at + 1), at))
        this.#held = ''
        this.#state = 'next'
      }
    }
    if (this.#state === 'row') this.#hold(text.slice(start))
    this.#passed += text.length
    return rows
  }

  /** To be called when no more text comes. */
  end(): void {
    if (this.#state !== 'after') throw new JsonRowsError('the text ends before the array does', this.#passed)
  }

  #step(code: number, at: number): void {
    if (WHITESPACE.has(code)) return
    const next = BETWEEN[this.#state]![String.fromCharCode(code)]
    if (next === undefined) throw new JsonRowsError('there is no array of objects', this.#passed + at)
    this.#state = next
    this.#depth = 1
  }

  /** Whether the character ends the row. */
  #closes(code: number): boolean {
    if (this.#isText) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (code === BACKSLASH) this.#isEscaped = true
      else if (code === QUOTE) this.#isText = false
      return false
    }
    if (code === QUOTE) this.#isText = true
    else if (code === OPENING_BRACE) this.#depth++
    else if (code === CLOSING_BRACE) return --this.#depth === 0
    return false
  }

  #hold(text: string): void {
    this.#held += text
    if (this.#held.length > MAX_ROW_LENGTH) throw new JsonRowsError('a row does not end', this.#passed)
  }

  #parsed(text: string, at: number): unknown {
    try {
      return JSON.parse(text)
    } catch {
      // JSON's own message would show a piece of the text.
      throw new JsonRowsError('a row is not JSON', this.#passed + at)
    }
  }
}
