import { Type } from 'typebox'
import { isIntraday, type Interval } from '../market/bar.ts'
import type { CandlePattern, CandlePatterns } from '../market/candle-pattern.ts'
import type {
  IndicatorLine,
  IndicatorPoint,
  IndicatorPoints,
  IndicatorSeries,
  IndicatorSet
} from '../market/indicator.ts'
import type { OptionChain, OptionContract } from '../market/option-chain.ts'
import { rowsAnswer } from './row-formats.ts'
import { onePage, pagesOf, type Cell, type Columns, type Rows } from './rows.ts'

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
  return {
    name: 'points',
    columns: columnsOf(head.interval, namesOf(points)),
    head,
    pages: pagesOf(rowsOf(points))
  }
}

function* rowsOf(points: IndicatorPoints): Generator<PointRow, void> {
  for (const { values, ...point } of points) yield { ...point, ...values }
}

/** A row per bar of which any of the indicators has a point. */
export function setRows({ indicators, ...head }: IndicatorSet): Rows<PointRow> {
  const names = indicators.flatMap((line) => namesOf(line.points).map((value) => columnOf(line, value)))
  return {
    name: 'points',
    columns: columnsOf(head.interval, [...new Set(names)]),
    head,
    pages: pagesOf(rowsOfLines(indicators))
  }
}

function* rowsOfLines(lines: readonly IndicatorLine[]): Generator<PointRow, void> {
  const readers = lines.map((line) => new LineReader(line))
  for (;;) {
    const starts = readers.flatMap(({ next }) => next?.start ?? [])
    const [first, ...others] = starts
    if (first === undefined) return
    const start = others.reduce((least, each) => (each < least ? each : least), first)
    const row: Record<string, Cell> = { start }
    for (const reader of readers) reader.readInto(row, start)
    yield row
  }
}

/** Reads the points of a line one after another. */
class LineReader {
  readonly #points: Iterator<IndicatorPoint, void>
  readonly #columns: readonly (readonly [value: string, column: string])[]
  next: IndicatorPoint | undefined

  constructor(line: IndicatorLine) {
    this.#columns = namesOf(line.points).map((value) => [value, columnOf(line, value)])
    this.#points = line.points[Symbol.iterator]()
    this.#step()
  }

  /** Puts the values of the next point into the row of a bar, where it is the point's. */
  readInto(row: Record<string, Cell>, start: string): void {
    if (this.next?.start !== start) return
    const { values, complete } = this.next
    if (complete === false) row['complete'] = false
    for (const [value, column] of this.#columns) row[column] = values[value]
    this.#step()
  }

  #step(): void {
    const step = this.#points.next()
    this.next = step.done === true ? undefined : step.value
  }
}

/** All points of a line have the same values. */
function namesOf(points: IndicatorPoints): string[] {
  for (const { values } of points) return Object.keys(values)
  return []
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
