import type { Client, StreamEvent, Subscription } from '../../src/client/client.ts'
import type { Trade } from '../../src/market/trade.ts'

/** The trades that a user of the client library has been told, whatever happened to the server meanwhile. */
export class FollowedTrades {
  /** By symbol, trade date and id. */
  readonly trades = new Map<string, Trade>()
  /** Trades that came as events more than once. */
  readonly doubled: Trade[] = []
  connections = 0
  readonly #symbols: readonly string[]
  readonly #told = new Set<string>()
  readonly #subscription: Subscription

  constructor(client: Client, symbols: readonly string[]) {
    this.#symbols = symbols
    this.#subscription = client.subscribe(
      { symbols, stream: 'trades' },
      {
        onEvent: (event) => this.#read(event),
        onState: ({ state }) => {
          if (state === 'open') this.connections++
        }
      }
    )
  }

  /** The newest instant (epoch ms) that was told of every symbol; -Infinity before there is one. */
  get until(): number {
    const newest = new Map<string, number>(this.#symbols.map((symbol) => [symbol, -Infinity]))
    for (const { symbol, asOf } of this.trades.values()) {
      newest.set(symbol, Math.max(newest.get(symbol)!, Date.parse(asOf)))
    }
    return Math.min(...newest.values())
  }

  leave(): void {
    this.#subscription.close()
  }

  #read(event: StreamEvent): void {
    if (event.type === 'trade') this.#take(event.data.trade)
    // What it shows came before, or is the newest there is.
    if (event.type === 'snapshot') for (const trade of event.data.trades ?? []) this.trades.set(keyOf(trade), trade)
  }

  #take(trade: Trade): void {
    const key = keyOf(trade)
    if (this.#told.has(key)) this.doubled.push(trade)
    this.#told.add(key)
    this.trades.set(key, trade)
  }
}

const keyOf = ({ symbol, tradeDate, tradeId }: Trade): string => `${symbol} ${tradeDate} ${tradeId}`
