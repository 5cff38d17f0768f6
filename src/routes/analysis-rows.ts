import { Type } from 'typebox'
import { isIntraday, type Interval } from '../market/bar.ts'
import type { CandlePattern, CandlePatterns } from '../market/candle-pattern.ts'
import type { IndicatorLine, IndicatorPoint, IndicatorSeries, IndicatorSet } from '../market/indicator.ts'
import type { OptionChain, OptionContract } from '../market/option-chain.ts'
import { rowsAnswer } from './row-formats.ts'
import { onePage, type Cell, type Columns, type Rows } from './rows.ts'

export const CONTRACT_COLUMNS = {
  symbol: 'text',
  side: 'text',
  strike: 'number',
  expiry: 'date',
  last: 'number',
  bid: 'number',
  ask: 'number',
  change: 'number',
  changePercent: 'number',
  volume: 'number',
  openInterest: 'number',
  impliedVolatility: 'number',
  inTheMoney: 'boolean',
  lastTradeAt: 'instant',
  lastTradingAt: 'instant',
  settlesAt: 'instant',
  settlement: 'text',
  delta: 'number',
  gamma: 'number',
  theta: 'number',
  vega: 'number',
  rho: 'number',
  computed: 'texts'
} as const satisfies Columns<OptionContract>

/** A row per contract. */
export function contractRows({ contracts, ...head }: OptionChain): Rows<OptionContract> {
  return { name: 'contracts', columns: CONTRACT_COLUMNS, head, pages: onePage(contracts) }
}

type PointRow = { readonly [column: string]: Cell }

const answerOfRows = rowsAnswer('IndicatorSeries', 'bar', { start: 'instant', complete: 'boolean' })
/** The 200 of a route that shows one indicator or several. */
export const indicatorAnswer = {
  ...answerOfRows,
  description:
    'Points. In csv, ndjson and parquet a row per bar, with a column for each value: `sma`; of several indicators as they were asked for, `sma:20`, `macd:12-26-9.signal`',
  content: {
    ...answerOfRows.content,
    'application/json': { schema: Type.Union([Type.Ref('IndicatorSeries#'), Type.Ref('IndicatorSet#')]) }
  }
}

/** A row per point of one indicator, with a column for each of its values. */
export function seriesRows({ points, ...head }: IndicatorSeries): Rows<PointRow> {
  const names = [...new Set(points.slice(0, 1).flatMap(({ values }) => Object.keys(values)))]
  return {
    name: 'points',
    columns: columnsOf(head.interval, names),
    head,
    pages: onePage(points.map(({ values, ...point }) => ({ ...point, ...values })))
  }
}

/** A row per bar of which any of the indicators has a point. */
export function setRows({ indicators, ...head }: IndicatorSet): Rows<PointRow> {
  const byStart = new Map<string, Record<string, Cell>>()
  const names = new Set<string>()
  for (const line of indicators) {
    for (const { start, complete, values } of line.points) {
      const row = byStart.get(start) ?? { start, ...(complete === false && { complete }) }
      byStart.set(start, row)
      for (const [value, figure] of Object.entries(values)) {
        const name = columnOf(line, value)
        names.add(name)
        row[name] = figure
      }
    }
  }
  const rows = [...byStart.values()].toSorted((a, b) => (String(a['start']) < String(b['start']) ? -1 : 1))
  return { name: 'points', columns: columnsOf(head.interval, [...names]), head, pages: onePage(rows) }
}

const patternColumns = (kind: 'instant' | 'date') =>
  ({
    start: kind,
    end: kind,
    name: 'text',
    direction: 'text',
    complete: 'boolean'
  }) as const satisfies Columns<CandlePattern>
export const patternAnswer = rowsAnswer('CandlePatterns', 'pattern', patternColumns('instant'))

/** A row per pattern. */
export function patternRows({ patterns, ...head }: CandlePatterns): Rows<CandlePattern> {
  const columns = patternColumns(isIntraday(head.interval) ? 'instant' : 'date')
  return { name: 'patterns', columns, head, pages: onePage(patterns) }
}

const columnsOf = (interval: Interval, values: readonly string[]): Columns<Record<string, Cell>> => ({
  start: isIntraday(interval) ? 'instant' : 'date',
  ...Object.fromEntries(values.map((name) => [name, 'number' as const])),
  complete: 'boolean'
})

/** As it is asked for in the short form, and which of its values where it has several. */
function columnOf(
  { name, parameters }: Pick<IndicatorLine, 'name' | 'parameters'>,
  value: keyof IndicatorPoint['values']
) {
  const numbers = Object.values(parameters).join('-')
  const spec = numbers === '' ? name : `${name}:${numbers}`
  return value === name ? spec : `${spec}.${value}`
}
