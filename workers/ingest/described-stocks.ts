import type { Logger } from 'pino'
import type { StockStore } from '../../db/stocks.ts'
import { HOUR_MS } from '../../src/market/time.ts'

/** TWS is asked for one after the other: of so many, for some minutes. */
const MAX_STOCKS = 2000

export type DescribedStocksOptions = {
  readonly stocks: Pick<StockStore, 'toDescribe'>
  readonly log: Pick<Logger, 'warn'>
}

/** The stocks that are quoted here, as they are read of Postgres from time to time: a vendor is to say what it knows of them. */
export class DescribedStocks {
  readonly #options: DescribedStocksOptions
  readonly #timer: NodeJS.Timeout
  #symbols: readonly string[] = []

  constructor(options: DescribedStocksOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.read(), HOUR_MS).unref()
  }

  /** Those that the vendor has said least of come first. */
  get symbols(): readonly string[] {
    return this.#symbols
  }

  /** Never rejects: those that were read last stay. */
  async read(): Promise<void> {
    try {
      this.#symbols = await this.#options.stocks.toDescribe(MAX_STOCKS)
    } catch (err) {
      this.#options.log.warn({ err }, 'the stocks that TWS is to describe cannot be read now')
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
