import type { Feed, Problem } from './feed.ts'

const FIRST_DELAY_MS = 1000
const MAX_DELAY_MS = 60_000
const JITTER = 0.2

/**
 * How long to wait before the next attempt: a second, doubled each time up to a minute, a fifth more or less, so that not all
 * who lost a vendor come back at once. It begins anew only where somebody says that a connection proved itself.
 */
export class Backoff {
  readonly #random: () => number
  #attempts = 0

  /** `random` as Math.random. */
  constructor(random: () => number) {
    this.#random = random
  }

  nextMs(): number {
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#attempts++, MAX_DELAY_MS)
    return Math.round(delayMs * (1 - JITTER + 2 * JITTER * this.#random()))
  }

  reset(): void {
    this.#attempts = 0
  }
}

/** Plans change by the hand of people. */
const ENTITLEMENT_REST_MS = 15 * 60_000
const LEAST_CAPACITY_REST_MS = 60_000

/** How long a feed is left alone at least after a problem, however seldom it had one. */
export function restMs({ kind }: Problem, { ghostMs }: Feed): number {
  if (kind === 'entitlement') return ENTITLEMENT_REST_MS
  return kind === 'capacity' ? Math.max(ghostMs, LEAST_CAPACITY_REST_MS) : 0
}
