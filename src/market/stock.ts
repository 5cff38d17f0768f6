import { Type, type Static } from 'typebox'
import { ExchangeName, Mic } from './exchange.ts'
import { Instrument, TickSize } from './instrument.ts'
import { InstrumentKind } from './instrument-kind.ts'
import { ListedHours } from './listed-hours.ts'
import type { Answer, Asker } from './market-data.ts'
import { Next } from './page.ts'
import type { Provenance } from './provenance.ts'
import { MarketState, Quote } from './quote.ts'
import { Sector } from './sector.ts'

const { bid, ask, bidSize, askSize, price, previousClose, change, changePercent, open, dayHigh, dayLow, volume } =
  Quote.properties

/**
 * How far a price is to be relied on: `good` as its vendor has it now, or as its market closed; `late` told late; `doubtful`
 * where nobody could renew it or a quality rule doubts it; `unpriced` where there is none.
 */
export const PriceQuality = Type.Enum(['good', 'late', 'doubtful', 'unpriced'])
export type PriceQuality = Static<typeof PriceQuality>

/** What stays of a stock from day to day, as it is stored. */
export const StockListing = Type.Object({
  symbol: Type.String({ description: 'Canonical symbol', examples: ['BRK.B'] }),
  name: Type.Optional(Type.String()),
  kind: Type.Optional(InstrumentKind),
  ibkrContractId: Type.Optional(Type.Integer({ description: "Interactive Brokers' number of the contract (conId)" })),
  isin: Type.Optional(Instrument.properties.isin),
  mic: Type.Optional(Mic),
  exchange: Type.Optional(ExchangeName),
  country: Type.Optional(Type.String({ description: 'ISO 3166-1 alpha-2' })),
  currency: Type.Optional(Type.String({ description: 'ISO 4217' })),
  sector: Type.Optional(Sector),
  industry: Type.Optional(Type.String({ description: 'As a vendor names it, finer than its sector' })),
  marketCap: Type.Optional(Type.Number({ description: 'In `currency`' })),
  marketCapSource: Type.Optional(
    Type.String({
      description: 'The provider that told the market value: streams tell none',
      examples: ['fmp', 'yahoo']
    })
  ),
  tickSizes: Type.Optional(Type.Array(TickSize, { description: 'The steps of its prices, by ascending price' })),
  lot: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Orders are of multiples of it' })),
  tradable: Type.Optional(Type.Boolean({ description: 'Whether its exchange lets it be traded at all' })),
  delistedOn: Type.Optional(Instrument.properties.delistedOn)
})
export type StockListing = Static<typeof StockListing> & { readonly hours?: ListedHours }

const PRICE = {
  price: Type.Optional(price),
  previousClose,
  change,
  changePercent,
  open,
  dayHigh,
  dayLow,
  volume,
  bid,
  ask,
  bidSize,
  askSize,
  marketStatus: Type.Optional({ ...MarketState, description: 'What its market does now' }),
  lastPriceUpdate: Type.Optional(
    Type.String({ format: 'date-time', description: "The vendor's instant of the price" })
  ),
  quality: PriceQuality,
  provenance: Type.Optional(Quote.properties.provenance)
}

/** A share, or a fund that trades like one: what it is, where and when it trades, and its price. */
export const Stock = Type.Object(
  {
    ...StockListing.properties,
    minTickSize: Type.Optional(
      Type.Number({ description: 'The step of its prices at the present one; where that is not known, the smallest' })
    ),
    marketHours: Type.Optional({
      ...ListedHours,
      description: 'Of the present day and some that follow; not in lists'
    }),
    ...PRICE
  },
  { $id: 'Stock' }
)
export type Stock = Static<typeof Stock>

/** The newest price of a stock. */
export const StockPrice = Type.Object(
  {
    symbol: StockListing.properties.symbol,
    currency: StockListing.properties.currency,
    ...PRICE,
    price,
    timestamp: Type.String({ format: 'date-time', description: 'The same as `lastPriceUpdate`' })
  },
  { $id: 'StockPrice' }
)
export type StockPrice = Static<typeof StockPrice>

export const StockPage = Type.Object(
  {
    stocks: Type.Array(Type.Ref('Stock#')),
    readAt: Type.String({ format: 'date-time', description: 'When the list was read of the database' }),
    state: Type.Enum(['current', 'stale'], {
      description: '`stale`: the database cannot be read now, this was read before'
    }),
    next: Next
  },
  { $id: 'StockPage' }
)

/** What stocks can be put in order by. */
export const StockSort = Type.Enum(['symbol', 'marketCap', 'price', 'changePercent', 'volume', 'lastPriceUpdate'])
export type StockSort = Static<typeof StockSort>

/** Which stocks are looked for; all that is told must hold. */
export type StockFilter = {
  /** Beginnings of words of symbol, names and ISIN, in any order. */
  readonly words?: readonly string[] | undefined
  readonly sector?: Sector | undefined
  /** In any case. */
  readonly industry?: string | undefined
  readonly mic?: string | undefined
  readonly tradable?: boolean | undefined
  readonly marketCap?: { readonly from?: number | undefined; readonly to?: number | undefined }
  readonly ibkrContractId?: number | undefined
  /** Priced at this instant (epoch ms) or later. */
  readonly updatedSince?: number | undefined
}

/** Behind which stock a page begins: its value of what they are sorted by (an instant in epoch ms), null where it has none. */
export type StockPlace = { readonly value: number | null; readonly symbol: string }

export type StockOrder = {
  readonly by: StockSort
  readonly descending: boolean
  readonly limit: number
  readonly after?: StockPlace | undefined
}

/** Stocks as they are asked for. What vendors and Postgres cannot tell now is told as it was known last, and labelled. */
export interface Stocks {
  /** `last`: the place of the last one, where more follow. Rejects with what Postgres' driver throws where it was never read. */
  list(
    filter: StockFilter,
    order: StockOrder
  ): Promise<{ stocks: Stock[]; readAt: string; isStale: boolean; last?: StockPlace }>
  /** Rejects with the errors of `MarketData.quote`, and with NOT_A_STOCK. */
  stock(symbol: string, asker: Asker): Promise<Stock>
  /** As `stock`. */
  price(symbol: string, asker: Asker): Promise<Answer<StockPrice>>
}

/** By the state of a value. */
export function qualityOf(provenance: Pick<Provenance, 'state'> | undefined): PriceQuality {
  if (provenance === undefined) return 'unpriced'
  const { state } = provenance
  if (state === 'delayed') return 'late'
  return state === 'live' || state === 'closed' ? 'good' : 'doubtful'
}

/** The step at a price; without one, the smallest there is. */
export function tickSizeAt(tickSizes: readonly TickSize[] | undefined, price: number | undefined): number | undefined {
  if (!tickSizes || tickSizes.length === 0) return undefined
  if (price === undefined) return Math.min(...tickSizes.map(({ size }) => size))
  return (tickSizes.findLast(({ from }) => from <= price) ?? tickSizes[0])!.size
}
