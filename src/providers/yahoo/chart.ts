import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { dateIn } from '../../market/zoned-time.ts'
import { finite, positive } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { priceReader, type PriceReader } from './prices.ts'
import type { YahooSession } from './session.ts'
import { toYahooSymbol } from './symbols.ts'
import { isRecord, listOf, memberOf, salvage, WireNumber, WireText } from './wire.ts'

const CHART_URL = 'https://query2.finance.yahoo.com/v8/finance/chart/'

export type ChartRequest = {
  symbol: string
  /** As Yahoo spells it: ours are spelled alike. */
  interval: string
  /** Epoch milliseconds. */
  from: number
  to: number
}

/** A row whose prices are all there, split-adjusted to today and in the major unit. */
export type ChartRow = {
  instant: number
  open: number
  high: number
  low: number
  close: number
  /** The close adjusted for dividends too; absent within the day. */
  adjustedClose: number | undefined
  volume: number | undefined
}

export type Chart = {
  prices: PriceReader
  timeZone: string
  kind: string | undefined
  rows: ChartRow[]
  /** Rows that had some of their prices only. */
  incompleteRows: number
  /** Whether the regular session was running when the answer came. */
  inSession: boolean
  splits: ChartEvent[]
  dividends: ChartEvent[]
  capitalGains: ChartEvent[]
}

/** What Yahoo tells of an event: its session date, and what it is about. */
export type ChartEvent = { exDate: string; value: number }

/** Fetches a chart with its splits and payouts. Rejects with ProviderError('not_found') for a symbol unknown to Yahoo. */
export async function fetchChart(
  session: YahooSession,
  { symbol, interval, from, to }: ChartRequest,
  signal: AbortSignal,
  now: number
): Promise<Chart> {
  const answer = await session.ask(
    {
      url: CHART_URL + encodeURI(toYahooSymbol(symbol)),
      query: {
        period1: Math.floor(from / 1000),
        period2: Math.ceil(to / 1000),
        interval,
        includePrePost: false,
        events: 'div|split|capitalGains'
      }
    },
    signal
  )
  const result = listOf(memberOf(memberOf(answer, 'chart'), 'result'))[0]
  return parseChart(result, now)
}

export function parseChart(result: unknown, now: number): Chart {
  const meta = salvage(ChartMeta, memberOf(result, 'meta'))
  if (!meta || !isTimeZone(meta.exchangeTimezoneName)) {
    throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent a chart without the time zone of its exchange')
  }
  const timeZone = meta.exchangeTimezoneName
  const prices = priceReader(meta.currency)
  const events = memberOf(result, 'events')
  return {
    prices,
    timeZone,
    kind: meta.instrumentType ?? undefined,
    ...rowsOf(result, prices),
    inSession: isInSession(memberOf(memberOf(result, 'meta'), 'currentTradingPeriod'), now),
    splits: eventsOf(memberOf(events, 'splits'), timeZone, splitRatio),
    dividends: eventsOf(memberOf(events, 'dividends'), timeZone, (wire) => payout(wire, prices)),
    capitalGains: eventsOf(memberOf(events, 'capitalGains'), timeZone, (wire) => payout(wire, prices))
  }
}

/**
 * The arrays of a chart are aligned by index. Halts and holidays leave rows that are null in every one; where there is
 * nothing at all, `timestamp` is missing and the quote is an empty object.
 */
function rowsOf(result: unknown, prices: PriceReader): { rows: ChartRow[]; incompleteRows: number } {
  const indicators = memberOf(result, 'indicators')
  const quote = listOf(memberOf(indicators, 'quote'))[0]
  const column = (name: string) => listOf(memberOf(quote, name)) as (number | null | undefined)[]
  const [opens, highs, lows, closes, volumes] = [
    column('open'),
    column('high'),
    column('low'),
    column('close'),
    column('volume')
  ] as const
  const adjusted = listOf(memberOf(listOf(memberOf(indicators, 'adjclose'))[0], 'adjclose')) as (number | null)[]

  const rows: ChartRow[] = []
  let incompleteRows = 0
  for (const [index, timestamp] of listOf(memberOf(result, 'timestamp')).entries()) {
    if (typeof timestamp !== 'number') continue
    const [open, high, low, close] = [opens, highs, lows, closes].map((values) => prices.price(values?.[index]))
    if (open !== undefined && high !== undefined && low !== undefined && close !== undefined) {
      const volume = finite(volumes[index])
      rows.push({
        instant: timestamp * 1000,
        open,
        high,
        low,
        close,
        adjustedClose: prices.price(adjusted[index]),
        volume
      })
    } else if (open !== undefined || high !== undefined || low !== undefined || close !== undefined) {
      incompleteRows++
    }
  }
  return { rows, incompleteRows }
}

/** Events are keyed by the row they fall into, which is not their day; `date` is. Newest first. */
function eventsOf(events: unknown, timeZone: string, valueOf: (wire: WireEvent) => number | undefined): ChartEvent[] {
  if (!isRecord(events)) return []
  return Object.values(events)
    .flatMap((event) => {
      const wire = salvage(Event, event)
      const value = wire && positive(valueOf(wire))
      return wire && value !== undefined ? [{ exDate: dateIn(timeZone, wire.date * 1000), value }] : []
    })
    .sort((a, b) => b.exDate.localeCompare(a.exDate))
}

function splitRatio({ numerator, denominator }: WireEvent): number | undefined {
  const [newShares, oldShares] = [positive(numerator), positive(denominator)]
  return newShares !== undefined && oldShares !== undefined ? newShares / oldShares : undefined
}

function payout({ amount }: WireEvent, prices: PriceReader): number | undefined {
  return prices.price(amount)
}

function isInSession(periods: unknown, now: number): boolean {
  const regular = salvage(TradingPeriod, memberOf(periods, 'regular'))
  return regular !== undefined && now >= regular.start * 1000 && now < regular.end * 1000
}

function isTimeZone(name: string | null | undefined): name is string {
  try {
    return Boolean(name && dateIn(name, 0))
  } catch {
    return false
  }
}

const ChartMeta = Compile(
  Type.Object({
    currency: WireText,
    // `gmtoffset` beside it is today's, and wrong for every date of the other half of the year.
    exchangeTimezoneName: WireText,
    instrumentType: WireText
  })
)

const TradingPeriod = Compile(Type.Object({ start: Type.Number(), end: Type.Number() }))

const WireEvent = Type.Object({
  date: Type.Number(), // epoch seconds: the opening of the ex-date's session
  amount: WireNumber,
  numerator: WireNumber,
  denominator: WireNumber
})
type WireEvent = Static<typeof WireEvent>
const Event = Compile(WireEvent)
