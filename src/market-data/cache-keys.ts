import type { BarRequest } from '../market/bar.ts'
import { isoOf } from '../market/time.ts'

/** No symbol can hold it. */
const SEPARATOR = '|'

/** `AAPL:10`: the last part is the number of stories, whatever the symbol holds. */
export const newsKey = (symbol: string, limit: number) => `${symbol}:${limit}`

/** `apple:10`. */
export const searchKey = (query: string, limit: number) => `${query.toLowerCase()}:${limit}`

/** `AAPL|2026-12-18`; `AAPL|` for the nearest expiry: a symbol may itself look like `AAPL:2026-12-18`. */
export const optionsKey = (symbol: string, expiry: string | undefined) => symbol + SEPARATOR + (expiry ?? '')

/**
 * `AAPL:1y:1d` for a period, `AAPL:2020-01-02T00:00:00.000Z..2021-01-04T00:00:00.000Z:1d` for a range; the adjustment
 * follows where not `splits`. Symbols have no lower case and no range fits into one, so it is read from its end.
 */
export function barsKey({ symbol, interval, from, to, adjusted, period }: BarRequest): string {
  const range = period ?? `${isoOf(from)}..${isoOf(to)}`
  return `${symbol}:${range}:${interval}${adjusted === 'splits' ? '' : `:${adjusted}`}`
}
