import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { parseSymbol } from '../../market/symbol.ts'
import { DAY_MS } from '../../market/time.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { finite, positive } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { agreedPer, partOf } from '../rows.ts'
import { inSlices } from '../../slices.ts'
import { isRecord, salvage } from '../salvage.ts'
import { joinedEvents, readEvents, type ChartEvents } from './chart-events.ts'
import { piecesOf } from './chart-limits.ts'
import { instantOf } from './chart-time.ts'
import { quoteTypeOf } from './kinds.ts'
import { priceReader, type PriceReader } from './prices.ts'
import type { YahooClient } from './client.ts'
import { toYahooSymbol } from './symbols.ts'
import { listOf, memberOf, WireNumber, WireText } from './wire.ts'

/** Adjusted closes are rounded; of a price of a few cents that is a large part. */
const ROUNDING = 0.1
/** Bars that begin this soon after the place where a range was cut would have begun before it. */
const NEAR_CUT_MS = 31 * DAY_MS

/** After so many rows others may have their turn. */
const ROWS_AT_ONCE = 200

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

export type Chart = ChartEvents & {
  prices: PriceReader
  timeZone: string
  kind: string | undefined
  /** The instant of the newest trade, which stamps the row of a session that runs. */
  newestTrade: number | undefined
  rows: ChartRow[]
  /** Rows that had some of their prices only, and no volume. */
  incompleteRows: number
  /** Instants of rows that traded, for they have a volume, and lack some or all of their prices. */
  withoutPrices: number[]
  /** Instants of rows that are told twice and not alike. */
  contradicted: number[]
  /** As Yahoo names the interval of the rows: it has sent months for days. */
  granularity: string | undefined
  /** Regular sessions, which Yahoo tells beside bars within the day only (epoch milliseconds, ends exclusive). */
  sessions: { start: number; end: number }[]
  hasExtendedHours: boolean
  /** What is to be said where the range was longer than what Yahoo gives. */
  cut: string | undefined
  /** Whether the regular session was running when the answer came. */
  inSession: boolean
}

/**
 * Fetches a chart with its splits and payouts, in as many requests as Yahoo wants for the range; its newest part where
 * that is all that Yahoo gives. Rejects with ProviderError('not_found') for a symbol unknown to Yahoo, with `not_covered`
 * for a range that it does not have.
 */
export async function fetchChart(
  client: YahooClient,
  request: ChartRequest,
  signal: AbortSignal,
  now: number
): Promise<Chart> {
  const { pieces, cutAt, limit } = piecesOf(request.interval, request, now)
  const newest = pieces.pop()!
  const older = pieces.map((piece) => partOf(fetchPiece(client, { ...request, ...piece }, signal, now)))
  const charts = await Promise.all([...older, fetchPiece(client, { ...request, ...newest }, signal, now)])
  // Of a piece from before its first trade Yahoo says that there is no such data.
  const chart = await inSlices(joined(charts.filter((each): each is Chart => !(each instanceof ProviderError))))
  const first = chart.rows.reduce((earliest, { instant }) => Math.min(earliest, instant), Infinity)
  const isShort = cutAt !== undefined && first - cutAt < NEAR_CUT_MS
  return { ...chart, cut: isShort ? `none from before ${dateIn('UTC', cutAt)}: yahoo ${limit}` : undefined }
}

function* joined(charts: readonly Chart[]): Generator<void, Chart> {
  const newest = charts.at(-1)!
  if (charts.length === 1) return newest
  const rows = new Map<number, ChartRow>()
  for (const chart of charts) {
    for (const [index, row] of chart.rows.entries()) {
      if (index % ROWS_AT_ONCE === 0) yield
      rows.set(row.instant, row)
    }
  }
  yield
  return {
    ...newest,
    rows: [...rows.values()],
    incompleteRows: charts.reduce((sum, { incompleteRows }) => sum + incompleteRows, 0),
    withoutPrices: charts.flatMap(({ withoutPrices }) => withoutPrices),
    contradicted: charts.flatMap(({ contradicted }) => contradicted),
    sessions: charts.flatMap(({ sessions }) => sessions),
    ...joinedEvents(charts)
  }
}

