import type { BudgetUse, ProviderStatus } from '../src/market/provider-status.ts'
import { DAY_MS, HOUR_MS } from '../src/market/time.ts'

const PERIOD_MS: Partial<Record<BudgetUse['per'], number>> = { hour: HOUR_MS, day: DAY_MS }

export type Means = { readonly reservePercent: number; readonly now: number }

/**
 * How many requests background work may make of a provider now. It never touches what is reserved for people, and it
 * spends the budget of an hour, a day or a month evenly over it: what was not needed so far may be used later on, but a
 * small daily budget is not gone by breakfast. The ledger has the last word.
 */
export function affordableRequests({ budget, closedUntil }: ProviderStatus, { reservePercent, now }: Means): number {
  if (closedUntil !== undefined) return 0
  const affordable = budget
    .filter(({ unit }) => unit === 'requests')
    .map((window) => {
      const reserved = window.per === 'second' ? 0 : Math.floor((window.limit * reservePercent) / 100)
      return Math.floor((window.limit - reserved) * shareOver(window, now)) - window.used
    })
  return Math.max(0, Math.min(...affordable))
}

/** How many quotes can be renewed now, by all providers together. */
export function affordableQuotes(statuses: readonly ProviderStatus[], means: Means): number {
  return capable(statuses, 'quotes').reduce(
    (sum, status) => sum + affordableRequests(status, means) * (status.quotesPerRequest ?? 1),
    0
  )
}

/** Whether some provider can be asked for something else. */
export function isAffordable(statuses: readonly ProviderStatus[], capability: string, means: Means): boolean {
  return capable(statuses, capability).some((status) => affordableRequests(status, means) > 0)
}

/** Whether some provider rests after failures or a 429. */
export function isAtRest(statuses: readonly ProviderStatus[], capability: string): boolean {
  return statuses.some(
    ({ enabled, capabilities, breakers, closedUntil }) =>
      enabled && capabilities.includes(capability) && (breakers[capability] === 'open' || closedUntil !== undefined)
  )
}

function capable(statuses: readonly ProviderStatus[], capability: string): ProviderStatus[] {
  return statuses.filter(
    ({ enabled, capabilities, breakers }) =>
      enabled && capabilities.includes(capability) && breakers[capability] !== 'open'
  )
}

/** The part of a window's period that is over; a short one may be spent at once. */
function shareOver({ per, resetsAt }: BudgetUse, now: number): number {
  if (per === 'second' || per === 'minute') return 1
  const end = Date.parse(resetsAt)
  const start =
    per === 'month' ? Date.UTC(new Date(end).getUTCFullYear(), new Date(end).getUTCMonth() - 1, 1) : undefined
  const length = start === undefined ? PERIOD_MS[per]! : end - start
  return Math.min(1, Math.max(0, 1 - (end - now) / length))
}
