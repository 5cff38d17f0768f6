import type { Redis } from 'ioredis'
import { DAY_MS } from '../market/time.ts'
import type { ProviderName } from '../providers/provider.ts'
import type { CallOutcome } from './provider-record.ts'
import { isReachable, withinPatience } from './shared-redis.ts'

const SHARED_KEY = 'quotewire:provider-health'
/** Without a call for so long nothing is known of a provider. */
const SHARED_TTL_MS = 7 * DAY_MS
/** Other processes need not hear of each answer. */
const SHARE_ANSWERS_EVERY_MS = 1000

/** What the last calls to a provider came to, in whichever process. Instants are epoch milliseconds. */
export type ProviderHealth = {
  readonly lastSuccessAt?: number | undefined
  /** Of the first failure since its last answer. */
  readonly failingSince?: number | undefined
  readonly failure?: string | undefined
}

const FAILURES: ReadonlySet<CallOutcome> = new Set(['unavailable', 'bad_payload', 'unauthorized'])
/** That it lacks a thing a provider can only say where it lives. */
const ANSWERS: ReadonlySet<CallOutcome> = new Set(['answered', 'not_found', 'not_covered'])

/**
 * Whether providers answer, over all processes: a provider fails from its first failure until it answers anybody again.
 * Without Redis each process knows of its own calls.
 */
export class ProviderHealths {
  readonly #redis: Redis
  readonly #own = new Map<ProviderName, ProviderHealth>()
  readonly #sharedAt = new Map<ProviderName, number>()

  constructor(redis: Redis) {
    this.#redis = redis
  }

  /** Notes what a call came to; others, such as a refusal by rate, tell nothing. `at` in epoch milliseconds. */
  note(provider: ProviderName, outcome: CallOutcome, at: number): void {
    const own = this.#own.get(provider)
    if (FAILURES.has(outcome)) {
      this.#own.set(provider, { ...own, failingSince: own?.failingSince ?? at, failure: outcome })
      this.#share(
        this.#redis
          .multi()
          .hsetnx(SHARED_KEY, `${provider}:failingSince`, at)
          .hset(SHARED_KEY, `${provider}:failure`, outcome)
      )
    } else if (ANSWERS.has(outcome)) {
      this.#own.set(provider, { lastSuccessAt: at })
      const isKnown =
        own?.failingSince === undefined && at - (this.#sharedAt.get(provider) ?? 0) < SHARE_ANSWERS_EVERY_MS
      if (isKnown) return
      this.#sharedAt.set(provider, at)
      this.#share(
        this.#redis
          .multi()
          .hset(SHARED_KEY, `${provider}:lastSuccessAt`, at)
          .hdel(SHARED_KEY, `${provider}:failingSince`, `${provider}:failure`)
      )
    }
  }

  /** What is known of each provider that was ever called. Never rejects. */
  async read(): Promise<(provider: ProviderName) => ProviderHealth> {
    const shared = await this.#readShared()
    return (provider) => {
      const own = this.#own.get(provider) ?? {}
      if (!shared) return own
      const instant = (name: string) =>
        shared[`${provider}:${name}`] ? Number(shared[`${provider}:${name}`]) : undefined
      const successes = [own.lastSuccessAt, instant('lastSuccessAt')].filter((at) => at !== undefined)
      return {
        lastSuccessAt: successes.length > 0 ? Math.max(...successes) : undefined,
        failingSince: instant('failingSince'),
        failure: shared[`${provider}:failure`]
      }
    }
  }

  async #readShared(): Promise<Record<string, string> | undefined> {
    if (!isReachable(this.#redis)) return undefined
    return withinPatience(this.#redis.hgetall(SHARED_KEY)).catch(() => undefined)
  }

  /** What Redis does not hear of is told with the next call. */
  #share(changes: ReturnType<Redis['multi']>): void {
    changes.pexpire(SHARED_KEY, SHARED_TTL_MS)
    changes.exec().catch(() => undefined)
  }
}
