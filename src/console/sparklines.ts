import { html, nothing, svg, type TemplateResult } from 'lit'
import { api } from './api.ts'

const WIDTH = 96
const HEIGHT = 32
const MARGIN = 2

/** Closes of the newest session, oldest first. */
export type Closes = readonly number[]

/** Closes to draw small lines of, for at most 100 symbols; those that have none are missing. */
export async function sparklinesOf(symbols: readonly string[]): Promise<ReadonlyMap<string, Closes>> {
  if (symbols.length === 0) return new Map()
  const { sparklines } = await api().get('/api/v1/market/sparklines', { query: { symbols: symbols.join(',') } })
  return new Map(sparklines.map(({ symbol, closes }) => [symbol, closes]))
}

/** A small line of closes; `direction` colours it. */
export function sparkline(closes: Closes | undefined, direction: string): TemplateResult | typeof nothing {
  if (!closes || closes.length < 2) return nothing
  const low = Math.min(...closes)
  const high = Math.max(...closes)
  const x = (at: number) => MARGIN + (at * (WIDTH - 2 * MARGIN)) / (closes.length - 1)
  const y = (close: number) => HEIGHT - MARGIN - ((close - low) * (HEIGHT - 2 * MARGIN)) / (high - low || 1)
  const points = closes.map((close, at) => `${x(at).toFixed(1)},${y(close).toFixed(1)}`).join(' ')
  const area = `${MARGIN},${HEIGHT} ${points} ${WIDTH - MARGIN},${HEIGHT}`
  return html`<svg class="sparkline ${direction}" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">
    ${svg`<polygon points=${area} /><polyline points=${points} />`}
  </svg>`
}
