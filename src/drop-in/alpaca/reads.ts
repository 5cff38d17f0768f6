import type { FastifyRequest } from 'fastify'
import { Type, type TSchema } from 'typebox'
import type { Config } from '../../config/config.ts'
import { askerOf } from '../../routes/asker.ts'
import { pageTokens, PlaceText } from '../../routes/page-token.ts'
import {
  BarBehind,
  BboBehind,
  createHistory,
  feedIsMissing,
  isOfNothing,
  TickBehind,
  type HistoryParts
} from '../history.ts'
import { latestOf, type Latest, type LatestParts } from '../latest.ts'
import { assertMayServe, programOf, type Origin } from '../licences.ts'
import { servedRows } from '../served-rows.ts'
import { allowedQuote, allowedTrade, newestMinute, snapshotOf, type AboutSymbol } from '../snapshot.ts'
import {
  adjustmentOf,
  feedOf,
  intervalOf,
  spanInMs,
  spanOf,
  type BarsQuery,
  type LatestQuery,
  type PastQuery
} from './query.ts'
import { barFields, newestQuoteFields, quoteFields, snapshotFields, storedTradeFields, tradeFields } from './wire.ts'

const CLOSED = { additionalProperties: false }
/** Where a page goes on: with which symbol, and behind what of it. */
const placeBehind = <Behind extends TSchema>(behind: Behind) =>
  Type.Object({ symbol: PlaceText, after: Type.Optional(behind) }, CLOSED)
const barTokens = pageTokens('alpaca-bars', placeBehind(BarBehind), 'page_token')
const quoteTokens = pageTokens('alpaca-quotes', placeBehind(BboBehind), 'page_token')
const tickTokens = pageTokens('alpaca-trades', placeBehind(TickBehind), 'page_token')

type Place<Behind> = { readonly symbol: string; readonly after?: Behind | undefined }
/** Rows of one symbol; `next`: behind what the rest of them is. */
type Part<Behind> = { readonly rows: readonly object[]; readonly next?: Behind | undefined }
/** By symbol; one without rows is missing. */
export type Page = { readonly lists: Readonly<Record<string, readonly object[]>>; readonly token: string | null }
type Reader<Query> = (request: FastifyRequest, symbols: readonly string[], query: Query) => Promise<Page>
type LatestReader = (
  request: FastifyRequest,
  symbols: readonly string[],
  query: LatestQuery
) => Promise<Map<string, object>>

/** What the vendor's routes of shares answer with. */
export function createReads(parts: HistoryParts & LatestParts, { licences, MARKET }: Config) {
  const history = createHistory(parts)
  /** Simulated feeds are all one. */
  const feedAsked = (query: LatestQuery) => (MARKET === 'sandbox' ? undefined : feedOf(query))

  const bars: Reader<BarsQuery> = async (request, symbols, query) => {
    const kind = { interval: intervalOf(query), adjusted: adjustmentOf(query), feed: feedAsked(query) }
    const span = spanInMs(spanOf(query, Date.now()))
    const newestFirst = query.sort === 'desc'
    const place = barTokens.read(query.page_token, request)
    const { lists, next } = await pageOf(symbols, query.limit, place, async (part) => {
      const {
        bars: found,
        origin,
        next: behind
      } = await history.bars({ ...kind, ...span, ...part, newestFirst }, askerOf(request))
      if (origin) assertMayServe(licences, origin, programOf(request))
      return { rows: found.map(barFields), next: behind }
    })
    return { lists, token: next ? barTokens.write(next, request) : null }
  }

  const trades: Reader<PastQuery> = async (request, symbols, query) => {
    const kind = { ...spanOf(query, Date.now()), feed: feedAsked(query), newestFirst: query.sort === 'desc' }
    const place = tickTokens.read(query.page_token, request)
    const { lists, next } = await pageOf(symbols, query.limit, place, async (part) => {
      const asked = { licences, audience: programOf(request), after: part.after }
      const { rows, next: behind } = await servedRows(asked, (sources) => history.trades({ ...kind, ...part, sources }))
      return { rows: rows.flatMap((tick) => storedTradeFields(tick) ?? []), next: behind }
    })
    return { lists, token: next ? tickTokens.write(next, request) : null }
  }

  const quotes: Reader<PastQuery> = async (request, symbols, query) => {
    const kind = { ...spanOf(query, Date.now()), feed: feedAsked(query), newestFirst: query.sort === 'desc' }
    const place = quoteTokens.read(query.page_token, request)
    const { lists, next } = await pageOf(symbols, query.limit, place, async (part) => {
      const asked = { licences, audience: programOf(request), after: part.after }
      const { rows, next: behind } = await servedRows(asked, (sources) => history.bbo({ ...kind, ...part, sources }))
      return { rows: rows.map(quoteFields), next: behind }
    })
    return { lists, token: next ? quoteTokens.write(next, request) : null }
  }

  /** A symbol that nobody knows is left out; one that may not be served fails the request where nothing else is there. */
  const latest =
    (valueOf: (known: Latest, about: AboutSymbol) => Promise<object | undefined> | object | undefined): LatestReader =>
    async (request, symbols, query) => {
      const values = new Map<string, object>()
      const failures: unknown[] = []
      for (const [symbol, known] of await latestOf(parts, symbols, askerOf(request))) {
        try {
          if (known instanceof Error) throw known
          const value = await valueOf(known, aboutOf(request, symbol, query))
          if (value) values.set(symbol, value)
        } catch (error) {
          if (!isOfNothing(error)) failures.push(error)
        }
      }
      if (failures.length > 0 && values.size === 0) throw failures[0]
      return values
    }

  function aboutOf(request: FastifyRequest, symbol: string, query: LatestQuery): AboutSymbol {
    const feed = feedAsked(query)
    const allow = (origin: Origin) => {
      if (feed !== undefined && origin.feed !== feed) throw feedIsMissing(feed)
      assertMayServe(licences, origin, programOf(request))
    }
    return { history, symbol, feed, asker: askerOf(request), allow }
  }

  return {
    past: { bars, trades, quotes },
    latest: {
      trades: latest((known, about) => {
        const trade = allowedTrade(known, about)
        return trade && tradeFields(trade)
      }),
      quotes: latest((known, about) => {
        const quote = allowedQuote(known, about)
        return quote && newestQuoteFields(quote)
      }),
      bars: latest(async (_known, about) => {
        const bar = await newestMinute(about)
        return bar && barFields(bar)
      })
    },
    snapshots: latest(async (known, about) => snapshotFields(await snapshotOf(known, about)))
  }
}

/** Goes through the symbols in their order, from a place on, until so many rows are there. */
async function pageOf<Behind>(
  symbols: readonly string[],
  limit: number,
  place: Place<Behind> | undefined,
  read: (part: { symbol: string; limit: number; after: Behind | undefined }) => Promise<Part<Behind>>
): Promise<{ lists: Page['lists']; next?: Place<Behind> }> {
  const lists: Record<string, readonly object[]> = {}
  let left = limit
  for (const symbol of symbols.filter((each) => place === undefined || each >= place.symbol)) {
    if (left <= 0) return { lists, next: { symbol } }
    const { rows, next } = await read({
      symbol,
      limit: left,
      after: symbol === place?.symbol ? place.after : undefined
    })
    if (rows.length > 0) lists[symbol] = rows
    left -= rows.length
    if (next) return { lists, next: { symbol, after: next } }
  }
  return { lists }
}
