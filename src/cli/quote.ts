import type { Quote } from '../market/quote.ts'
import { defineCommand } from './command.ts'
import { QuotewireError, type Client } from '../client/client.ts'
import { connect, SERVER_OPTIONS, serverNow } from './connection.ts'
import { ExitCode } from './exit-code.ts'
import { exitCodeOf } from './failure.ts'
import { age, change, compact, percent, price, source, state } from './figures.ts'
import { isTable, LIST_OPTIONS, printJson, printTable, warn } from './listing.ts'
import { othersOf } from './origin.ts'
import { standardOutput } from './output.ts'
import { sparkline } from './sparkline.ts'
import type { Cell, Column } from './table.ts'

/** The server takes so many in one request. */
const BATCH = 100
const MONTH_WIDTH = 16
/** Prices do not wait longer for the lines beside them. */
const SPARKLINES_TIMEOUT_MS = 3000
const DOUBTED = new Set(['stale', 'suspect'])

const COLUMNS: readonly Column[] = [
  { title: 'Symbol' },
  { title: 'Name', flexible: true, expendable: 6 },
  { title: 'Price', align: 'right' },
  { title: '', expendable: 1 },
  { title: 'Change', align: 'right', expendable: 2 },
  { title: '%', align: 'right' },
  { title: 'Month', expendable: 3 },
  { title: 'Bid', align: 'right', expendable: 5 },
  { title: 'Ask', align: 'right', expendable: 5 },
  { title: 'Volume', align: 'right', expendable: 4 },
  { title: 'Outside hours', align: 'right', expendable: 7 },
  { title: 'Age', align: 'right' },
  { title: 'Source', flexible: true },
  { title: 'State' },
  { title: 'Other figures', flexible: true, expendable: 4 }
]

type Failed = { readonly symbol: string; readonly code: string; readonly message: string }

export const quote = defineCommand({
  name: 'quote',
  summary: 'The newest price of symbols, with its source, age and state',
  notes: ['Symbols that have none are told on the standard error; the exit code is that of the first of them.'],
  examples: ['quotewire quote AAPL BRK.B ^GSPC', 'quotewire quote AAPL --format ndjson | jq .price'],
  operands: { name: 'SYMBOL', description: 'In any usual spelling', min: 1 },
  options: { ...LIST_OPTIONS, ...SERVER_OPTIONS },
  async run({ operands, options }) {
    const client = await connect(options)
    const asTable = isTable(options.format)
    const [{ quotes, errors }, now, months] = await Promise.all([
      quotesOf(client, operands),
      asTable ? serverNow(client) : Date.now,
      asTable && standardOutput.isTerminal ? monthsOf(client, operands) : new Map<string, number[]>()
    ])
    if (!asTable) await printJson(quotes)
    else if (quotes.length > 0) {
      await printTable(
        months.size > 0 ? COLUMNS : COLUMNS.filter(({ title }) => title !== 'Month'),
        quotes.map((each) => rowOf(each, months, now()))
      )
      for (const each of quotes) tellDoubts(each)
    }
    for (const { symbol, message } of errors) warn(`${symbol}: ${message}`)
    return errors[0] ? exitCodeOf(errors[0]) : ExitCode.ok
  }
})

async function quotesOf(client: Client, symbols: readonly string[]): Promise<{ quotes: Quote[]; errors: Failed[] }> {
  const quotes: Quote[] = []
  const errors: Failed[] = []
  for (let at = 0; at < symbols.length; at += BATCH) {
    const query = { symbols: symbols.slice(at, at + BATCH).join(',') }
    const answer = await client.get('/api/v1/market/quotes', { query })
    quotes.push(...answer.quotes)
    errors.push(...answer.errors)
  }
  return { quotes, errors }
}

/** Closes of the last month of each symbol; of none, where they cannot be had in time. */
async function monthsOf(client: Client, symbols: readonly string[]): Promise<Map<string, number[]>> {
  const months = new Map<string, number[]>()
  for (let at = 0; at < symbols.length; at += BATCH) {
    const query = { symbols: symbols.slice(at, at + BATCH).join(','), range: '1mo' as const }
    try {
      const options = { query, timeoutMs: SPARKLINES_TIMEOUT_MS }
      const { sparklines } = await client.get('/api/v1/market/sparklines', options)
      for (const { symbol, closes } of sparklines) months.set(symbol, closes)
    } catch (error) {
      if (!(error instanceof QuotewireError)) throw error
      break
    }
  }
  return months
}

function rowOf(quote: Quote, months: ReadonlyMap<string, number[]>, now: number): Cell[] {
  const { symbol, name = '', currency = '', asOf, provenance, extendedHours: outside } = quote
  return [
    symbol,
    name,
    price(quote.price),
    currency,
    change(quote.change),
    percent(quote.changePercent),
    ...(months.size > 0 ? [sparkline(months.get(symbol) ?? [], MONTH_WIDTH)] : []),
    price(quote.bid),
    price(quote.ask),
    compact(quote.volume),
    outside ? `${outside.session} ${price(outside.price)}` : '',
    age(asOf, now),
    source(provenance),
    state(provenance.state),
    othersOf(provenance).join(', ')
  ]
}

function tellDoubts({ symbol, provenance: { state, notes = [] } }: Quote): void {
  if (DOUBTED.has(state) && notes.length > 0) warn(`${symbol} is ${state}: ${notes.join('; ')}`)
}
