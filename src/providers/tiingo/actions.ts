import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Dividends, Splits } from '../../market/corporate-action.ts'
import { impossiblePayout, withPayoutDoubts } from '../../market/payout.ts'
import { positive, provenanceOf } from '../parse.ts'
import { agreedPer, contradictionNote, isSplitRatio } from '../rows.ts'
import type { Wire } from '../salvage.ts'
import { DatedText } from '../session-dates.ts'
import { coveredSymbol, CURRENCY, type Tiingo } from './client.ts'

/** Before the vendor's oldest prices. */
const BEGINNING = '1960-01-01'

export async function loadSplits(tiingo: Tiingo, symbol: string, signal: AbortSignal): Promise<Splits> {
  const { rows, contradicted } = await loadActionRows(tiingo, symbol, WireSplits, 'splitFactor', signal)
  return {
    symbol,
    splits: rows.flatMap(({ exDate, splitFactor }) =>
      isSplitRatio(splitFactor) ? [{ exDate, ratio: splitFactor }] : []
    ),
    provenance: provenanceOf('tiingo', {
      feed: 'consolidated',
      receivedAt: tiingo.now(),
      ...(contradicted.length > 0 && { state: 'suspect' }),
      notes: [contradictionNote(contradicted)]
    })
  }
}

/** Amounts as they were paid, in doubt where a share cost less on the day before. The vendor tells the ex-date only. */
export async function loadDividends(tiingo: Tiingo, symbol: string, signal: AbortSignal): Promise<Dividends> {
  const { rows, contradicted } = await loadActionRows(tiingo, symbol, WireDividends, 'divCash', signal)
  const doubted = rows.flatMap(({ exDate, divCash, splitFactor }, place) => {
    const close = positive(rows[place + 1]?.close) ?? Infinity
    const reason = impossiblePayout(divCash ?? 0, exDate, close / (positive(splitFactor) ?? 1))
    return reason === undefined ? [] : [{ exDates: [exDate], reason }]
  })
  const list: Dividends = {
    symbol,
    dividends: rows.flatMap(({ exDate, divCash }) =>
      divCash && divCash > 0 ? [{ exDate, amount: divCash, currency: CURRENCY, kind: 'cash' as const }] : []
    ),
    amountsAdjusted: 'none',
    provenance: provenanceOf('tiingo', {
      feed: 'consolidated',
      receivedAt: tiingo.now(),
      ...(contradicted.length > 0 && { state: 'suspect' }),
      notes: [contradictionNote(contradicted)]
    })
  }
  return withPayoutDoubts(list, doubted)
}

type ActionRow = { readonly exDate: string } & Partial<Record<'close' | 'divCash' | 'splitFactor', number | null>>
type ActionRows = {
  readonly rows: ActionRow[]
  /** Dates of which the vendor tells the action twice and not alike. */
  readonly contradicted: string[]
}

/** The actions stand in the daily rows; all sessions, newest first. */
async function loadActionRows(
  tiingo: Tiingo,
  symbol: string,
  wire: Wire<Omit<ActionRow, 'exDate'> & { date: string }>,
  action: 'divCash' | 'splitFactor',
  signal: AbortSignal
): Promise<ActionRows> {
  const path = `/tiingo/daily/${encodeURIComponent(coveredSymbol(symbol))}/prices`
  const query = { startDate: BEGINNING, resampleFreq: 'daily', columns: 'close,divCash,splitFactor', format: 'json' }
  const rows = await tiingo.rows(path, query, wire, signal)
  const dated = rows.map(({ date, ...row }): ActionRow => ({ ...row, exDate: date.slice(0, 10) }))
  const { rows: agreed } = agreedPer(dated, ({ exDate }) => exDate)
  agreed.sort((one, other) => (one.exDate > other.exDate ? -1 : 1))
  const contradicted = agreed.filter((row) => row[action] === undefined).map(({ exDate }) => exDate)
  return { rows: agreed, contradicted }
}

const WireSplits = Compile(Type.Object({ date: DatedText, splitFactor: Type.Number() }))
const Num = Type.Optional(Type.Union([Type.Number(), Type.Null()]))
const WireDividends = Compile(Type.Object({ date: DatedText, divCash: Type.Number(), close: Num, splitFactor: Num }))
