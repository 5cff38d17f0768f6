import type { Priority } from '../market/market-data.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../market/time.ts'
import { instantOf, partsOf } from '../market/zoned-time.ts'
import type { Capability, VendorName } from '../providers/provider.ts'

export type BudgetPeriod = 'second' | 'minute' | 'hour' | 'day' | 'month'

/** One limit of a provider: so many requests, or so many different symbols, in each period. */
export type BudgetWindow = {
  readonly limit: number
  readonly unit: 'requests' | 'symbols'
  readonly per: BudgetPeriod
}

const WINDOW = /^(\d{1,9})(?:\s+(requests|symbols))?\/(second|minute|hour|day|month)$/

/**
 * Reads a budget such as `250/minute, 10000/day, 500 symbols/month`.
 * Throws TypeError saying what a limit looks like.
 */
export function parseBudget(text: string): BudgetWindow[] {
  return text.split(',').map((part, index) => {
    const match = WINDOW.exec(part.trim())
    const limit = Number(match?.[1])
    if (!match || limit < 1) {
      throw new TypeError(`part ${index + 1} is not a limit; write for example 250/minute or 500 symbols/month`)
    }
    return { limit, unit: match[2] === 'symbols' ? 'symbols' : 'requests', per: match[3] as BudgetPeriod }
  })
}

export type Period = { readonly startsAt: number; readonly endsAt: number }

const PERIOD_MS = { second: SECOND_MS, minute: MINUTE_MS, hour: HOUR_MS }

/**
 * Where a provider's days and months begin, if not at midnight UTC. Counted in another zone than the vendor's, a small
 * quota that begins anew would be found spent already.
 */
const QUOTA_ZONES: Partial<Record<VendorName, string>> = { 'alpha-vantage': 'America/New_York' }

/** The period of a provider's that an instant falls in: `startsAt` inclusive, `endsAt` exclusive, epoch milliseconds. */
export function periodOf(provider: VendorName, per: BudgetPeriod, instant: number): Period {
  return periodAt(per, instant, QUOTA_ZONES[provider])
}

/** Fewer calls than this are too few to spend them on symbols that are most likely unknown. */
const MANY = { minute: 30, day: 2000 }
const DAYS = { hour: 1 / 24, day: 1, month: 30 }

/** Whether a provider sells few calls, or counts different symbols. */
export function sellsFewCalls(budget: readonly BudgetWindow[]): boolean {
  return budget.some(({ unit, per, limit }) => {
    if (unit === 'symbols') return true
    if (per === 'second') return false
    return per === 'minute' ? limit < MANY.minute : limit / DAYS[per] < MANY.day
  })
}

/** The period an instant falls in; days and months begin at midnight of the zone. */
export function periodAt(per: BudgetPeriod, instant: number, zone = 'UTC'): Period {
  if (per !== 'day' && per !== 'month') {
    const startsAt = Math.floor(instant / PERIOD_MS[per]) * PERIOD_MS[per]
    return { startsAt, endsAt: startsAt + PERIOD_MS[per] }
  }
  const { year, month, day } = partsOf(zone, instant)
  const [first, next] = per === 'day' ? [day, [month, day + 1]] : [1, [month + 1, 1]]
  return { startsAt: instantOf(zone, year, month, first), endsAt: instantOf(zone, year, next[0]!, next[1]!) }
}

/** One request to a provider: what it costs, and whom it is for. */
export type Purchase = {
  readonly requests: number
  /** The symbols it names, for budgets of unique symbols; one counted already in the period is free. */
  readonly symbols: readonly string[]
  readonly priority: Priority
  /** Whose share of the budget it is taken from; nobody's where it is nobody's request. */
  readonly user?: string | undefined
  /** A probe of a provider that rests, of one capability: refused only where the vendor itself told us to wait. */
  readonly probes?: Capability | undefined
}

/** `budget_spent`: a window is full. `rate_limited`: a 429 of the vendor's own closed the provider. */
export type Refusal = {
  readonly outcome: 'budget_spent' | 'rate_limited'
  readonly opensAt: number
  /** Others may still spend: the user's share is. */
  readonly isOfShare?: boolean
}

/** One of a provider's windows at an instant. */
export type Window = BudgetWindow & {
  readonly provider: VendorName
  readonly key: string
  readonly resetsAt: number
  /** How far each priority may fill it. */
  readonly ceilings: Readonly<Record<Priority, number>>
  /** How far one user may fill it. */
  readonly share: number
}
