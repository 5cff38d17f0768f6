import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { GatewayEvents, GatewayOptions } from '../../src/gateway/gateway.ts'
import { parseBudget } from '../../src/gateway/budget.ts'
import { MarketHours, type HoursOf } from '../../src/market/market-hours.ts'
import type { Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import { CAPABILITIES, type Capability, type Provider, type ProviderName } from '../../src/providers/provider.ts'

export function provenanceOf(source: string): Provenance {
  return { source, feed: 'composite', receivedAt: '2026-03-02T15:00:00.000Z', state: 'live', attempts: [] }
}

export function aQuote(symbol: string, parts: Partial<Quote> = {}, source = 'yahoo'): Quote {
  return { symbol, price: 100, asOf: new Date().toISOString(), provenance: provenanceOf(source), ...parts }
}

/** A provider of quotes that answers every symbol of `prices` with that price, or as its function says. */
export function quoteProvider(
  name: ProviderName,
  answer: Record<string, number> | NonNullable<Provider['quotes']>,
  maxQuotesPerRequest = 100
): Provider & { asked: string[][] } {
  const asked: string[][] = []
  return {
    name,
    maxQuotesPerRequest,
    asked,
    covers: () => true,
    async quotes(symbols, signal) {
      asked.push([...symbols])
      if (typeof answer === 'function') return answer(symbols, signal)
      const known = symbols.filter((symbol) => symbol in answer)
      return new Map(known.map((symbol) => [symbol, aQuote(symbol, { price: answer[symbol]! }, name)]))
    }
  }
}

const EVERY_DAY = new MarketHours({
  exchange: 'TEST',
  name: 'Never shut',
  timeZone: 'America/New_York',
  weekdays: [0, 1, 2, 3, 4, 5, 6],
  hours: [{ from: '1970-01-01', regular: ['00:00', '24:00'] }],
  closed: [],
  special: []
})
/** What is tested at any hour must not depend on it. */
export const alwaysOpen: HoursOf = () => EVERY_DAY

export const silentLog: Pick<Logger, 'error' | 'warn' | 'info'> = { error() {}, warn() {}, info() {} }
export const silentEvents: GatewayEvents = { call() {}, quarantined() {}, diverged() {} }

type Market = Partial<Omit<GatewayOptions, 'providers'>> & {
  redis: Redis
  providers: readonly Provider[]
  budgets?: Partial<Record<ProviderName, string>>
}

/** The options of a gateway over the given providers, asked in the given order. */
export function marketOf({ providers, budgets = {}, ...options }: Market): GatewayOptions {
  const names = providers.map(({ name }) => name)
  const planOf = (name: ProviderName) => ({ plan: 'standard', budget: parseBudget(budgets[name] ?? '10000/day') })
  return {
    providers: new Map(providers.map((provider) => [provider.name, provider])),
    off: new Map(),
    plans: {
      yahoo: planOf('yahoo'),
      fmp: planOf('fmp'),
      'alpha-vantage': planOf('alpha-vantage'),
      tiingo: planOf('tiingo')
    },
    order: Object.fromEntries(CAPABILITIES.map((capability) => [capability, names])) as Record<
      Capability,
      ProviderName[]
    >,
    reservePercent: 30,
    userSharePercent: () => 25,
    upstreamTimeoutMs: 1200,
    requestDeadlineMs: 2000,
    divergencePercent: 2,
    market: 'live',
    hoursOf: alwaysOpen,
    events: silentEvents,
    log: silentLog,
    ...options
  }
}
