import type { VendorName } from '../providers/provider.ts'
import type { Purchase, Refusal, Window } from './budget.ts'

/**
 * How many processes may each spend from what was left when Redis went away without spending more than there was.
 * Nobody can count the processes during an outage, so this is a bound chosen for the largest usual set-up.
 */
const SHARES = 4

type Account = {
  readonly window: Window
  /** Spent by all processes, when Redis last said. */
  shared: number
  /** Spent by this process since then. */
  spent: number
  readonly symbols: Set<string>
}

/** What this process spent in a window while Redis was away; `symbols` in windows of symbols. */
export type Unbooked = { readonly window: Window; readonly requests: number; readonly symbols: readonly string[] }

/** Budgets of this process alone, for as long as Redis cannot be reached: careful shares of what was last seen left. */
export class OutageLedger {
  readonly #accounts = new Map<string, Account>()
  readonly #closures = new Map<VendorName, { until: number; toldUntil: number }>()
  readonly #probedAt = new Map<string, number>()

  /** Remembers what Redis told, so that an outage starts from the truth. */
  saw(windows: readonly Window[], used: readonly number[], symbols: readonly string[], now: number): void {
    this.#forgetEnded(now)
    for (const [index, window] of windows.entries()) {
      const account = this.#account(window)
      account.shared = used[index] ?? account.shared
      if (window.unit === 'symbols') for (const symbol of symbols) account.symbols.add(symbol)
    }
  }

  /** Spends this process's share, or says why not. */
  spend(windows: readonly Window[], purchase: Purchase, now: number): Refusal | undefined {
    this.#forgetEnded(now)
    const costs = windows.map((window) => {
      const account = this.#account(window)
      const fresh = purchase.symbols.filter((symbol) => !account.symbols.has(symbol))
      return { account, cost: window.unit === 'requests' ? purchase.requests : fresh.length }
    })
    const full = costs.filter(({ account, cost }) => cost > 0 && account.spent + cost > shareOf(account, purchase))
    if (full.length > 0) {
      return { outcome: 'budget_spent', opensAt: Math.max(...full.map(({ account }) => account.window.resetsAt)) }
    }
    for (const { account, cost } of costs) {
      account.spent += cost
      if (account.window.unit === 'symbols') for (const symbol of purchase.symbols) account.symbols.add(symbol)
    }
    return undefined
  }

  /** Closes a provider after a 429; `isTold` where the vendor said until when. */
  close(provider: VendorName, until: number, isTold: boolean): void {
    this.#closures.set(provider, {
      until: Math.max(until, this.closedUntil(provider)),
      toldUntil: Math.max(isTold ? until : 0, this.toldUntil(provider))
    })
  }

  reopen(provider: VendorName): void {
    this.#closures.delete(provider)
  }

  closedUntil(provider: VendorName): number {
    return this.#closures.get(provider)?.until ?? 0
  }

  toldUntil(provider: VendorName): number {
    return this.#closures.get(provider)?.toldUntil ?? 0
  }

  /** Spends for a probe of a capability, unless the last one is no `everyMs` ago. */
  spendProbe(windows: readonly Window[], purchase: Purchase, name: string, everyMs: number, now: number) {
    const dueAt = (this.#probedAt.get(name) ?? 0) + everyMs
    if (dueAt > now) return { outcome: 'rate_limited', opensAt: dueAt } as const
    const refusal = this.spend(windows, purchase, now)
    if (!refusal) this.#probedAt.set(name, now)
    return refusal
  }

  used(window: Window): number {
    const account = this.#accounts.get(window.key)
    return account ? account.shared + account.spent : 0
  }

  /** Hands over what a provider was asked during the outage, once. */
  takeUnbooked(provider: VendorName, now: number): Unbooked[] {
    this.#forgetEnded(now)
    return [...this.#accounts.values()].flatMap((account) => {
      if (account.window.provider !== provider || account.spent === 0) return []
      const unbooked = { window: account.window, requests: account.spent, symbols: [...account.symbols] }
      account.spent = 0
      return [unbooked]
    })
  }

  /** Takes back what could not be booked after all. */
  giveBack({ window, requests }: Unbooked): void {
    this.#account(window).spent += requests
  }

  #forgetEnded(now: number): void {
    for (const [key, { window }] of this.#accounts) if (window.resetsAt <= now) this.#accounts.delete(key)
  }

  #account(window: Window): Account {
    const existing = this.#accounts.get(window.key)
    if (existing) return existing
    const account = { window, shared: 0, spent: 0, symbols: new Set<string>() }
    this.#accounts.set(window.key, account)
    return account
  }
}

/** In seconds and minutes one request is always allowed: one too many there costs a short rest, none would cost the data. */
function shareOf({ window, shared }: Account, { priority }: Purchase): number {
  const share = Math.floor(Math.max(0, window.ceilings[priority] - shared) / SHARES)
  return window.per === 'second' || window.per === 'minute' ? Math.max(1, share) : share
}
