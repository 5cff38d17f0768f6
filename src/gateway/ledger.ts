import { join } from 'node:path'
import type { Redis, Result } from 'ioredis'
import type { Logger } from 'pino'
import type { BudgetUse } from '../market/provider-status.ts'
import { DAY_MS, HOUR_MS, isoOf } from '../market/time.ts'
import type { Capability, ProviderError, VendorName, RateLimitScope } from '../providers/provider.ts'
import { defineScript } from '../redis/script.ts'
import { periodOf, type BudgetWindow, type Purchase, type Refusal, type Window } from './budget.ts'
import { OutageLedger } from './outage-ledger.ts'
import { probePaceOf, type ProbePace } from './probe-pace.ts'
import { isReachable, withinPatience } from './shared-redis.ts'

const SCRIPTS = ['spend-budget-n.lua', 'close-provider-n.lua']

/** How long Redis is left alone after it did not answer. */
const REDIS_REST_MS = 1000
/** Keys outlive their window, so that processes whose clocks differ a little count in the same one. */
const KEY_GRACE_MS = 60_000
/** Between probes that are further apart than this, a provider's outage counts as another one. */
const PROBES_KEPT_MS = HOUR_MS

/** What a vendor's edge does to an address lasts 5 to 15 minutes, whatever is asked meanwhile. */
const ADDRESS_REST_MS = 600_000
const UNSCOPED_REST_MS = 60_000
/** Some vendors refuse with `Retry-After: 0`, or with an instant where seconds belong: neither is taken at its word. */
const [MIN_TOLD_REST_MS, MAX_TOLD_REST_MS] = [1000, DAY_MS]
/**
 * A vendor's day need not end at midnight UTC. Where it names no Retry-After it is asked again after this long at the
 * latest, for a wrong guess must not cost the whole next day.
 */
const MAX_GUESSED_REST_MS = 6 * HOUR_MS

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** See spend-budget-n.lua. */
    spendBudget(keys: number, ...keysAndArgs: (string | number)[]): Result<SpendReply, Context>
    /** See close-provider-n.lua. */
    closeProvider(keys: number, ...keysAndArgs: (string | number)[]): Result<null, Context>
  }
}

export type LedgerOptions = {
  redis: Redis
  budgets: ReadonlyMap<VendorName, readonly BudgetWindow[]>
  /** Share of every window longer than a second that background work leaves to people. */
  reservePercent: number
  /** Share of every window longer than a second that one user may spend; read with each purchase. */
  userSharePercent: () => number
  log: Pick<Logger, 'warn' | 'info'>
  now: () => number
}

type SpendReply = ['ok' | 'closed' | 'full' | 'share', number, ...number[]]

