import { onTestFinished } from 'vitest'
import type { Adjustment, BarRequest } from '../../src/market/bar.ts'
import { json, signal, vendorServer, type Asked, type Reply } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'
import { shippedHours } from '../support/hours.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'

export const NOW = Date.UTC(2026, 6, 29, 20)
export const CHART = '/v8/finance/chart/'
export const QUOTE = '/v7/finance/quote'

/** An adapter in front of a vendor that answers as told, until the test ends. */
export async function connect<Adapter extends { close(): Promise<void> }>(
  make: (options: {
    apiKey: string
    baseUrl: string
    timeoutMs: number
    plan: 'standard'
    hoursOf: HoursOf
    now: () => number
  }) => Adapter,
  answer: Reply | ((asked: Asked) => Reply)
) {
  const { url } = await vendorServer(typeof answer === 'function' ? answer : () => answer)
  const provider = make({
    hoursOf: shippedHours,
    apiKey: 'k',
    baseUrl: url,
    timeoutMs: 5000,
    plan: 'standard',
    now: () => NOW
  })
  onTestFinished(() => provider.close())
  return provider
}

/** July, day by day. */
export const daily = (symbol: string, adjusted: Adjustment): BarRequest => ({
  symbol,
  interval: '1d',
  from: Date.UTC(2026, 6, 1),
  to: NOW,
  adjusted
})

function yahooQuote(symbol: string, more: object) {
  const row = { symbol, quoteType: 'EQUITY', regularMarketPrice: 309, regularMarketTime: NOW / 1000 - 60, ...more }
  return standIn({ [QUOTE]: json({ quoteResponse: { result: [row], error: null } }) }, { now: () => NOW })
}

/** What Yahoo's adapter makes of a row with these members. */
export async function quoted(symbol: string, more: object) {
  const { provider } = await yahooQuote(symbol, more)
  return (await provider.quotes!([symbol], signal)).get(symbol)
}

/** Three sessions, all four prices alike, of a listing in London. */
export function yahooChart(meta: object, events: object, prices: unknown[] = [300, 300, 300]) {
  const timestamp = [20, 21, 22].map((day) => Date.UTC(2026, 6, day, 7) / 1000)
  const columns = { open: prices, high: prices, low: prices, close: prices, volume: [1, 2, 3] }
  const whole = { exchangeTimezoneName: 'Europe/London', instrumentType: 'EQUITY', currency: 'GBp', ...meta }
  const result = [{ meta: whole, timestamp, events, indicators: { quote: [columns] } }]
  return standIn({ [CHART]: json({ chart: { result, error: null } }) }, { now: () => NOW })
}
