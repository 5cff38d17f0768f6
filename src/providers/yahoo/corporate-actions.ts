import type { Dividends, Splits } from '../../market/corporate-action.ts'
import { provenanceOf } from '../parse.ts'
import { fetchChart, type Chart } from './chart.ts'
import type { YahooSession } from './session.ts'

/** Every split that Yahoo knows, newest first. */
export async function fetchSplits(
  session: YahooSession,
  symbol: string,
  signal: AbortSignal,
  now: () => number
): Promise<Splits> {
  const chart = await fetchHistory(session, symbol, signal, now())
  const splits = chart.splits.map(({ exDate, value }) => ({ exDate, ratio: value }))
  return { symbol, splits, provenance: provenanceOfEvents(chart, now()) }
}

/** Every payout that Yahoo knows, newest first; its past amounts are divided by the splits since. */
export async function fetchDividends(
  session: YahooSession,
  symbol: string,
  signal: AbortSignal,
  now: () => number
): Promise<Dividends> {
  const chart = await fetchHistory(session, symbol, signal, now())
  const currency = chart.prices.currency === undefined ? {} : { currency: chart.prices.currency }
  const dividends = [
    ...chart.dividends.map(({ exDate, value }) => ({ exDate, amount: value, ...currency, kind: 'cash' as const })),
    ...chart.capitalGains.map(({ exDate, value }) => ({
      exDate,
      amount: value,
      ...currency,
      kind: 'capital_gain' as const
    }))
  ].sort((a, b) => b.exDate.localeCompare(a.exDate))
  return {
    symbol,
    dividends,
    amountsAdjusted: 'splits',
    provenance: provenanceOfEvents(chart, now(), chart.prices.note)
  }
}

/** Day by day, for a longer interval may hold two payouts. */
function fetchHistory(session: YahooSession, symbol: string, signal: AbortSignal, now: number): Promise<Chart> {
  return fetchChart(session, { symbol, interval: '1d', from: 0, to: now }, signal, now)
}

function provenanceOfEvents(chart: Chart, receivedAt: number, note?: string) {
  return provenanceOf('yahoo', {
    feed: 'composite',
    receivedAt,
    state: chart.inSession ? 'live' : 'closed',
    notes: [note]
  })
}
