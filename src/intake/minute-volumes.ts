/** No vendor that is asked tells the market later than this. */
const MAX_MINUTES = 30
/** Begins no instant. */
const NO_MINUTE = '-'
const MINUTE_LENGTH = 'YYYY-MM-DDTHH:MM'.length
const minuteOf = (asOf: string): string => asOf.slice(0, MINUTE_LENGTH)

/** Shares of the last minutes that traded: vendors that are asked tell a volume of some minutes ago. Instants are ISO texts. */
export class MinuteVolumes {
  readonly #byMinute = new Map<string, number>()
  #minute = NO_MINUTE
  #volumeOfMinute = 0

  count(asOf: string, size: number): void {
    if (asOf.startsWith(this.#minute)) {
      this.#volumeOfMinute += size
      return
    }
    this.#close()
    this.#minute = minuteOf(asOf)
    this.#volumeOfMinute = (this.#byMinute.get(this.#minute) ?? 0) + size
  }

  /** Of the minutes behind the one that an instant lies in. */
  since(asOf: string): number {
    const until = minuteOf(asOf)
    let since = 0
    this.#close()
    for (const [minute, volume] of this.#byMinute) if (minute > until) since += volume
    return since
  }

  clear(): void {
    this.#byMinute.clear()
    this.#minute = NO_MINUTE
  }

  /** Trades of one minute mostly follow each other: what it comes to is noted when the next one begins. */
  #close(): void {
    if (this.#minute === NO_MINUTE) return
    this.#byMinute.set(this.#minute, this.#volumeOfMinute)
    this.#minute = NO_MINUTE
    if (this.#byMinute.size <= MAX_MINUTES) return
    const [oldest] = this.#byMinute.keys()
    this.#byMinute.delete(oldest!)
  }
}
