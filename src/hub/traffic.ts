/** What one process's connections did since its start. */
export class Traffic {
  messages = 0
  bytes = 0
  received = 0
  /** Times a client fell behind. */
  slow = 0
  /** Values passed over for clients that were behind. */
  conflated = 0
  resumed = 0
  replayed = 0
  gaps = 0
  readonly #closed = new Map<number, number>()

  closed(code: number): void {
    this.#closed.set(code, (this.#closed.get(code) ?? 0) + 1)
  }

  /** How often the server ended a connection, by close code. */
  get closedByCode(): Record<string, number> {
    return Object.fromEntries(this.#closed)
  }
}
