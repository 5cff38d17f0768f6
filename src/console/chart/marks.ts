import type { CorporateActions } from '../../client/client.ts'
import { api, wordsFor } from '../api.ts'
import { priceText } from '../format.ts'
import type { Mark } from './price-chart.ts'

/** The signs on the chart of a symbol, or in words why there are none. */
export async function askMarks(symbol: string): Promise<{ marks: readonly Mark[]; problem: string }> {
  try {
    const actions = await api().get('/api/v1/market/corporate-actions/{symbol}', { path: { symbol } })
    return { marks: marksOf(actions), problem: '' }
  } catch (error) {
    return { marks: [], problem: wordsFor(error) }
  }
}

/** Splits and dividends, oldest first. */
function marksOf({ splits, dividends }: CorporateActions): Mark[] {
  const ofSplits = (splits?.splits ?? []).map(({ exDate, ratio }): Mark => {
    const text = ratio >= 1 ? `Split ${numberText(ratio)} for 1` : `Reverse split 1 for ${numberText(1 / ratio)}`
    return { at: Date.parse(exDate), text, kind: 'split' }
  })
  const ofDividends = (dividends?.dividends ?? []).map(({ exDate, amount, currency }): Mark => ({
    at: Date.parse(exDate),
    text: `Dividend ${priceText(amount)} ${currency ?? ''}`.trim(),
    kind: 'dividend'
  }))
  return [...ofSplits, ...ofDividends].sort((a, b) => a.at - b.at)
}

const numberText = (value: number): string => String(Number(value.toFixed(3)))
