import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { dateIn, partsOf } from '../../market/zoned-time.ts'
import { currencyUnit, finite, positive } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer } from '../rows.ts'
import { isRecord, salvage } from '../salvage.ts'
import { priceReader, withoutFloatNoise, type PriceReader } from './prices.ts'
import type { YahooSession } from './session.ts'
import { toYahooSymbol } from './symbols.ts'
import { listOf, memberOf, WireNumber, WireText } from './wire.ts'

/** Seconds before 1900 and from the year 10000 on are no time of a session. */
const INSTANTS = { first: -2_208_988_800, last: 253_402_300_799 }

/**
 * What a payout is of a price in pence: hundredths if it is in pence, ten thousandths if it is in pounds. Around the
 * middle between the two (a small one in pence, or a large one in pounds) it does not tell.
 */
const MIDDLE_YIELD = 0.001
const DOUBT_ABOUT_YIELD = 2

const HOUR_MS = 3_600_000
const QUARTER_MS = 900_000

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
  /** The instant of the newest trade, which stamps the row of a session that runs. */
  newestTrade: number | undefined
  rows: ChartRow[]
  /** Rows that had some of their prices only. */
  incompleteRows: number
  /** Whether the regular session was running when the answer came. */
  inSession: boolean
  splits: ChartEvent[]
  /** Whether there are splits that cannot be read: prices as traded cannot be told then. */
  hasUnreadableSplits: boolean
  dividends: ChartPayout[]
  capitalGains: ChartPayout[]
  /** False where payouts may be off by a factor of 100. */
  hasCertainPayouts: boolean
}

/** What Yahoo tells of an event: its session date, and what it is about. */
export type ChartEvent = { exDate: string; value: number }
export type ChartPayout = ChartEvent & { currency: string | undefined }

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
  const results = memberOf(memberOf(answer, 'chart'), 'result')
  if (Array.isArray(results) && results.length === 0) {
    throw new ProviderError('yahoo', 'not_found', `yahoo has no chart of ${symbol}`)
  }
  return parseChart(symbol, listOf(results)[0], now)
}

function parseChart(symbol: string, result: unknown, now: number): Chart {
  const meta = salvage(ChartMeta, memberOf(result, 'meta'))
  if (!meta || !isTimeZone(meta.exchangeTimezoneName)) {
    throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent a chart without the time zone of its exchange')
  }
  const timeZone = meta.exchangeTimezoneName
  const prices = priceReader({ symbol, currency: meta.currency, quoteType: meta.instrumentType })
  const events = memberOf(result, 'events')
  const splits = eventsOf(memberOf(events, 'splits'), timeZone).map((event) => ({ ...event, value: splitRatio(event) }))
  const closes = closesOf(result)
  const dividends = payoutsOf(memberOf(events, 'dividends'), timeZone, prices, closes)
  const capitalGains = payoutsOf(memberOf(events, 'capitalGains'), timeZone, prices, closes)
  return {
    prices,
    timeZone,
    kind: meta.instrumentType ?? undefined,
    newestTrade: instantOf(meta.regularMarketTime),
    ...rowsOf(result, prices),
    inSession: isInSession(memberOf(memberOf(result, 'meta'), 'currentTradingPeriod'), now),
    splits: oncePer(splits.filter(isTold), ({ exDate }) => exDate),
    hasUnreadableSplits: splits.filter(isTold).length < countOf(memberOf(events, 'splits')),
    dividends: dividends.payouts,
    capitalGains: capitalGains.payouts,
    hasCertainPayouts: dividends.areCertain && capitalGains.areCertain
  }
}

/**
 * The arrays of a chart are aligned by index. Halts and holidays leave rows that are null in every one; where there is
 * nothing at all, `timestamp` is missing and the quote is an empty object.
 */
function rowsOf(result: unknown, prices: PriceReader): { rows: ChartRow[]; incompleteRows: number } {
  const indicators = memberOf(result, 'indicators')
  const quote = listOf(memberOf(indicators, 'quote'))[0]
  const column = (name: string) => listOf(memberOf(quote, name))
  const [opens, highs, lows, closes, volumes] = [
    column('open'),
    column('high'),
    column('low'),
    column('close'),
    column('volume')
  ] as const
  const adjusted = listOf(memberOf(listOf(memberOf(indicators, 'adjclose'))[0], 'adjclose'))

  const rows: ChartRow[] = []
  let incompleteRows = 0
  for (const [index, timestamp] of listOf(memberOf(result, 'timestamp')).entries()) {
    const instant = instantOf(timestamp)
    if (instant === undefined) continue
    const [open, high, low, close] = [opens, highs, lows, closes].map((values) => prices.price(values?.[index]))
    if (open !== undefined && high !== undefined && low !== undefined && close !== undefined) {
      const adjustedClose = prices.price(adjusted[index])
      rows.push({ instant, open, high, low, close, adjustedClose, volume: finite(volumes[index]) })
    } else if (open !== undefined || high !== undefined || low !== undefined || close !== undefined) {
      incompleteRows++
    }
  }
  return { rows, incompleteRows }
}

