import assert from 'node:assert/strict'
import type { MoverKind, Movers } from '../../src/market/market-wide.ts'
import type { News } from '../../src/market/news.ts'
import type { OptionChain } from '../../src/market/option-chain.ts'
import type { MarketState, Quote } from '../../src/market/quote.ts'
import type { SearchResult } from '../../src/market/search.ts'
import type { Recording } from '../../src/sandbox/recording.ts'
import * as checks from './checks.ts'
import { canonical, near, same, textIn } from './checks.ts'
import { planForeign } from './foreign.ts'
import type { Ask, Plan, Refusal } from './harness.ts'
import { planChart } from './yahoo-chart.ts'
import { planStatements, planSummary } from './yahoo-company.ts'
import { inMajor, unwrapped, type Row } from './yahoo-wire.ts'

/** What a recording of Yahoo answers, by its path alone. */
export function planYahoo(recording: Recording, refusal: Refusal): Plan {
  const { url } = recording
  const path = decodeURIComponent(url.pathname)
  const body = (refusal ? {} : parsed(recording)) as Row
  if (url.protocol === 'wss:') return planForeign(recording, 'a WebSocket frame')
  if (path === '/v1/test/getcrumb') return planCrumb(recording)
  if (!refusal && !hasShape(path, body)) return { ...planYahoo(recording, ['bad_payload']), refusal: ['bad_payload'] }
  if (path === '/v7/finance/quote') return { asks: [quotes(recording, body)] }
  const [, kind, symbol = ''] = /\/(chart|options|quoteSummary|timeseries)\/([^/]+)$/.exec(path) ?? []
  if (kind === 'chart') return planChart(recording, canonical(symbol), body, refusal)
  if (kind === 'options') return { asks: [options(recording, canonical(symbol), body)] }
  if (kind === 'quoteSummary') return planSummary(recording, canonical(symbol), body, refusal)
  if (kind === 'timeseries') return planStatements(recording, canonical(symbol), body, refusal)
  if (path === '/v1/finance/search') return { asks: searches(recording, body, refusal) }
  if (path === '/v1/finance/screener/predefined/saved') return { asks: [movers(recording, body)] }
  if (path === '/xhr/ncp') return { asks: [news(body)] }
  if (path.startsWith('/v1/finance/trending')) return planForeign(recording, 'no capability asks what is trending')
  if (recording.need === 'auth-crumb') return planForeign(recording, "a page of a browser's visit", 'everywhere')
  return planForeign(recording, `no capability asks ${path}`)
}

/** Whether a body is of the kind that its path promises. */
function hasShape(path: string, body: Row): boolean {
  const envelope = ENVELOPES.find(([part]) => path.includes(part))?.[1]
  return envelope === undefined || Array.isArray((body[envelope] as Row | undefined)?.['result'])
}
const ENVELOPES = [
  ['/finance/quoteSummary/', 'quoteSummary'],
  ['/finance/quote', 'quoteResponse'],
  ['/options/', 'optionChain'],
  ['/timeseries/', 'timeseries'],
  ['/screener/', 'finance']
] as const

function parsed(recording: Recording): unknown {
  try {
    return JSON.parse(checks.textOf(recording))
  } catch {
    return {}
  }
}

