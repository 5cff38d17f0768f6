import { extname } from 'node:path'
import type { Adjustment, BarSeries, Interval, Period } from '../market/bar.ts'
import { defineCommand, type Values } from './command.ts'
import type { Client } from '../client/client.ts'
import { connect, SERVER_OPTIONS, serverNow } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { exitCodeOf, ReaderGone, UsageError } from './failure.ts'
import { compact, percent, price } from './figures.ts'
import { Interrupted, interruptible } from './interruption.ts'
import { printTable, printTitle, warn } from './listing.ts'
import { originOf } from './origin.ts'
import { standardOutput } from './output.ts'
import { ProgressBar } from './progress-bar.ts'
import { bytesShown, originIn, printRows, saveRows } from './saved-rows.ts'
import { sparkline } from './sparkline.ts'
import type { Cell } from './table.ts'
import { oneLine } from './terminal-text.ts'

export const PERIODS = [
  '1d',
  '5d',
  '1mo',
  '3mo',
  '6mo',
  'ytd',
  '1y',
  '2y',
  '5y',
  '10y',
  'max'
] as const satisfies readonly Period[]
export const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '1d', '1wk', '1mo'] as const satisfies readonly Interval[]
export const ADJUSTMENTS = ['none', 'splits', 'all'] as const satisfies readonly Adjustment[]
const FORMATS = ['table', 'csv', 'ndjson', 'parquet'] as const
type Format = (typeof FORMATS)[number]
const MOST_BLOCKS = 60
/** Stands for the symbol in the name of a file. */
const PLACE_OF_SYMBOL = '{symbol}'

const COLUMNS = [
  { title: 'Start' },
  { title: 'Open', align: 'right' },
  { title: 'High', align: 'right' },
  { title: 'Low', align: 'right' },
  { title: 'Close', align: 'right' },
  { title: '%', align: 'right', expendable: 2 },
  { title: 'Volume', align: 'right', expendable: 1 },
  { title: '' }
] as const

const OPTIONS = {
  range: { type: 'text', choices: PERIODS, default: '1y', description: 'A stretch that ends today' },
  from: { type: 'text', value: 'WHEN', description: 'In place of --range: a date, or an instant (UTC), inclusive' },
  to: { type: 'text', value: 'WHEN', default: 'today', description: 'A date (inclusive) or an instant (exclusive)' },
  interval: { type: 'text', choices: INTERVALS, default: '1d', description: 'Length of a bar' },
  adjusted: { type: 'text', choices: ADJUSTMENTS, default: 'splits', description: 'What prices are adjusted for' },
  format: {
    type: 'text',
    choices: FORMATS,
    default: 'as the ending of --out says; table on a terminal, else ndjson',
    description: 'How it is written'
  },
  out: { type: 'text', value: 'FILE', isFile: true, description: 'The file that is written, once all of it is there' },
  ...SERVER_OPTIONS
} as const
type Asked = Values<typeof OPTIONS>

export const history = defineCommand({
  name: 'history',
  summary: 'Bars of the past, as a table or as csv, ndjson or Parquet',
  notes: [
    'Of several symbols all rows go into one file, where one without bars is a row with nothing but its name and the error;',
    'a name of a file that holds {symbol} is a file for each.'
  ],
  examples: [
    'quotewire history AAPL --range 1mo',
    'quotewire history AAPL --from 2026-01-01 --interval 1h --out aapl.parquet'
  ],
  operands: { name: 'SYMBOL', description: 'In any usual spelling', min: 1 },
  options: OPTIONS,
  async run({ operands, options }) {
    if (options.to !== undefined && options.from === undefined) throw new UsageError('--to stands beside --from')
    if (options.range !== undefined && options.from !== undefined) {
      throw new UsageError('--range and --from exclude each other')
    }
    const format = formatOf(options)
    const client = await connect(options)
    return format === 'table' ? showAll(client, operands, options) : saveAll(client, operands, options, format)
  }
})

function formatOf({ format, out }: Asked): Format {
  const ending = out === undefined ? undefined : extname(out).slice(1)
  const told = format ?? FORMATS.find((each) => each === ending && each !== 'table')
  if (out === undefined) {
    if (format === 'parquet' && standardOutput.isTerminal) {
      throw new UsageError('Parquet is nothing for a terminal: name a file by --out, or hand it on by a pipe')
    }
    return told ?? (standardOutput.isTerminal ? 'table' : 'ndjson')
  }
  if (told === 'table') throw new UsageError('--out takes csv, ndjson or parquet')
  if (told === undefined)
    throw new UsageError('--format is missing, and the ending of --out says none: .csv, .ndjson or .parquet')
  return told
}

