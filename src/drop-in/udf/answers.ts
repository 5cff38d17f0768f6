import type { FastifyRequest } from 'fastify'
import type { Config } from '../../config/config.ts'
import { ApiError, InvalidField } from '../../errors.ts'
import { withoutAbsent } from '../../market/absent.ts'
import type { Archive } from '../../market/archive.ts'
import type { Bar, Interval } from '../../market/bar.ts'
import type { MarketData } from '../../market/market-data.ts'
import { onlyToldBy, tellersOf } from '../../market/quote-groups.ts'
import type { Quote } from '../../market/quote.ts'
import type { SessionClock } from '../../market/session-clock.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { askerOf } from '../../routes/asker.ts'
import { createHistory, type Span } from '../history.ts'
import { assertMayServe, mayServe, viewersOf } from '../licences.ts'
import { fromStore } from '../store.ts'
import { spanOfBars } from './resolution.ts'
import { fullNameOf, symbolInfo, typeOf } from './symbol-info.ts'

const MAX_BARS = 5000
const MAX_SYMBOLS = 100
/** Where there is nothing in a span, bars are looked for before it as far back as so many take. */
const BARS_BEFORE = 100

export type AnswerParts = {
  readonly archive: Archive
  readonly marketData: Pick<MarketData, 'quote' | 'quotes' | 'search' | 'bars' | 'corporateActions'>
  readonly clock: SessionClock
  readonly config: Config
}

export type HistoryAsked = {
  readonly symbol: string
  readonly interval: Interval
  /** Seconds since 1970. */
  readonly from?: number | undefined
  readonly to: number
  /** How many bars before `to`, in the place of `from`. */
  readonly countback: number
}

/** What charts are answered with. */
export function createAnswers({ archive, marketData, clock, config: { licences } }: AnswerParts) {
  const history = createHistory({ archive, marketData })

  return {
    async symbol(request: FastifyRequest, name: string): Promise<object> {
      const symbol = symbolIn(name)
      const { value: quote } = await marketData.quote(symbol, askerOf(request))
      for (const teller of tellersOf('price', quote)) assertMayServe(licences, teller, viewersOf(request))
      const calendar = clock.hoursOf(symbol)?.calendar
      const listed = await fromStore(() => archive.instrumentDetails({ symbol }))
      return symbolInfo(quote, listed?.instrument, calendar, Date.now())
    },

    /** `type` and `exchange`: of these alone, where they are not empty. */
    async search(request: FastifyRequest, asked: { query: string; type: string; exchange: string; limit: number }) {
      const text = asked.query.trim().normalize('NFC')
      if (text === '') return []
      const { value } = await marketData.search(text, asked.limit, askerOf(request))
      assertMayServe(licences, value.provenance, viewersOf(request))
      return value.matches
        .map(({ symbol, name, kind, exchange = '' }) => ({
          symbol,
          ticker: symbol,
          full_name: fullNameOf(symbol, exchange),
          description: name ?? symbol,
          exchange,
          type: typeOf(symbol, kind)
        }))
        .filter(({ type }) => asked.type === '' || type === asked.type)
        .filter(({ exchange }) => asked.exchange === '' || exchange === asked.exchange)
    },

    async history(request: FastifyRequest, { symbol: name, interval, from, to, countback }: HistoryAsked) {
      const symbol = symbolIn(name)
      if (from === undefined && countback === 0) throw new InvalidField('from', 'is missing')
      if (from !== undefined && from >= to) throw new InvalidField('to', 'must lie after from')
      const read = async (span: Span, limit: number) => {
        const kind = { symbol, interval, adjusted: 'splits', isUtc: true } as const
        const query = { ...kind, newestFirst: true, ...span, limit }
        const { bars, origin } = await history.bars(query, askerOf(request))
        if (origin) assertMayServe(licences, origin, viewersOf(request))
        return bars.toReversed()
      }
      const count = Math.min(countback, MAX_BARS)
      const end = to * 1000
      const wide = Math.min(end, Date.now()) - spanOfBars(interval, count)
      const begin = from === undefined ? wide : from * 1000
      const span = { from: count > 0 ? Math.min(wide, begin) : begin, to: end }
      const bars = await read(span, count > 0 ? count : MAX_BARS)
      if (bars.length > 0) return { s: 'ok', ...columnsOf(bars) }
      const [earlier] = await read({ from: span.from - spanOfBars(interval, BARS_BEFORE), to: span.from }, 1)
      return { s: 'no_data', ...(earlier && { nextTime: secondsOf(earlier) }) }
    },

    async quotes(request: FastifyRequest, list: string): Promise<object> {
      const names = [...new Set(list.split(',').map((name) => name.trim()))].filter((name) => name !== '')
      if (names.length > MAX_SYMBOLS) throw new InvalidField('symbols', `are more than ${MAX_SYMBOLS}`)
      const symbols = names.flatMap((name) => readSymbol(name) ?? [])
      const answers = await marketData.quotes(symbols, askerOf(request))
      const bySymbol = new Map(symbols.map((symbol, at) => [symbol, answers[at]!]))
      const rows = names.map((n) => {
        const failed = (errmsg: string) => ({ s: 'error', n, v: {}, errmsg })
        const answer = bySymbol.get(readSymbol(n) ?? '')
        if (!answer) return failed('is no symbol')
        if (answer instanceof ApiError) return failed(answer.message)
        if (answer instanceof Error) throw answer
        const shown = onlyToldBy(answer.value, (origin) => mayServe(licences, origin, viewersOf(request)))
        return shown.price === undefined
          ? failed('its licence does not let it be shown')
          : { s: 'ok', n, v: figuresOf(shown) }
      })
      return { s: 'ok', d: rows }
    }
  }
}

/** Charts put the exchange before a symbol; that of India stays, for it is part of the symbol. */
function readSymbol(text: string): string | undefined {
  const [, exchange, rest] = /^([A-Za-z ]+):(.+)$/.exec(text) ?? []
  const isPart = exchange === undefined || /^(NSE|BSE|MCX)$/i.test(exchange)
  return parseSymbol(isPart ? text : rest!)
}

function symbolIn(text: string): string {
  const symbol = readSymbol(text)
  if (symbol === undefined) throw new InvalidField('symbol', 'is not a symbol')
  return symbol
}

/** A day is told by its midnight in UTC, wherever it was. */
const secondsOf = ({ start }: Bar): number => Math.floor(Date.parse(start) / 1000)

function columnsOf(bars: readonly Bar[]) {
  const hasVolume = bars.every(({ volume }) => volume !== undefined)
  return {
    t: bars.map(secondsOf),
    o: bars.map(({ open }) => open),
    h: bars.map(({ high }) => high),
    l: bars.map(({ low }) => low),
    c: bars.map(({ close }) => close),
    ...(hasVolume && { v: bars.map(({ volume }) => volume) })
  }
}

const figuresOf = (quote: Partial<Quote>): object =>
  withoutAbsent({
    short_name: quote.symbol,
    exchange: quote.exchange,
    description: quote.name,
    lp: quote.price,
    ask: quote.ask,
    bid: quote.bid,
    ch: quote.change,
    chp: quote.changePercent,
    open_price: quote.open,
    high_price: quote.dayHigh,
    low_price: quote.dayLow,
    prev_close_price: quote.previousClose,
    volume: quote.volume
  })
