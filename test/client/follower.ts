import type { Client, EventStream, StreamEvent, Stream, Subscription } from '../../src/client/client.ts'

/** What is published has numbers above it; of a quote that was never published the market's answer is below. */
export const BEFORE_FIRST = 1000

/**
 * Follows numbered events of one stream, by callbacks or by a loop, and notes what it should not have been sent: a number
 * that is no successor, or one of a symbol that it does not follow.
 */
export class Follower {
  readonly wrongs: string[] = []
  /** The newest number of each symbol that is followed; absent before its snapshot. */
  readonly #numbers = new Map<string, number>()
  readonly #symbols = new Set<string>()
  /** Accepted, with a snapshot to come that may have nothing of them. */
  readonly #accepted = new Set<string>()
  readonly #client: Client
  readonly #byLoop: boolean
  /** What waits in a loop may be of symbols that were removed meanwhile. */
  readonly #removed = new Set<string>()
  #stream: Stream = 'quotes'
  #subscription: Subscription | undefined
  #cursor: string | undefined
  #isOpen = false

  constructor(client: Client, byLoop: boolean) {
    this.#client = client
    this.#byLoop = byLoop
  }

  /** Whether it is connected, and every symbol that it follows has a snapshot. */
  get isSettled(): boolean {
    if (this.#symbols.size > 0 && !this.#isOpen) return false
    return [...this.#symbols].every((symbol) => this.#numbers.has(symbol))
  }

  get held(): Record<string, number | undefined> {
    return Object.fromEntries([...this.#symbols].map((symbol) => [symbol, this.#numbers.get(symbol)]))
  }

  expected(newest: ReadonlyMap<string, number>): Record<string, number | undefined> {
    return Object.fromEntries([...this.#symbols].map((symbol) => [symbol, newest.get(`${this.#stream}:${symbol}`)]))
  }

  follow(stream: Stream, symbols: readonly string[]): void {
    this.close()
    this.#stream = stream
    this.#numbers.clear()
    this.#accepted.clear()
    this.#cursor = undefined
    this.#symbols.clear()
    this.#removed.clear()
    for (const symbol of symbols) this.#symbols.add(symbol)
    this.#begin()
  }

  add(symbols: readonly string[]): void {
    if (!this.#subscription) return
    const added = symbols.filter((symbol) => !this.#removed.has(symbol))
    for (const symbol of added) this.#symbols.add(symbol)
    this.#subscription.add(added)
  }

  remove(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      this.#symbols.delete(symbol)
      this.#numbers.delete(symbol)
      if (this.#byLoop) this.#removed.add(symbol)
    }
    this.#subscription?.remove(symbols)
  }

  close(): void {
    this.#subscription?.close()
    this.#subscription = undefined
    this.#symbols.clear()
  }

  /** Comes back as another process would: with its newest cursor, once it has one of all its symbols. */
  goOn(): void {
    if (!this.#subscription || !this.isSettled || this.#symbols.size === 0) return
    this.#subscription.close()
    this.#begin()
  }

  #begin(): void {
    const options = { symbols: [...this.#symbols], stream: this.#stream, since: this.#cursor }
    if (this.#byLoop) {
      const events = this.#client.stream(options)
      this.#subscription = events
      void this.#read(events)
    } else
      this.#subscription = this.#client.subscribe(options, {
        onEvent: (event) => this.#take(event),
        onState: ({ state }) => (this.#isOpen = state === 'open')
      })
  }

  async #read(events: EventStream): Promise<void> {
    for await (const event of events) this.#take(event)
  }

  #take(event: StreamEvent): void {
    if (event.type === 'connection') this.#isOpen = event.data.state === 'open'
    if ('cursor' in event) this.#cursor = event.cursor
    if (event.type === 'gap' || event.type === 'error') this.#wrong(JSON.stringify(event))
    else if (event.type === 'subscribed') {
      for (const { symbol } of event.data.accepted) this.#accepted.add(symbol!)
    } else if (event.type === 'snapshot') {
      const { quotes = [], trades = [], bars = [] } = event.data
      for (const { symbol, price } of [...quotes, ...trades]) this.#start(symbol, price)
      for (const { symbol, bar } of bars) this.#start(symbol, bar.close)
      for (const symbol of this.#accepted) if (this.#symbols.has(symbol)) this.#start(symbol, BEFORE_FIRST)
      this.#accepted.clear()
    } else if (event.type === 'quote_update') this.#next(event.data.symbol, event.data.quote.price)
    else if (event.type === 'trade') this.#next(event.data.symbol, event.data.trade.price)
    else if (event.type === 'bar_update') this.#next(event.data.symbol, event.data.bar.close)
  }

  #start(symbol: string, number: number): void {
    if (this.#removed.has(symbol)) return
    if (!this.#symbols.has(symbol)) return this.#wrong(`a snapshot of ${symbol}`)
    const before = this.#numbers.get(symbol)
    if (before === undefined) this.#numbers.set(symbol, Math.max(number, BEFORE_FIRST))
    else if (number > BEFORE_FIRST && number !== before) this.#wrong(`a snapshot at ${number} after ${before}`)
  }

  /** Of quotes the newest is enough. */
  #next(symbol: string, number: number): void {
    if (this.#removed.has(symbol)) return
    const before = this.#numbers.get(symbol)
    const isNext = before !== undefined && (this.#stream === 'quotes' ? number > before : number === before + 1)
    if (!isNext) this.#wrong(`${this.#stream} ${number} of ${symbol} after ${before}`)
    this.#numbers.set(symbol, number)
  }

  #wrong(what: string): void {
    if (this.wrongs.length < 5) this.wrongs.push(what.slice(0, 400))
  }
}
