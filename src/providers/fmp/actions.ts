import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Dividends, Splits } from '../../market/corporate-action.ts'
import { withPayoutDoubts } from '../../market/payout.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { provenanceOf } from '../parse.ts'
import { agreedPer, contradictionNote, isSplitRatio, oncePer } from '../rows.ts'
import { DatedText, dateIn } from '../session-dates.ts'
import { coveredListing, type Fmp } from './client.ts'

/** The vendor tells what a share pays in a year, in percent: of a payout a quarter it is four times what a share costs. */
const IMPOSSIBLE_YEARLY_PERCENT = 400
const UNIT_NOTE = 'the vendor does not tell the currency of the amounts'

export async function loadSplits(fmp: Fmp, symbol: string, signal: AbortSignal): Promise<Splits> {
  const { wire } = coveredListing(symbol)
  const rows = await fmp.rows('splits', { symbol: wire }, WireSplits, signal)
  const { rows: splits, contradicted } = agreedPer(
    rows.map((row) => ({ exDate: row.date.slice(0, 10), ratio: row.numerator / row.denominator })),
    ({ exDate }) => exDate
  )
  return {
    symbol,
    splits: newestFirst(splits.filter(({ ratio }) => isSplitRatio(ratio))),
    provenance: provenanceOf('fmp', {
      feed: 'composite',
      receivedAt: fmp.now(),
      ...(contradicted.length > 0 && { state: 'suspect' }),
      notes: [contradictionNote(contradicted)]
    })
  }
}

/** Amounts are the adjusted ones: of the oldest dividends the vendor has no others. */
export async function loadDividends(fmp: Fmp, symbol: string, signal: AbortSignal): Promise<Dividends> {
  const { wire, currency } = coveredListing(symbol)
  const rows = await fmp.rows('dividends', { symbol: wire }, WireDividends, signal)
  const dividends = rows.map((row) =>
    withoutAbsent({
      exDate: row.date.slice(0, 10),
      amount: row.adjDividend,
      currency,
      payDate: dateIn(row.paymentDate),
      kind: 'cash' as const
    })
  )
  const doubted = rows
    .filter((row) => (row.yield ?? 0) >= IMPOSSIBLE_YEARLY_PERCENT)
    .map((row) => {
      const exDate = row.date.slice(0, 10)
      return {
        exDates: [exDate],
        reason: `the payout of ${row.adjDividend} on ${exDate} is told to be ${row.yield} % a year`
      }
    })
  const list: Dividends = {
    symbol,
    // A regular dividend and a special one may go on one day, but two of one size are one that is told twice.
    dividends: newestFirst(oncePer(dividends, ({ exDate, amount }) => `${exDate} ${amount}`)),
    amountsAdjusted: 'splits',
    provenance: provenanceOf('fmp', {
      feed: 'composite',
      receivedAt: fmp.now(),
      notes: [currency ? undefined : UNIT_NOTE]
    })
  }
  return withPayoutDoubts(list, doubted)
}

function newestFirst<Action extends { exDate: string }>(actions: readonly Action[]): Action[] {
  return [...actions].sort((one, other) => (one.exDate > other.exDate ? -1 : 1))
}

const Positive = Type.Number({ exclusiveMinimum: 0 })

const WireSplits = Compile(Type.Object({ date: DatedText, numerator: Positive, denominator: Positive }))

const WireDividends = Compile(
  Type.Object({
    date: DatedText,
    adjDividend: Positive,
    paymentDate: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    yield: Type.Optional(Type.Union([Type.Number(), Type.Null()]))
  })
)
