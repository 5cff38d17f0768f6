import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import type { Config } from '../../config/config.ts'
import { ApiError, NothingStored, SymbolNotFound } from '../../errors.ts'
import { Adjustment, Interval } from '../../market/bar.ts'
import { askerOf } from '../../routes/asker.ts'
import { pageTokens, PlaceInstant, PlaceText } from '../../routes/page-token.ts'
import { BarBehind, BboBehind, createHistory, isOfNothing, TickBehind, type HistoryParts } from '../history.ts'
import { latestOf, type Latest, type LatestParts } from '../latest.ts'
import { assertMayServe, programOf, type Origin } from '../licences.ts'
import { dateAt } from '../new-york.ts'
import { allowedQuote, allowedTrade, dayBefore, snapshotOf, type AboutSymbol } from '../snapshot.ts'
import { servedRows } from '../served-rows.ts'
import { symbolIn } from './query.ts'
import { barRow, lastQuoteRow, lastTradeRow, quoteRow, snapshotRow, tradeRow } from './wire.ts'

const CLOSED = { additionalProperties: false }
const Page = { symbol: PlaceText, limit: Type.Integer({ minimum: 1, maximum: 50_000 }), newestFirst: Type.Boolean() }
/** A page is named by its path and its cursor, which holds all that was asked for. */
const BarsAsked = Type.Object(
  {
    ...Page,
    interval: Interval,
    adjusted: Adjustment,
    from: PlaceInstant.properties.ms,
    to: PlaceInstant.properties.ms,
    after: Type.Optional(BarBehind)
  },
  CLOSED
)
const TradesAsked = Type.Object(
  { ...Page, from: PlaceInstant, to: PlaceInstant, after: Type.Optional(TickBehind) },
  CLOSED
)
const QuotesAsked = Type.Object(
  { ...Page, from: PlaceInstant, to: PlaceInstant, after: Type.Optional(BboBehind) },
  CLOSED
)
export type BarsAsked = Readonly<Static<typeof BarsAsked>>
export type TradesAsked = Readonly<Static<typeof TradesAsked>>
export type QuotesAsked = Readonly<Static<typeof QuotesAsked>>
const barCursors = pageTokens('massive-bars', BarsAsked, 'cursor')
const tradeCursors = pageTokens('massive-trades', TradesAsked, 'cursor')
const quoteCursors = pageTokens('massive-quotes', QuotesAsked, 'cursor')
const pathOf = ({ params }: FastifyRequest) => ({ params, query: undefined })

/** Rows, and what is asked for to have those behind them. */
type Rows = { readonly results: readonly object[]; readonly cursor?: string | undefined }
type BarRows = Rows & { readonly adjusted: boolean }

/** What the vendor's routes of shares answer with. */
export function createReads(parts: HistoryParts & LatestParts, { licences }: Config) {
  const history = createHistory(parts)

  const aboutOf = (request: FastifyRequest, symbol: string): AboutSymbol => ({
    history,
    symbol,
    asker: askerOf(request),
    allow: (origin: Origin) => assertMayServe(licences, origin, programOf(request))
  })

  /** What is known now of the symbol of a ticker. Rejects with 404 where that is nothing. */
  async function knownOf(request: FastifyRequest, ticker: string): Promise<{ known: Latest; about: AboutSymbol }> {
    const symbol = symbolIn(ticker)
    if (symbol === undefined) throw notFound(ticker)
    const known = (await latestOf(parts, [symbol], askerOf(request))).get(symbol)!
    if (!(known instanceof Error)) return { known, about: aboutOf(request, symbol) }
    throw known instanceof SymbolNotFound || known instanceof NothingStored ? notFound(ticker) : known
  }

  return {
    async bars(request: FastifyRequest, asked: BarsAsked, cursor: string | undefined): Promise<BarRows> {
      const query = barCursors.read(cursor, pathOf(request)) ?? asked
      const { bars, origin, next } = await history.bars(query, askerOf(request))
      if (origin) assertMayServe(licences, origin, programOf(request))
      const adjusted = query.adjusted !== 'none'
      const behind = next && barCursors.write({ ...query, after: next }, pathOf(request))
      return { results: bars.map(barRow), adjusted, cursor: behind }
    },

    async trades(request: FastifyRequest, first: TradesAsked, cursor: string | undefined): Promise<Rows> {
      const query = tradeCursors.read(cursor, pathOf(request)) ?? first
      const asked = { licences, audience: programOf(request), after: query.after }
      const { rows, next } = await servedRows(asked, (sources) => history.trades({ ...query, sources }))
      // Of a trade that counts for nothing the vendor has but what stands in its place.
      const standing = rows.filter(({ kind, replacedBy }) => kind !== 'cancel' && replacedBy === undefined)
      const behind = next && tradeCursors.write({ ...query, after: next }, pathOf(request))
      return { results: standing.map(tradeRow), cursor: behind }
    },

    async quotes(request: FastifyRequest, first: QuotesAsked, cursor: string | undefined): Promise<Rows> {
      const query = quoteCursors.read(cursor, pathOf(request)) ?? first
      const asked = { licences, audience: programOf(request), after: query.after }
      const { rows, next } = await servedRows(asked, (sources) => history.bbo({ ...query, sources }))
      return {
        results: rows.map(quoteRow),
        cursor: next && quoteCursors.write({ ...query, after: next }, pathOf(request))
      }
    },

    /** The last session that is over. */
    async previous(request: FastifyRequest, symbol: string, isAdjusted: boolean): Promise<readonly object[]> {
      const adjusted = isAdjusted ? 'splits' : 'none'
      const bar = await dayBefore(dateAt(Date.now()), aboutOf(request, symbol), adjusted)
      return bar ? [barRow(bar)] : []
    },

    async lastTrade(request: FastifyRequest, ticker: string): Promise<object> {
      const { known, about } = await knownOf(request, ticker)
      const trade = allowedTrade(known, about)
      if (!trade) throw notFound(ticker)
      return lastTradeRow(ticker, trade)
    },

    async lastQuote(request: FastifyRequest, ticker: string): Promise<object> {
      const { known, about } = await knownOf(request, ticker)
      const quote = allowedQuote(known, about)
      if (!quote) throw notFound(ticker)
      return lastQuoteRow(ticker, quote)
    },

    async snapshot(request: FastifyRequest, ticker: string): Promise<object> {
      const { known, about } = await knownOf(request, ticker)
      return snapshotRow(ticker, known, await snapshotOf(known, about))
    },

    /** Those that nobody knows are left out; one that may not be served fails the request where nothing else is there. */
    async snapshots(request: FastifyRequest, tickers: readonly string[]): Promise<readonly object[]> {
      const bySymbol = new Map(tickers.flatMap((ticker) => [[symbolIn(ticker) ?? '', ticker] as const]))
      bySymbol.delete('')
      const rows: object[] = []
      const failures: unknown[] = []
      for (const [symbol, known] of await latestOf(parts, [...bySymbol.keys()], askerOf(request))) {
        try {
          if (known instanceof Error) throw known
          rows.push(snapshotRow(bySymbol.get(symbol)!, known, await snapshotOf(known, aboutOf(request, symbol))))
        } catch (error) {
          if (!isOfNothing(error)) failures.push(error)
        }
      }
      if (failures.length > 0 && rows.length === 0) throw failures[0]
      return rows
    }
  }
}

const notFound = (ticker: string) => new ApiError('NOTHING_KNOWN', 404, `No data found for ${ticker}`)
