const DATE_STEP_MS = 1000

/**
 * The server's clock, by the Date header of its answers: ages are told by it, whatever the clock of this machine says. Each
 * answer bounds how far that is off; as long as it may be right it is taken to be.
 */
class ServerClock {
  #leastMs = -Infinity
  #mostMs = Infinity

  /** Takes note of an answer. Instants are epoch milliseconds of this machine. */
  note(date: string | null, sentAt: number, receivedAt: number): void {
    const instant = Date.parse(date ?? '')
    if (Number.isNaN(instant)) return
    const leastMs = instant - receivedAt
    const mostMs = instant + DATE_STEP_MS - sentAt
    const isContrary = leastMs > this.#mostMs || mostMs < this.#leastMs
    this.#leastMs = isContrary ? leastMs : Math.max(leastMs, this.#leastMs)
    this.#mostMs = isContrary ? mostMs : Math.min(mostMs, this.#mostMs)
  }

  /** How far this machine's clock is behind the server's, in milliseconds; 0 as long as it may be right. */
  get aheadMs(): number {
    if (this.#leastMs > 0) return (this.#leastMs + this.#mostMs) / 2
    return this.#mostMs < 0 ? (this.#leastMs + this.#mostMs) / 2 : 0
  }

  /** Epoch milliseconds. */
  now(): number {
    return Date.now() + this.aheadMs
  }
}

export const serverClock = new ServerClock()