/**
 * What every provider has been asked, shared by all processes through Redis. A purchase fits all of a provider's windows
 * or is refused and spends nothing.
 *
 * What is spent stays spent even when the request failed: whether a vendor counted it cannot be known (a timeout comes
 * after sending), and giving back too much would overdraw. A dead vendor's circuit opens before that costs much.
 *
 * While Redis cannot be reached, the process budgets alone from a careful share, and books it once Redis is back.
 */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #outage = new OutageLedger()
  #redisRestsUntil = 0
  #away = false

  constructor(options: LedgerOptions) {
    this.#options = options
    for (const file of SCRIPTS) defineScript(options.redis, join(import.meta.dirname, file))
  }

  /** Spends, or says why not. */
  async spend(provider: VendorName, purchase: Purchase): Promise<Refusal | undefined> {
    const { now } = this.#options
    const toldUntil = this.#outage.toldUntil(provider)
    if (toldUntil > now()) return { outcome: 'rate_limited', opensAt: toldUntil }

    const windows = this.#windows(provider)
    return this.#shared<Refusal | undefined>(
      async () => {
        await this.#book(provider)
        const [verdict, until, ...used] = await this.#runSpend(provider, windows, purchase)
        this.#outage.saw(windows, used, verdict === 'ok' ? purchase.symbols : [], now())
        if (verdict === 'ok') return undefined
        if (verdict === 'closed') return { outcome: 'rate_limited', opensAt: until }
        return { outcome: 'budget_spent', opensAt: until, ...(verdict === 'share' && { isOfShare: true }) }
      },
      () => this.#spendAlone(provider, windows, purchase)
    )
  }

  /** Closes a provider to every process after a 429 of its own; returns the instant it opens again. */
  async rest(
    provider: VendorName,
    { retryAfterMs, scope }: Pick<ProviderError, 'retryAfterMs' | 'scope'>
  ): Promise<number> {
    const { redis, now } = this.#options
    const told =
      retryAfterMs === undefined ? undefined : Math.min(MAX_TOLD_REST_MS, Math.max(MIN_TOLD_REST_MS, retryAfterMs))
    const until = Math.ceil(told === undefined ? guessedEnd(provider, scope, now()) : now() + told)
    const isTold = told !== undefined
    const keys = isTold ? [closedKey(provider), toldKey(provider)] : [closedKey(provider)]
    this.#outage.close(provider, until, isTold)
    await this.#shared(
      () => redis.closeProvider(keys.length, ...keys, until, Math.max(1, until - now()) + KEY_GRACE_MS),
      () => undefined
    )
    return until
  }

  /** Ends a closure that was guessed, and the count of probes, after a probe that the provider answered. */
  async reopen(provider: VendorName, capability: Capability): Promise<void> {
    const { redis } = this.#options
    this.#outage.reopen(provider)
    await this.#shared(
      () => redis.del(closedKey(provider), probeKey(provider, capability)),
      () => 0
    )
  }

  /** How much of each window is used, and until when a 429 closed the provider. */
  async use(provider: VendorName): Promise<{ budget: BudgetUse[]; closedUntil: number | undefined }> {
    const { redis, now } = this.#options
    const windows = this.#windows(provider)
    const [closed, ...used] = await this.#shared(
      () =>
        Promise.all([
          redis.get(closedKey(provider)).then(Number),
          ...windows.map(({ key, unit }) => (unit === 'requests' ? redis.get(key).then(Number) : redis.scard(key)))
        ]),
      () => [this.#outage.closedUntil(provider), ...windows.map((window) => this.#outage.used(window))]
    )
    const budget = windows.map(({ unit, per, limit, resetsAt }, index) => ({
      unit,
      per,
      limit,
      used: used[index] ?? 0,
      left: Math.max(0, limit - (used[index] ?? 0)),
      resetsAt: isoOf(resetsAt)
    }))
    return { budget, closedUntil: closed && closed > now() ? closed : undefined }
  }

  async #runSpend(provider: VendorName, windows: readonly Window[], purchase: Purchase): Promise<SpendReply> {
    const { redis, now } = this.#options
    const { requests, priority, symbols, user, probes } = purchase
    const { everyMs, burst, spreadMs } = this.#paceOf(provider)
    const mode = probes === undefined ? 'check' : 'probe'
    const userKeys = user === undefined ? [] : windows.map(({ key }) => `${key}:user:${user}`)
    const keys = [...providerKeys(provider, probes), ...windows.map(({ key }) => key), ...userKeys]
    const pace = [everyMs, burst, spreadMs, spreadMs + PROBES_KEPT_MS]
    const args = [now(), mode, requests, windows.length, ...pace]
    args.push(...windows.flatMap((window) => argsOf(window, window.ceilings[priority], now())), ...symbols)
    return redis.spendBudget(keys.length, ...keys, ...args)
  }

  #spendAlone(provider: VendorName, windows: readonly Window[], purchase: Purchase): Refusal | undefined {
    const now = this.#options.now()
    const { probes } = purchase
    if (probes !== undefined) {
      const { everyMs } = this.#paceOf(provider)
      return this.#outage.spendProbe(windows, purchase, probeKey(provider, probes), everyMs, now)
    }
    const closedUntil = this.#outage.closedUntil(provider)
    if (closedUntil > now) return { outcome: 'rate_limited', opensAt: closedUntil }
    return this.#outage.spend(windows, purchase, now)
  }

  #paceOf(provider: VendorName): ProbePace {
    return probePaceOf(this.#options.budgets.get(provider) ?? [])
  }

  /** Books what this process spent while Redis was away. */
  async #book(provider: VendorName): Promise<void> {
    const { redis, now } = this.#options
    for (const unbooked of this.#outage.takeUnbooked(provider, now())) {
      const { window, requests, symbols } = unbooked
      try {
        const keys = [...providerKeys(provider), window.key]
        const args = [now(), 'record', requests, 1, 0, 0, 0, 0, ...argsOf(window, requests, now()), ...symbols]
        await redis.spendBudget(keys.length, ...keys, ...args)
      } catch (error) {
        this.#outage.giveBack(unbooked)
        throw error
      }
    }
  }

  /** Asks Redis within our patience; else, and for a moment after, answers from this process. */
  async #shared<T>(ask: () => Promise<T>, alone: () => T): Promise<T> {
    const { redis, log } = this.#options
    if (!isReachable(redis) || performance.now() < this.#redisRestsUntil) return this.#goAlone(alone)
    try {
      const answer = await withinPatience(ask())
      if (this.#away) log.info('Redis is back: provider budgets are shared again')
      this.#away = false
      return answer
    } catch (error) {
      this.#redisRestsUntil = performance.now() + REDIS_REST_MS
      return this.#goAlone(alone, error)
    }
  }

  #goAlone<T>(alone: () => T, error?: unknown): T {
    if (!this.#away) {
      this.#options.log.warn({ err: error }, 'Redis cannot be reached: provider budgets are kept by each process alone')
    }
    this.#away = true
    return alone()
  }

  #windows(provider: VendorName): Window[] {
    const { budgets, reservePercent, userSharePercent, now } = this.#options
    const sharePercent = userSharePercent()
    return (budgets.get(provider) ?? []).map((window) => {
      const { startsAt, endsAt } = periodOf(provider, window.per, now())
      const reserved = window.per === 'second' ? 0 : Math.floor((window.limit * reservePercent) / 100)
      return {
        ...window,
        provider,
        key: `quotewire:budget:${provider}:${window.unit}:${window.per}:${startsAt}`,
        resetsAt: endsAt,
        ceilings: { interactive: window.limit, background: window.limit - reserved },
        share: window.per === 'second' ? window.limit : Math.max(1, Math.floor((window.limit * sharePercent) / 100))
      }
    })
  }
}

const closedKey = (provider: VendorName) => `quotewire:budget:${provider}:closed-until`
/** Of closures that the vendor told; those that we guessed may be probed. */
const toldKey = (provider: VendorName) => `quotewire:budget:${provider}:told-until`
const probeKey = (provider: VendorName, capability: string) => `quotewire:budget:${provider}:probes:${capability}`
const providerKeys = (provider: VendorName, probes: Capability | 'none' = 'none') => [
  closedKey(provider),
  toldKey(provider),
  probeKey(provider, probes)
]

function argsOf({ unit, resetsAt, share }: Window, ceiling: number, now: number): (string | number)[] {
  return [unit, ceiling, resetsAt, resetsAt - now + KEY_GRACE_MS, share]
}

function guessedEnd(provider: VendorName, scope: RateLimitScope | undefined, now: number): number {
  if (scope === undefined) return now + UNSCOPED_REST_MS
  if (scope === 'address') return now + ADDRESS_REST_MS
  return Math.min(periodOf(provider, scope, now).endsAt, now + MAX_GUESSED_REST_MS)
}