type Close = { readonly instant: number; readonly close: number }

/** Closes in the vendor's unit, oldest first, of incomplete rows too. */
function closesOf(result: unknown): Close[] {
  const closes = listOf(memberOf(listOf(memberOf(memberOf(result, 'indicators'), 'quote'))[0], 'close'))
  return listOf(memberOf(result, 'timestamp')).flatMap((timestamp, index) => {
    const [instant, close] = [instantOf(timestamp), positive(closes[index])]
    return instant === undefined || close === undefined ? [] : [{ instant, close }]
  })
}

type DatedEvent = WireEvent & { exDate: string; instant: number }

/** Events are keyed by the row they fall into, which is not their day; `date` is. Newest first. */
function eventsOf(events: unknown, timeZone: string): DatedEvent[] {
  return Object.values(isRecord(events) ? events : {})
    .flatMap((event) => {
      const wire = salvage(Event, event)
      const instant = instantOf(wire?.date)
      return wire && instant !== undefined ? [{ ...wire, instant, exDate: sessionDate(instant, timeZone) }] : []
    })
    .sort((a, b) => b.exDate.localeCompare(a.exDate))
}

function countOf(events: unknown): number {
  return isRecord(events) || Array.isArray(events) ? Object.keys(events).length : 0
}

function isTold<Event extends { value: number | undefined }>(event: Event): event is Event & { value: number } {
  return event.value !== undefined
}

/** `splitRatio` ("4:1") says the same in words, and is there where the numbers are not. */
function splitRatio({ numerator, denominator, splitRatio: text }: WireEvent): number | undefined {
  const [newText, oldText] = /^([\d.]+)[:/]([\d.]+)$/.exec(text ?? '')?.slice(1) ?? []
  const [newShares, oldShares] = [positive(numerator ?? newText), positive(denominator ?? oldText)]
  return newShares !== undefined && oldShares !== undefined ? newShares / oldShares : undefined
}

/**
 * Payouts in the major unit. Where prices are in pence Yahoo has payouts of some companies in pence and of others in
 * pounds, and does not say so: their size beside the price does. Some events name a currency of their own.
 */
function payoutsOf(
  events: unknown,
  timeZone: string,
  prices: PriceReader,
  closes: readonly Close[]
): { payouts: ChartPayout[]; areCertain: boolean } {
  const wires = eventsOf(events, timeZone)
  const yields = wires.flatMap(({ amount, instant }) => {
    const { close } = closes.findLast((before) => before.instant < instant) ?? closes[0] ?? {}
    return close && amount ? [amount / close] : []
  })
  const typical = yields.toSorted((a, b) => a - b)[Math.floor(yields.length / 2)]
  const perMajor = typical === undefined || typical >= MIDDLE_YIELD ? prices.perMajor : 1
  const payouts = wires.flatMap(({ exDate, amount, currency }) => {
    const own = currency ? currencyUnit(currency) : undefined
    const value = positive(amount)
    if (value === undefined || own?.isCertain === false) return []
    const inMajor = Number((withoutFloatNoise(value) / (own?.perMajor ?? perMajor)).toPrecision(12))
    return [{ exDate, value: inMajor, currency: own?.currency ?? prices.currency }]
  })
  const isFarFromMiddle = Math.abs(Math.log((typical ?? MIDDLE_YIELD) / MIDDLE_YIELD)) > Math.log(DOUBT_ABOUT_YIELD)
  const areTold = wires.every(({ currency }) => currency)
  return { payouts, areCertain: areTold || (prices.isCertain && (prices.perMajor === 1 || isFarFromMiddle)) }
}

/**
 * The date of a session, a week or a month by the instant that stands for it. Where a country has given up its summer
 * time Yahoo still counts with it: the midnight at which Brazil's February of 2022 begins stands at 23:00 of 31 January.
 * No session of a day opens at 22:00 or 23:00.
 */
export function sessionDate(instant: number, timeZone: string): string {
  const { hour, minute } = instant % QUARTER_MS === 0 ? partsOf(timeZone, instant) : { hour: 0, minute: 0 }
  return dateIn(timeZone, hour >= 22 && minute === 0 ? instant + (24 - hour) * HOUR_MS : instant)
}

/** Epoch seconds as milliseconds; undefined for what is no time. */
function instantOf(seconds: unknown): number | undefined {
  const known = finite(seconds)
  return known !== undefined && known >= INSTANTS.first && known <= INSTANTS.last ? known * 1000 : undefined
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
    instrumentType: WireText,
    regularMarketTime: WireNumber
  })
)

const TradingPeriod = Compile(Type.Object({ start: Type.Number(), end: Type.Number() }))

const WireEvent = Type.Object({
  date: Type.Number(), // epoch seconds: the opening of the ex-date's session
  amount: WireNumber,
  currency: WireText, // as a rule absent
  numerator: WireNumber,
  denominator: WireNumber,
  splitRatio: WireText
})
type WireEvent = Static<typeof WireEvent>
const Event = Compile(WireEvent)
