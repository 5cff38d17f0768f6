import type { BatchError } from '../market/batch-error.ts'
import type { ExtendedHours, Quote } from '../market/quote.ts'
import type { Provenance } from '../market/provenance.ts'
import type { QuotePart } from './quote-fields.ts'
import type { Cell, Columns } from './rows.ts'

const EXTENDED = {
  extendedSession: 'text',
  extendedPrice: 'number',
  extendedChange: 'number',
  extendedChangePercent: 'number',
  extendedAsOf: 'instant'
} as const

const DERIVATIVE = {
  openInterest: 'number',
  openInterestAsOf: 'instant',
  impliedVolatility: 'number',
  impliedVolatilityAsOf: 'instant',
  delta: 'number',
  gamma: 'number',
  theta: 'number',
  vega: 'number',
  rho: 'number',
  greeksAsOf: 'instant',
  computed: 'texts'
} as const

/** The columns that each member of a quote is shown in. */
const COLUMNS_OF: { readonly [Field in keyof Quote]-?: Columns<Record<string, Cell>> } = {
  symbol: { symbol: 'text' },
  name: { name: 'text' },
  kind: { kind: 'text' },
  price: { price: 'number' },
  change: { change: 'number' },
  changePercent: { changePercent: 'number' },
  previousClose: { previousClose: 'number' },
  open: { open: 'number' },
  dayHigh: { dayHigh: 'number' },
  dayLow: { dayLow: 'number' },
  yearHigh: { yearHigh: 'number' },
  yearLow: { yearLow: 'number' },
  volume: { volume: 'number' },
  bid: { bid: 'number' },
  ask: { ask: 'number' },
  bidSize: { bidSize: 'number' },
  askSize: { askSize: 'number' },
  marketCap: { marketCap: 'number' },
  currency: { currency: 'text' },
  mic: { mic: 'text' },
  exchange: { exchange: 'text' },
  marketState: { marketState: 'text' },
  extendedHours: EXTENDED,
  derivative: DERIVATIVE,
  asOf: { asOf: 'instant' },
  sequence: { sequence: 'integer' },
  provenance: { source: 'text', feed: 'text', state: 'text', delayedBySeconds: 'integer', receivedAt: 'instant' }
}
const ERROR_COLUMN = { error: 'text' } as const

type QuoteRow = { readonly [column: string]: Cell }

/** Columns of quotes with these members; the last one says why a symbol has no quote, by a code. */
export const quoteColumns = (fields: readonly (keyof Quote)[]): Columns<Record<string, Cell>> =>
  Object.assign({}, ...fields.map((field) => COLUMNS_OF[field]), ERROR_COLUMN) as Columns<Record<string, Cell>>

export function quoteRow({ extendedHours, derivative, provenance, ...plain }: QuotePart): QuoteRow {
  return {
    ...(derivative && derivativeCells(derivative)),
    ...plain,
    ...(extendedHours && extendedCells(extendedHours)),
    ...provenanceCells(provenance)
  }
}

export const errorRow = ({ symbol, code }: BatchError): QuoteRow => ({ symbol, error: code })

const extendedCells = ({ session, price, change, changePercent, asOf }: ExtendedHours): QuoteRow => ({
  extendedSession: session,
  extendedPrice: price,
  extendedChange: change,
  extendedChangePercent: changePercent,
  extendedAsOf: asOf
})

const derivativeCells = (figures: NonNullable<Quote['derivative']>): QuoteRow => {
  const { basis: _, ...cells } = figures
  return cells
}

const provenanceCells = ({ source, feed, state, delayedBySeconds, receivedAt }: Provenance): QuoteRow => ({
  source,
  feed,
  state,
  delayedBySeconds,
  receivedAt
})