async function fetchPiece(
  client: YahooClient,
  { symbol, interval, from, to }: ChartRequest,
  signal: AbortSignal,
  now: number
): Promise<Chart> {
  const answer = await client.ask(
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
  return inSlices(parseChart(symbol, listOf(results)[0], now))
}

/** What payouts take off a close never raises it: an adjusted close above the close is none. */
function lowerThan(close: number, adjustedClose: number | undefined): number | undefined {
  const isRaised = adjustedClose !== undefined && close > 0 && adjustedClose > close * (1 + ROUNDING)
  return isRaised ? undefined : adjustedClose
}

function* parseChart(symbol: string, result: unknown, now: number): Generator<void, Chart> {
  const wire = memberOf(result, 'meta')
  const meta = salvage(ChartMeta, wire)
  if (!meta || !isTimeZone(meta.exchangeTimezoneName)) {
    throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent a chart without the time zone of its exchange')
  }
  if (meta.symbol && parseSymbol(meta.symbol) !== parseSymbol(toYahooSymbol(symbol))) {
    throw new ProviderError('yahoo', 'bad_payload', `yahoo sent a chart of another symbol for ${symbol}`)
  }
  const timeZone = meta.exchangeTimezoneName
  const prices = priceReader({ symbol, currency: meta.currency, quoteType: meta.instrumentType })
  return {
    prices,
    timeZone,
    kind: quoteTypeOf(meta.instrumentType),
    newestTrade: instantOf(meta.regularMarketTime),
    ...(yield* rowsOf(result, prices)),
    granularity: meta.dataGranularity ?? undefined,
    sessions: sessionsOf(memberOf(wire, 'tradingPeriods')),
    hasExtendedHours: memberOf(wire, 'hasPrePostMarketData') === true,
    inSession: isInSession(memberOf(wire, 'currentTradingPeriod'), now),
    cut: undefined,
    ...(yield* readEvents(result, timeZone, prices))
  }
}

/**
 * The arrays of a chart are aligned by index. Halts and holidays leave rows that are null in every one; where there is
 * nothing at all, `timestamp` is missing and the quote is an empty object.
 */
function* rowsOf(
  result: unknown,
  prices: PriceReader
): Generator<void, Pick<Chart, 'rows' | 'incompleteRows' | 'withoutPrices' | 'contradicted'>> {
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
  const withoutPrices: number[] = []
  let incompleteRows = 0
  for (const [index, timestamp] of listOf(memberOf(result, 'timestamp')).entries()) {
    if (index % ROWS_AT_ONCE === 0) yield
    const instant = instantOf(timestamp)
    if (instant === undefined) continue
    const [open, high, low, close] = [opens, highs, lows, closes].map((values) => prices.price(values?.[index]))
    if (open !== undefined && high !== undefined && low !== undefined && close !== undefined) {
      const adjustedClose = lowerThan(close, prices.price(adjusted[index]))
      rows.push({ instant, open, high, low, close, adjustedClose, volume: finite(volumes[index]) })
    } else if (positive(volumes[index]) !== undefined) {
      withoutPrices.push(instant)
    } else if (open !== undefined || high !== undefined || low !== undefined || close !== undefined) {
      incompleteRows++
    }
  }
  const once = agreedRows(rows)
  return { ...once, incompleteRows, withoutPrices: [...withoutPrices, ...once.withoutPrices] }
}

type AgreedChartRows = Pick<Chart, 'rows' | 'withoutPrices' | 'contradicted'>

/** Rows under one key (an instant, unless told) as one, where they agree on its prices; it stands at the first of them. */
export function agreedRows(
  told: readonly ChartRow[],
  keyOf: (row: ChartRow) => string = ({ instant }) => String(instant)
): AgreedChartRows {
  const instants = new Map(told.toReversed().map((row) => [keyOf(row), row.instant]))
  if (instants.size === told.length) return { rows: [...told], withoutPrices: [], contradicted: [] }
  const keyed = told.map((row) => ({ ...row, key: keyOf(row), instant: instants.get(keyOf(row))! }))
  const { rows, contradicted } = agreedPer(keyed, ({ key }) => key)
  return {
    rows: rows.filter(isWhole),
    withoutPrices: rows.filter((row) => !isWhole(row)).map(({ instant }) => instant),
    contradicted: contradicted.map((key) => instants.get(key)!)
  }
}

function isWhole({ open, high, low, close }: Partial<ChartRow>): boolean {
  return [open, high, low, close].every((price) => price !== undefined)
}

/** Lists of sessions by day; beside bars of extended hours they are members of an object. */
function sessionsOf(periods: unknown): Chart['sessions'] {
  const days = listOf(isRecord(periods) ? periods.regular : periods)
  return days.flat(2).flatMap((period) => {
    const wire = salvage(TradingPeriod, period)
    return wire ? [{ start: wire.start * 1000, end: wire.end * 1000 }] : []
  })
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
    symbol: WireText,
    currency: WireText,
    // `gmtoffset` beside it is today's, and wrong for every date of the other half of the year.
    exchangeTimezoneName: WireText,
    instrumentType: WireText,
    regularMarketTime: WireNumber,
    dataGranularity: WireText
  })
)

const TradingPeriod = Compile(Type.Object({ start: Type.Number(), end: Type.Number() }))
