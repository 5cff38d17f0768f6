import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../market/time.ts'
import type { BudgetPeriod, BudgetWindow } from './budget.ts'

/** How soon a provider that rests is asked again while nobody else answers. */
const PROBE_EVERY_MS = 5000
/** What probes may cost: of a short window at most, of a long one at once, and of a long one spread over it. */
const SHARE_OF_SHORT = 0.5
const SHARE_AT_ONCE = 0.05
const SHARE_SPREAD = 0.25

const PERIOD_MS: Record<BudgetPeriod, number> = {
  second: SECOND_MS,
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
  month: 30 * DAY_MS
}

/** When a resting provider may be probed early: `burst` times every `everyMs`, from then on every `spreadMs`. */
export type ProbePace = { readonly everyMs: number; readonly burst: number; readonly spreadMs: number }

/**
 * How often a provider's budget lets it be probed while nobody else answers. An outage of an hour or so costs what is
 * asked every few seconds; a vendor that is away all day, or sells few calls, still has most of its budget on its return.
 */
export function probePaceOf(budget: readonly BudgetWindow[]): ProbePace {
  const requests = budget.filter(({ unit }) => unit === 'requests')
  const isLong = ({ per }: BudgetWindow) => per === 'day' || per === 'month'
  const long = requests.filter(isLong)
  const between = (windows: readonly BudgetWindow[], share: number) =>
    windows.map(({ per, limit }) => Math.ceil(PERIOD_MS[per] / (limit * share)))
  const everyMs = Math.max(
    PROBE_EVERY_MS,
    ...between(
      requests.filter((window) => !isLong(window)),
      SHARE_OF_SHORT
    )
  )
  return {
    everyMs,
    burst: Math.max(
      1,
      Math.min(Number.MAX_SAFE_INTEGER, ...long.map(({ limit }) => Math.floor(limit * SHARE_AT_ONCE)))
    ),
    spreadMs: Math.max(everyMs, ...between(long, SHARE_SPREAD))
  }
}
