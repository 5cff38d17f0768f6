// https://www.alphavantage.co/documentation/#dividends and #splits
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Dividends, Split, Splits } from '../../market/corporate-action.ts'
import { provenanceOf } from '../parse.ts'
import { agreedPer, contradictionNote, isSplitRatio, oncePer } from '../rows.ts'
import { PROVIDER, type AlphaVantageClient } from './client.ts'
import type { Listing } from './listing.ts'
import { inMajorUnit, type PriceUnit } from './price-unit.ts'
import { dateOf, memberIn, positiveOf } from './wire-value.ts'

export type KnownSplits = {
  readonly splits: Split[]
  /** False where some of the vendor's rows could not be read, or contradict each other. */
  readonly areAll: boolean
  /** Dates of splits that the vendor tells twice and not alike. */
  readonly contradicted: string[]
}

/** All splits of a symbol, newest first, announced ones included. The vendor answers an unknown symbol with no rows. */
export async function fetchSplits(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  signal: AbortSignal
): Promise<KnownSplits> {
  const { data } = await client.ask('SPLITS', { symbol: listing.wire }, WireRows, symbol, signal)
  const splits = data.flatMap((row) => {
    const exDate = dateOf(memberIn(row, 'effective_date'))
    const ratio = positiveOf(memberIn(row, 'split_factor'))
    return exDate && ratio ? [{ exDate, ratio }] : []
  })
  const { rows, contradicted } = agreedPer(splits, ({ exDate }) => exDate)
  return {
    splits: rows.filter(({ ratio }) => isSplitRatio(ratio)).sort(newestFirst),
    areAll: splits.length === data.length && contradicted.length === 0,
    contradicted
  }
}

export async function splits(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  signal: AbortSignal,
  now: () => number
): Promise<Splits> {
  const { splits: known, contradicted } = await fetchSplits(client, symbol, listing, signal)
  const isInDoubt = contradicted.length > 0
  const provenance = historical(now(), contradictionNote(contradicted))
  return { symbol, splits: known, provenance: { ...provenance, ...(isInDoubt && { state: 'suspect' as const }) } }
}

/**
 * Dividends of a symbol, newest first, as declared at their time: the amounts keep their size across later splits
 * (NVDA's four cents of March 2024 stay 0.04 after its 10:1 split of June 2024).
 */
export async function dividends(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  unit: PriceUnit,
  signal: AbortSignal,
  now: () => number
): Promise<Dividends> {
  const { data } = await client.ask('DIVIDENDS', { symbol: listing.wire }, WireRows, symbol, signal)
  const rows = data.flatMap((row) => {
    const exDate = dateOf(memberIn(row, 'ex_dividend_date'))
    const amount = inMajorUnit(positiveOf(memberIn(row, 'amount')), unit)
    const payDate = dateOf(memberIn(row, 'payment_date'))
    if (!exDate || !amount) return []
    return [{ exDate, amount, ...(unit.currency && { currency: unit.currency }), ...(payDate && { payDate }) }]
  })
  return {
    symbol,
    dividends: oncePer(rows, ({ exDate, amount }) => `${exDate} ${amount}`).sort(newestFirst),
    amountsAdjusted: 'none',
    provenance: {
      ...historical(now(), unit.note),
      ...(unit.assumed && { state: 'suspect' as const })
    }
  }
}

function newestFirst(a: { exDate: string }, b: { exDate: string }): number {
  return b.exDate.localeCompare(a.exDate)
}

function historical(receivedAt: number, note?: string) {
  return provenanceOf(PROVIDER, { feed: 'composite', receivedAt, notes: [note] })
}

/** Splits: `effective_date`, `split_factor`. Dividends: `ex_dividend_date`, `payment_date`, `amount`. All texts. */
const WireRows = Compile(Type.Object({ data: Type.Array(Type.Unknown()) }))
