import { LRUCache } from 'lru-cache'
import type { Gateway } from '../gateway/gateway.ts'
import {
  CHAIN_MEMBERS,
  completed,
  identityOfSymbol,
  isIncomplete,
  learned,
  MATCH_MEMBERS,
  PROFILE_MEMBERS,
  QUOTE_MEMBERS,
  type Identified,
  type Identity
} from '../market/identity.ts'
import type { Quote } from '../market/quote.ts'
import { withTimeout } from '../timeout.ts'

/** A whole market's worth; those that passed longest ago are forgotten, and looked up again. */
const MAX_IDENTITIES = 20_000
/** What is not stored now, another process may store. */
const LOOK_UP_AGAIN_MS = 600_000
/** A value is never kept waiting longer than this for a name; after a failure no look-up is tried for a while. */
const LOOK_UP_WITHIN_MS = 250
const PAUSE_AFTER_FAILURE_MS = 5000

/** What Postgres knows of symbols; one that it does not know is missing. */
export type StoredIdentities = (symbols: readonly string[]) => Promise<ReadonlyMap<string, Identity>>

type Entry = { identity: Identity; lookedUpAt: number }

/**
 * The gateway's values under the same names whichever vendor told them: what one vendor does not say of an instrument is
 * carried over from what others said before. In order: the value held, what passed through this process, Postgres, the
 * symbol's spelling. Postgres is asked once for all symbols of an answer, and only where something is missing.
 */
export function withIdentities(gateway: Gateway, stored: StoredIdentities): Gateway {
  const known = new KnownIdentities(stored)
  return {
    ...gateway,
    async quotes(symbols, ask) {
      for (const quote of ask.held?.values() ?? []) known.recall(quote)
      const answers = await gateway.quotes(symbols, ask)
      const told = [...answers].flatMap(([symbol, quote]) => (quote instanceof Error ? [] : [[symbol, quote] as const]))
      const quotes = await known.complete(
        told.map(([, quote]) => quote),
        QUOTE_MEMBERS
      )
      return new Map([...answers, ...told.map(([symbol], index) => [symbol, quotes[index]!] as const)])
    },
    profile: async (symbol, ask) => (await known.complete([await gateway.profile(symbol, ask)], PROFILE_MEMBERS))[0]!,
    options: async (symbol, expiry, ask) =>
      (await known.complete([await gateway.options(symbol, expiry, ask)], CHAIN_MEMBERS))[0]!,
    async search(query, limit, ask) {
      const result = await gateway.search(query, limit, ask)
      return { ...result, matches: await known.complete(result.matches, MATCH_MEMBERS) }
    },
    async indices(ask) {
      const result = await gateway.indices(ask)
      return { ...result, indices: await known.complete(result.indices, QUOTE_MEMBERS) }
    },
    async movers(type, ask) {
      const result = await gateway.movers(type, ask)
      return { ...result, movers: await known.complete(result.movers, QUOTE_MEMBERS) }
    }
  }
}

class KnownIdentities {
  readonly #stored: StoredIdentities
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_IDENTITIES })
  #pausedUntil = 0

  constructor(stored: StoredIdentities) {
    this.#stored = stored
  }

  /** Takes from a value that was had before what is not known yet. */
  recall(value: Identified): void {
    const entry = this.#entry(value.symbol)
    const { symbol: _, ...identity } = completed(
      { symbol: value.symbol, ...entry.identity },
      learned({}, value),
      PROFILE_MEMBERS
    )
    entry.identity = identity
  }

  /** The values, complete as far as is known, in their order; what they tell is known from now on. */
  async complete<Value extends Identified>(
    values: readonly Value[],
    members: Parameters<typeof isIncomplete>[1]
  ): Promise<Value[]> {
    const now = Date.now()
    const unknown = values.flatMap((value) => {
      const { identity, lookedUpAt } = this.#entry(value.symbol)
      const isOpen = isIncomplete({ ...identity, ...value }, members)
      return isOpen && now - lookedUpAt >= LOOK_UP_AGAIN_MS ? [value.symbol] : []
    })
    if (unknown.length > 0 && now >= this.#pausedUntil) await this.#lookUp(unknown, now)
    return values.map((value) => {
      const entry = this.#entry(value.symbol)
      const whole = completed(value, entry.identity, members)
      if (!isDoubted(value)) entry.identity = learned(entry.identity, value)
      return whole
    })
  }

  #entry(symbol: string): Entry {
    const known = this.#entries.get(symbol)
    if (known) return known
    const entry = { identity: identityOfSymbol(symbol), lookedUpAt: -Infinity }
    this.#entries.set(symbol, entry)
    return entry
  }

  /** Names are no reason to fail: without Postgres the values are served with what else is known. */
  async #lookUp(symbols: readonly string[], now: number): Promise<void> {
    const stored = this.#stored(symbols).catch(() => undefined)
    const found = await withTimeout(stored, LOOK_UP_WITHIN_MS, () => undefined)
    if (!found) {
      this.#pausedUntil = now + PAUSE_AFTER_FAILURE_MS
      return
    }
    for (const symbol of symbols) {
      this.#entry(symbol).lookedUpAt = now
      const identity = found.get(symbol)
      if (identity) this.recall({ symbol, ...identity })
    }
  }
}

/** A doubted quote may be another instrument's. */
function isDoubted(value: Identified & Partial<Pick<Quote, 'provenance'>>): boolean {
  return value.provenance?.state === 'suspect'
}