const queryOf = ({ range, from, to, interval, adjusted }: Asked) => ({ range, from, to, interval, adjusted })

async function showAll(client: Client, symbols: readonly string[], asked: Asked): Promise<number> {
  const now = await serverNow(client)
  return eachSymbol(symbols, async (symbol, isFirst) => {
    const query = queryOf(asked)
    const series = await client.get('/api/v1/market/historical/{symbol}', { path: { symbol }, query })
    if (!isFirst) await standardOutput.lines([''])
    await showSeries(series, now())
  })
}

/** Each symbol succeeds or fails by itself; resolves with the exit code of the first that failed. */
async function eachSymbol(
  symbols: readonly string[],
  work: (symbol: string, isFirst: boolean, index: number) => Promise<void>
): Promise<number> {
  let exitCode: number = ExitCode.ok
  for (const [index, symbol] of symbols.entries()) {
    try {
      await work(symbol, index === 0, index)
    } catch (error) {
      const code = exitCodeOf(error)
      const isOver = error instanceof ReaderGone || error instanceof Interrupted || code === ExitCode.notAllowed
      if (symbols.length === 1 || isOver) throw error
      exitCode ||= code
      warn(`${symbol}: ${(error as Error).message}`)
    }
  }
  return exitCode
}

async function showSeries(series: BarSeries, now: number): Promise<void> {
  const { symbol, interval, adjusted, currency, bars, provenance } = series
  const about = `${interval}, adjusted: ${adjusted}; ${originOf(provenance, now)}`
  await printTitle(
    [
      symbol,
      currency,
      sparkline(
        bars.map(({ close }) => close),
        MOST_BLOCKS
      )
    ]
      .filter(Boolean)
      .join('  ')
  )
  await standardOutput.lines([oneLine(about)])
  if (bars.length === 0) return warn(`${symbol} has no bars there`)
  await printTable(
    COLUMNS,
    bars.map((bar, at) => rowOf(bar, bars[at - 1]))
  )
}

function rowOf(bar: BarSeries['bars'][number], before: BarSeries['bars'][number] | undefined): Cell[] {
  const { start, open, high, low, close, volume, complete } = bar
  const moved = before && before.close !== 0 ? ((close - before.close) / before.close) * 100 : undefined
  const running: Cell = complete === false ? { text: 'running', style: 'warning' } : ''
  return [start, price(open), price(high), price(low), price(close), percent(moved), compact(volume), running]
}

async function saveAll(
  client: Client,
  symbols: readonly string[],
  asked: Asked,
  format: Exclude<Format, 'table'>
): Promise<number> {
  const { out } = asked
  const query = { ...queryOf(asked), format }
  const bar = new ProgressBar('history')
  return interruptible(async (signal) => {
    if (symbols.length > 1 && !out?.includes(PLACE_OF_SYMBOL)) {
      const answer = await client.fetch('/api/v1/market/history', { query: { ...query, symbols }, signal })
      await write(answer, out, bar)
      return ExitCode.ok
    }
    return eachSymbol(symbols, async (symbol, _, index) => {
      const path = '/api/v1/market/historical/{symbol}'
      const answer = await client.fetch(path, { path: { symbol }, query, signal })
      const name = (originIn(answer.headers).symbol ?? symbol).replaceAll('/', '-')
      await write(answer, out?.replaceAll(PLACE_OF_SYMBOL, name), bar, index / symbols.length)
    })
  })
}

/** Into a file, or on; `share`: how much of all the work is done. */
async function write(answer: Response, file: string | undefined, bar: ProgressBar, share?: number): Promise<void> {
  const onBytes = bytesShown(bar, share)
  try {
    if (file === undefined) return await printRows(answer.body!, onBytes)
    const bytes = await saveRows(answer.body!, file, onBytes)
    bar.end()
    warn([`${file}: ${compact(bytes)}B`, originIn(answer.headers).text].filter(Boolean).join(', '))
  } finally {
    bar.end()
  }
}