/** A crumb is a short text, and then quotes come; anything else in its place must never be used as one. */
function planCrumb({ body, status }: Recording): Plan {
  const isCrumb = status === 200 && /^[^\s<{]{5,40}$/.test(body.toString('utf8'))
  const ask: Ask = {
    capability: 'quotes',
    run: (provider, signal) => provider.quotes!(['AAPL'], signal),
    check: () => assert(isCrumb, 'quotes came without a crumb')
  }
  return { asks: [ask], refusal: isCrumb ? null : undefined }
}

const STATES: Record<string, MarketState> = {
  PREPRE: 'closed',
  PRE: 'pre',
  REGULAR: 'regular',
  POST: 'post',
  POSTPOST: 'closed',
  CLOSED: 'closed'
}

function quotes({ url }: Recording, body: Row): Ask {
  const symbols = (url.searchParams.get('symbols') ?? 'AAPL').split(',').map(canonical)
  return {
    capability: 'quotes',
    run: (provider, signal) => provider.quotes!(symbols, signal),
    check(values: Quote[]) {
      const rows = (body['quoteResponse'] as { result: (Row | null)[] }).result.filter((row) => row !== null)
      const priced = rows.filter((row) => inMajor(row, 'regularMarketPrice') && unwrapped(row['regularMarketTime']))
      assert.deepEqual(
        values.map(({ symbol }) => symbol).sort(),
        priced.map((row) => canonical(String(row['symbol']))).sort()
      )
      for (const value of values)
        checkRow(
          value,
          priced.find((row) => canonical(String(row['symbol'])) === value.symbol)!
        )
    }
  }
}

function checkRow(value: Quote, row: Row): void {
  checks.checkQuote(value)
  const money = (name: string) => inMajor(row, name)
  assert.equal(value.name, textIn(row['longName']) ?? textIn(row['shortName']))
  assert.equal(value.currency, checks.unitOf(row['currency'] as string).currency)
  assert.equal(Date.parse(value.asOf), unwrapped(row['regularMarketTime'])! * 1000, 'asOf')
  assert.equal(value.marketState, STATES[String(row['marketState'])])
  near(value.price, money('regularMarketPrice')!, 'price')
  same(value.previousClose, money('regularMarketPreviousClose'), 'previous close')
  same(value.open, money('regularMarketOpen'), 'open')
  same(value.dayHigh, money('regularMarketDayHigh'), 'high')
  same(value.dayLow, money('regularMarketDayLow'), 'low')
  same(value.changePercent, unwrapped(row['regularMarketChangePercent']), 'percent')
  // Market capitalisations are in the major unit even where prices are in pence.
  same(value.marketCap, unwrapped(row['marketCap']) || undefined, 'market capitalisation')
  if (row['quoteType'] === 'EQUITY' || row['quoteType'] === 'ETF') {
    same(value.volume, unwrapped(row['regularMarketVolume']), 'volume')
  }
  if (value.bid !== undefined && value.ask !== undefined) assert(value.bid <= value.ask, 'the bid is above the ask')
  for (const [state, session] of [
    ['PRE', 'pre'],
    ['POST', 'post']
  ] as const) {
    const price = money(`${session}MarketPrice`)
    if (row['marketState'] !== state || price === undefined) continue
    assert.equal(value.extendedHours?.session, session)
    near(value.extendedHours?.price, price, `${session}-market price`)
  }
}

function options({ url }: Recording, symbol: string, body: Row): Ask {
  const date = url.searchParams.get('date')
  const dayOf = (seconds: unknown) => new Date(Number(seconds) * 1000).toISOString().slice(0, 10)
  const expiry = date === null ? undefined : dayOf(date)
  return {
    capability: 'options',
    run: (provider, signal) => provider.options!(symbol, expiry, signal),
    check(value: OptionChain) {
      const [result] = (
        body['optionChain'] as { result: { expirationDates: number[]; options: { calls: Row[]; puts: Row[] }[] }[] }
      ).result
      assert.deepEqual(value.expiries, [...new Set(result!.expirationDates.map(dayOf))].sort())
      const rows = result!.options.flatMap(({ calls, puts }) => [
        ...calls.map((row) => ['call', row] as const),
        ...puts.map((row) => ['put', row] as const)
      ])
      assert.equal(value.contracts.length, rows.length)
      // A chain that trades has open interest: zeros throughout are how Yahoo says that it has none now.
      const hasInterest = rows.some(([, row]) => checks.numberIn(row['openInterest']))
      for (const [side, row] of rows) {
        const contract = value.contracts.find((each) => each.symbol === row['contractSymbol'])
        assert(contract, `${String(row['contractSymbol'])} is missing`)
        assert.equal(contract.side, side)
        assert.equal(contract.expiry, dayOf(row['expiration']))
        near(contract.strike, row['strike'] as number, 'strike')
        same(contract.last, checks.priceIn(row['lastPrice']), 'last')
        if (checks.priceIn(row['ask'])) near(contract.ask, checks.priceIn(row['ask'])!, 'ask')
        if (hasInterest) same(contract.openInterest, checks.numberIn(row['openInterest']), 'open interest')
        if (contract.impliedVolatility !== undefined)
          near(contract.impliedVolatility, row['impliedVolatility'] as number, 'volatility')
      }
    }
  }
}

function searches({ url }: Recording, body: Row, refusal: Refusal): Ask[] {
  const query = url.searchParams.get('q') ?? 'apple'
  const quotes = body['quotes']
  const findsNothing = Array.isArray(quotes) && !quotes.some((row: Row) => typeof row['symbol'] === 'string')
  const search: Ask = {
    capability: 'search',
    // Another vendor may find something.
    ...(findsNothing && { refusal: ['not_found'] }),
    run: (provider, signal) => provider.search!(query, 50, signal),
    check(value: SearchResult) {
      const named = (body['quotes'] as Row[]).filter((row) => typeof row['symbol'] === 'string')
      const rows = named.filter((row, index) => named.findIndex((each) => each['symbol'] === row['symbol']) === index)
      assert.deepEqual(
        value.matches.map((each) => each.symbol),
        rows.map((row) => canonical(String(row['symbol'])))
      )
      assert.deepEqual(
        value.matches.map((each) => each.name),
        rows.map((row) => textIn(row['longname']) ?? textIn(row['shortname']))
      )
    }
  }
  return refusal || Array.isArray(body['quotes']) ? [search] : []
}

const SCREENS: Record<string, MoverKind> = { day_losers: 'losers', most_actives: 'actives' }

function movers({ url }: Recording, body: Row): Ask {
  return {
    capability: 'movers',
    run: (provider, signal) => provider.movers!(SCREENS[url.searchParams.get('scrIds') ?? ''] ?? 'gainers', signal),
    check(value: Movers) {
      const rows = (body['finance'] as { result: { quotes: Row[] }[] }).result[0]!.quotes
      checks.checkRows(
        value.movers,
        rows,
        (row) => canonical(String(row['symbol'])),
        (row) => !unwrapped(row['regularMarketPrice']) || unwrapped(row['regularMarketChangePercent']) === undefined
      )
      for (const mover of value.movers) {
        const row = rows.find((each) => canonical(String(each['symbol'])) === mover.symbol)!
        near(mover.price, inMajor(row, 'regularMarketPrice')!, `price of ${mover.symbol}`)
        near(mover.changePercent, unwrapped(row['regularMarketChangePercent'])!, `percent of ${mover.symbol}`)
        // Of a fund Yahoo has no volume, and writes 0.
        const volume = unwrapped(row['regularMarketVolume'])
        same(
          mover.volume,
          row['quoteType'] === 'MUTUALFUND' ? volume || undefined : volume,
          `volume of ${mover.symbol}`
        )
      }
    }
  }
}

type StreamEntry = {
  content?: { id?: string; title?: string; pubDate?: string; canonicalUrl?: { url?: string } | null } | null
}

function news(body: Row): Ask {
  return {
    capability: 'news',
    run: (provider, signal) => provider.news!('AAPL', 1000, signal),
    check(value: News) {
      const { stream } = (body['data'] as { tickerStream: { stream: StreamEntry[] } }).tickerStream
      const stories = stream.flatMap(({ content }) => (content?.title && content.canonicalUrl?.url ? [content] : []))
      assert(value.items.length >= new Set(stories.map((story) => story.canonicalUrl!.url)).size, 'stories are missing')
      for (const item of value.items) {
        const story = stream.find(({ content }) => content?.id === item.id)?.content
        assert(story, `${item.id} is no story of the payload`)
        assert.equal(item.title, story.title?.trim())
        assert.equal(Date.parse(item.publishedAt), Date.parse(story.pubDate!))
      }
      const instants = value.items.map((item) => item.publishedAt)
      assert.deepEqual(instants, [...instants].sort().toReversed(), 'newest first')
    }
  }
}
