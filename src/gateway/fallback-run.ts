import { MarketDataUnavailable, SymbolNotFound, type ApiError } from '../errors.ts'
import type { Attempt, AttemptOutcome, Provenance } from '../market/provenance.ts'
import { HOUR_MS, MINUTE_MS } from '../market/time.ts'
import type { ProviderName } from '../providers/provider.ts'
import type { Failure } from './provider-calls.ts'
import { withDoubts, type Doubt, type Judgement } from './quality.ts'

/** When asking again makes sense after an attempt that did not say so itself. */
const RETRY_AFTER_MS: Record<AttemptOutcome, number> = {
  rate_limited: 60_000,
  budget_spent: 60_000,
  circuit_open: 5000,
  unavailable: 5000,
  bad_payload: 5000,
  rejected_by_quality: 5000,
  unauthorized: 600_000,
  not_covered: HOUR_MS,
  not_found: HOUR_MS,
  not_asked: HOUR_MS
}

/** A provider of many calls whose quota opens later than this is not waited for, where others were asked and have nothing. */
const WORTH_WAITING_MS = MINUTE_MS
const OUTCOMES_OF_QUOTA: ReadonlySet<AttemptOutcome> = new Set(['budget_spent', 'rate_limited'])
const OUTCOMES_OF_UNKNOWN: ReadonlySet<AttemptOutcome> = new Set(['not_found', 'not_covered', 'not_asked'])

/** How the note ends that a second provider said the same as the one that was doubted. */
export const CONFIRMED = 'confirms the price'

export type Sourced = { readonly provenance: Provenance }

/** A provider's value and what the quality gate said of it. */
export type Offer<T> = Judgement<T> & { readonly provider: ProviderName; readonly durationMs: number }

/** How values of one kind are weighed against each other, and who hears of those that lost. */
export type Arbitration<T> = {
  /** How far apart two values are, in percent; undefined, or absent, where they cannot be compared. */
  readonly divergence?: (value: T, other: T) => number | undefined
  readonly divergencePercent: number
  readonly onDoubted: (subject: string, offer: Offer<T>) => void
  readonly onDiverged: (subject: string, percent: number, providers: [string, string]) => void
}

/**
 * The search for one value down the list of providers. It ends with the first value that no rule doubts. A doubtful one is
 * kept while the next provider is asked: where both agree it is confirmed, where a clean one contradicts it is dropped,
 * and where nobody else answers it is served as suspect. One that only lacks something yields to a whole one, and is
 * preferred to one that may be wrong.
 */
export class FallbackRun<T extends Sourced> {
  readonly subject: string
  readonly #arbitration: Arbitration<T>
  readonly #attempts: Attempt[] = []
  readonly #opensAt: number[] = []
  /** A provider that was asked has nothing of it. */
  #isLacking = false
  readonly #ofFewCalls = new Set<string>()
  /** A provider has something of the subject, though not what was asked for, or nothing that could be trusted. */
  #isKnown = false
  /** Somebody else may be given it: what this user is told is not remembered for others. */
  #isOfShare = false
  #answer: T | undefined
  #doubtful: Offer<T> | undefined
  /** Was rejected, for nothing that a second provider could not confirm. */
  #rejected: Offer<T> | undefined

  constructor(subject: string, arbitration: Arbitration<T>) {
    this.subject = subject
    this.#arbitration = arbitration
  }

  get isSettled(): boolean {
    return this.#answer !== undefined
  }

  /** Whether something can be served, be it doubtful. */
  get hasValue(): boolean {
    return this.isSettled || this.#doubtful !== undefined
  }

  /** Whether a provider was passed over because it rests after failures or a 429. */
  wasAtRest(provider: ProviderName): boolean {
    return this.#attempts.some((attempt) => attempt.provider === provider && isAtRest(attempt))
  }

  /** Takes back that a provider was passed over: it was asked after all. */
  withdraw(provider: ProviderName): void {
    const index = this.#attempts.findIndex((attempt) => attempt.provider === provider && isAtRest(attempt))
    if (index === -1) return
    this.#attempts.splice(index, 1)
    this.#opensAt.splice(index, 1)
  }

  /** A provider that was passed over is probed at an instant (epoch ms) before its rest is over. */
  opensSooner(provider: ProviderName, opensAt = Infinity): void {
    const index = this.#attempts.findIndex((attempt) => attempt.provider === provider)
    if (index !== -1) this.#opensAt[index] = Math.min(opensAt, this.#opensAt[index]!)
  }

