import type { Dividend, Dividends, Splits } from '../../market/corporate-action.ts'
import { withPayoutDoubts } from '../../market/payout.ts'
import { provenanceOf, UNIT_UNKNOWN } from '../parse.ts'
import { contradictionNote } from '../rows.ts'
import type { ChartPayout } from './chart-events.ts'
import { MAX_YEARS, YEAR_MS } from './chart-limits.ts'
import { fetchChart, type Chart } from './chart.ts'
import type { YahooClient } from './client.ts'

/** Every split that Yahoo knows, newest first. */
export async function fetchSplits(
  client: YahooClient,
  symbol: string,
  signal: AbortSignal,
  now: () => number
): Promise<Splits> {
  const chart = await fetchHistory(client, symbol, signal, now())
  const splits = chart.splits.map(({ exDate, value }) => ({ exDate, ratio: value }))
  const isInDoubt = chart.contradictedSplits.length > 0
  const provenance = provenanceOfEvents(chart, now(), [contradictionNote(chart.contradictedSplits)])
  return { symbol, splits, provenance: { ...provenance, ...(isInDoubt && { state: 'suspect' as const }) } }
}

/** Every payout that Yahoo knows, newest first; its past amounts are divided by the splits since. */
export async function fetchDividends(
  client: YahooClient,
  symbol: string,
  signal: AbortSignal,
  now: () => number
): Promise<Dividends> {
  const chart = await fetchHistory(client, symbol, signal, now())
  const dividends = [
    ...chart.dividends.map((payout) => dividendOf(payout, 'cash')),
    ...chart.capitalGains.map((payout) => dividendOf(payout, 'capital_gain'))
  ].sort((a, b) => b.exDate.localeCompare(a.exDate))
  const isInDoubt = dividends.length > 0 && !chart.hasCertainPayouts
  const list: Dividends = {
    symbol,
    dividends,
    amountsAdjusted: 'splits',
    provenance: {
      ...provenanceOfEvents(chart, now(), [chart.hasCertainPayouts ? chart.prices.note : UNIT_UNKNOWN]),
      ...(isInDoubt && { state: 'suspect' as const })
    }
  }
  return withPayoutDoubts(list, chart.doubtedPayouts)
}

function dividendOf({ exDate, value, currency }: ChartPayout, kind: NonNullable<Dividend['kind']>): Dividend {
  return { exDate, amount: value, ...(currency !== undefined && { currency }), kind }
}

/** Day by day, for a longer interval may hold two payouts; from before 1970 too, where instants are negative. */
function fetchHistory(client: YahooClient, symbol: string, signal: AbortSignal, now: number): Promise<Chart> {
  return fetchChart(client, { symbol, interval: '1d', from: now - MAX_YEARS * YEAR_MS, to: now }, signal, now)
}

function provenanceOfEvents(chart: Chart, receivedAt: number, notes: (string | undefined)[] = []) {
  return provenanceOf('yahoo', {
    feed: 'composite',
    receivedAt,
    state: chart.inSession ? 'live' : 'closed',
    notes
  })
}
