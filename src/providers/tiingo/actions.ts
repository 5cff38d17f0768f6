import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Dividends, Splits } from '../../market/corporate-action.ts'
import { provenanceOf } from '../parse.ts'
import { DatedText } from '../session-dates.ts'
import { coveredSymbol, CURRENCY, type Tiingo } from './client.ts'

/** Before the vendor's oldest prices. */
const BEGINNING = '1960-01-01'

export async function loadSplits(tiingo: Tiingo, symbol: string, signal: AbortSignal): Promise<Splits> {
  const rows = await loadActionRows(tiingo, symbol, signal)
  return {
    symbol,
    splits: rows.flatMap(({ exDate, splitFactor }) =>
      splitFactor > 0 && splitFactor !== 1 ? [{ exDate, ratio: splitFactor }] : []
    ),
    provenance: provenanceOf('tiingo', { feed: 'consolidated', receivedAt: tiingo.now() })
  }
}

/** Amounts as they were paid. The vendor tells the ex-date only. */
export async function loadDividends(tiingo: Tiingo, symbol: string, signal: AbortSignal): Promise<Dividends> {
  const rows = await loadActionRows(tiingo, symbol, signal)
  return {
    symbol,
    dividends: rows.flatMap(({ exDate, divCash }) =>
      divCash > 0 ? [{ exDate, amount: divCash, currency: CURRENCY, kind: 'cash' as const }] : []
    ),
    amountsAdjusted: 'none',
    provenance: provenanceOf('tiingo', { feed: 'consolidated', receivedAt: tiingo.now() })
  }
}

/** The actions stand in the daily rows; all sessions, newest first. */
async function loadActionRows(tiingo: Tiingo, symbol: string, signal: AbortSignal) {
  const path = `/tiingo/daily/${encodeURIComponent(coveredSymbol(symbol))}/prices`
  const query = { startDate: BEGINNING, resampleFreq: 'daily', columns: 'divCash,splitFactor', format: 'json' }
  const rows = await tiingo.rows(path, query, WireActions, signal)
  return rows
    .map(({ date, divCash, splitFactor }) => ({ exDate: date.slice(0, 10), divCash, splitFactor }))
    .sort((one, other) => (one.exDate > other.exDate ? -1 : 1))
}

const WireActions = Compile(
  Type.Object({
    date: DatedText,
    divCash: Type.Number(),
    splitFactor: Type.Number()
  })
)