  /** Who was asked and does not know the subject. */
  get deniedBy(): ProviderName[] {
    return this.#attempts.flatMap(({ provider, outcome }) =>
      outcome === 'not_found' ? [provider as ProviderName] : []
    )
  }

  failed({ attempt, opensAt, isOfRequest, isOfShare, isOfFewCalls, hasNothing }: Failure, now: number): void {
    this.#isLacking ||= hasNothing === true
    if (isOfFewCalls) this.#ofFewCalls.add(attempt.provider)
    this.#isOfShare ||= isOfShare === true
    this.#isKnown ||= isOfRequest === true || attempt.outcome === 'rejected_by_quality'
    this.#attempts.push(attempt)
    this.#opensAt.push(opensAt ?? now + RETRY_AFTER_MS[attempt.outcome])
  }

  offered(offer: Offer<T>, now: number): void {
    const earlier = this.#doubtful
    if (offer.doubts.some(({ severity }) => severity === 'hard')) this.#refuse(offer, now)
    else if (!earlier) this.#receive(offer)
    else if (this.#agree(earlier, offer)) this.#answer = agreed(earlier, offer)
    else if (offer.doubts.length > 0 && (!hasGapsOnly(offer) || hasGapsOnly(earlier))) this.#reject(offer, now)
    else {
      this.#reject(earlier, now)
      this.#receive(offer)
    }
  }

  /** The value to serve, with what was tried; undefined where there is none. */
  value(): T | undefined {
    const doubtful = this.#doubtful
    if (!this.#answer && doubtful) this.#arbitration.onDoubted(this.subject, doubtful)
    const value = this.#answer ?? (doubtful && withDoubts(doubtful.value, doubtful.doubts))
    return value && { ...value, provenance: { ...value.provenance, attempts: this.#attempts } }
  }

  /**
   * Why there is no value. A symbol counts as unknown where providers that were asked do not know it and none shows that
   * there is one; one that does not cover it has no say, and one that sells few calls is not asked after two denials.
   * As long as others could not be asked, the symbol is not unknown but cannot be had. What none of them has is not covered;
   * nor is what those that were asked do not have, while the quota of the others is spent for long, or is one of few calls.
   */
  error(now: number, isOfSymbol: boolean): ApiError {
    const outcomes = this.#attempts.map(({ outcome }) => outcome)
    const isDenied = isOfSymbol && outcomes.includes('not_found') && !this.#isKnown
    if (isDenied && outcomes.every((outcome) => OUTCOMES_OF_UNKNOWN.has(outcome))) {
      return new SymbolNotFound(this.subject, this.#attempts)
    }
    const opensAt = Math.min(...this.#opensAt, now + RETRY_AFTER_MS.not_covered)
    const retryAfterSeconds = Math.max(1, Math.ceil((opensAt - now) / 1000))
    const mayBeUnconfirmed = isOfSymbol && !this.#isOfShare && !outcomes.includes('rejected_by_quality')
    const lacksIt = this.#attempts.some(
      ({ outcome, durationMs }) => durationMs !== undefined && (outcome === 'not_found' || outcome === 'not_covered')
    )
    const attempts = this.#isLacking
      ? this.#attempts.map((attempt, index) => this.#unlessSpent(attempt, index, now))
      : this.#attempts
    return new MarketDataUnavailable(this.subject, attempts, retryAfterSeconds, {
      isOfSymbol,
      isUnconfirmed: mayBeUnconfirmed && lacksIt,
      isOutOfCalls: attempts.some((attempt, index) => attempt !== this.#attempts[index])
    })
  }

  /** A provider counts as one that is not asked where its quota is spent for long, or is one of few calls. */
  #unlessSpent(attempt: Attempt, index: number, now: number): Attempt {
    if (!OUTCOMES_OF_QUOTA.has(attempt.outcome) || this.#isOfShare) return attempt
    const isWaitedFor = !this.#ofFewCalls.has(attempt.provider) && this.#opensAt[index]! - now <= WORTH_WAITING_MS
    return isWaitedFor ? attempt : { ...attempt, outcome: 'not_asked' }
  }

  #receive(offer: Offer<T>): void {
    if (offer.doubts.length === 0) this.#answer = offer.value
    else this.#doubtful = offer
  }

  /** What two providers say is not impossible after all: it is served, but not trusted. */
  #refuse(offer: Offer<T>, now: number): void {
    const earlier = this.#rejected
    const mayBeConfirmed = offer.doubts.every((doubt) => doubt.mayBeConfirmed)
    if (!earlier || !mayBeConfirmed || !this.#agree(earlier, offer)) {
      if (mayBeConfirmed) this.#rejected ??= offer
      return this.#reject(offer, now)
    }
    const agreement = { rule: 'confirmed', severity: 'soft', reason: `${earlier.provider} says the same` } as const
    this.#answer = withDoubts(offer.value, [...offer.doubts, agreement])
  }

  #reject(offer: Offer<T>, now: number): void {
    const { provider, doubts, durationMs } = offer
    this.failed({ attempt: { provider, outcome: 'rejected_by_quality', detail: reasonsOf(doubts), durationMs } }, now)
    this.#arbitration.onDoubted(this.subject, offer)
  }

  #agree(earlier: Offer<T>, later: Offer<T>): boolean {
    const { divergence, divergencePercent, onDiverged } = this.#arbitration
    const percent = divergence?.(later.value, earlier.value)
    if (percent === undefined) return false
    if (percent <= divergencePercent) return true
    onDiverged(this.subject, percent, [earlier.provider, later.provider])
    return false
  }
}

function hasGapsOnly({ doubts }: Offer<unknown>): boolean {
  return doubts.every(({ isGap }) => isGap)
}

function isAtRest({ outcome, durationMs }: Attempt): boolean {
  return durationMs === undefined && (outcome === 'circuit_open' || outcome === 'rate_limited')
}

/** Of two that agree the one that its own vendor is sure of. */
function agreed<T extends Sourced>(earlier: Offer<T>, later: Offer<T>): T {
  const isSure = later.doubts.length === 0 && earlier.value.provenance.state === 'suspect'
  return isSure ? later.value : confirmed(earlier, later.provider)
}

function confirmed<T extends Sourced>({ value, doubts }: Offer<T>, by: ProviderName): T {
  const note = `${reasonsOf(doubts)}; ${by} ${CONFIRMED}`
  return { ...value, provenance: { ...value.provenance, notes: [...(value.provenance.notes ?? []), note] } }
}

function reasonsOf(doubts: readonly Doubt[]): string {
  return doubts.map(({ reason }) => reason).join('; ')
}
