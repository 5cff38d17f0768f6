import { setTimeout as delay } from 'node:timers/promises'
import { ExponentialBackoff } from 'cockatiel'
import type { Logger } from 'pino'
import type { Priority } from '../market/market-data.ts'
import type { Attempt, AttemptOutcome } from '../market/provenance.ts'
import { isoOf } from '../market/time.ts'
import { ProviderError, type Capability, type Provider, type ProviderName } from '../providers/provider.ts'
import { abortable } from '../timeout.ts'
import type { Purchase, Refusal } from './budget.ts'
import type { Circuits, Pass } from './circuits.ts'
import type { Ledger } from './ledger.ts'
import type { ProviderHealths } from './provider-health.ts'
import { ProviderRecord, type CallOutcome } from './provider-record.ts'

const MAX_RETRIES = 2
const RETRY_BACKOFF = new ExponentialBackoff({ initialDelay: 50, maxDelay: 250 })
/** Less time than this is not worth a request. */
const MIN_TRY_MS = 50
/** A provider that was cut short before it had this long is not to blame for being mute. */
const FAIR_TRY_MS = 400
/** A retry is only made where a whole try still fits. */
const RETRY_NEEDS_MS = 500
const PROBE_HINT_MS = 1000

/** One question to one provider. `deadline` is an instant of performance.now(): wall clocks jump, deadlines must not. */
export type Call<T> = {
  readonly capability: Capability
  readonly symbols: readonly string[]
  readonly priority: Priority
  /** Whose share of the budgets it is taken from. */
  readonly user?: string | undefined
  readonly deadline: number
  /** Nobody else answers: a provider that rests is probed before its time, as often as its budget allows. */
  readonly isLastResort?: boolean
  /** Upstream requests that it makes, where the provider does not say so of the capability as a whole. */
  readonly requests?: number | undefined
  readonly ask: (signal: AbortSignal) => Promise<T>
}

/** Why a provider gave nothing. `opensAt` (epoch milliseconds) where it is known when asking makes sense again. */
export type Failure = {
  readonly attempt: Attempt
  readonly opensAt?: number | undefined
  /** It lacks what was asked for, which does not deny that there is such a symbol. */
  readonly isOfRequest?: boolean
  /** It was asked, and what its plan covers does not hold what was asked for. */
  readonly hasNothing?: boolean
  /** Others may be answered: it was refused for the share of the user who asked. */
  readonly isOfShare?: boolean | undefined
  /** It sells few calls, which are spent most of the time. */
  readonly isOfFewCalls?: boolean
}

export type Reply<T> = { readonly value: T; readonly durationMs: number } | { readonly failure: Failure }

type Sorted = { readonly outcome: AttemptOutcome; readonly detail: string; readonly isToBlame: boolean }

export type ProviderCallsOptions = {
  circuits: Circuits
  ledger: Ledger
  healths: Pick<ProviderHealths, 'note'>
  upstreamTimeoutMs: number
  requestDeadlineMs: number
  log: Pick<Logger, 'warn' | 'error'>
  onCall: (provider: ProviderName, capability: Capability, outcome: CallOutcome, durationMs: number) => void
  now: () => number
}

/** Asks single providers: within circuit, budget and time, with retries, and never rejecting: a failure is data here. */
export class ProviderCalls {
  readonly #options: ProviderCallsOptions
  readonly #records = new Map<ProviderName, ProviderRecord>()
  readonly #closing = new AbortController()

  constructor(options: ProviderCallsOptions) {
    this.#options = options
  }

  async call<T>(provider: Provider, call: Call<T>): Promise<Reply<T>> {
    const { circuits, ledger, now } = this.#options
    if (call.deadline - performance.now() < MIN_TRY_MS) {
      return this.#skip(provider, call, 'unavailable', 'no time was left to ask it')
    }
    const pass = await circuits.admit(provider.name, call.capability, call.isLastResort)
    if (!pass) {
      const opensAt = circuits.restsUntil(provider.name, call.capability)
      const detail = opensAt ? `rests after failures until ${isoOf(opensAt)}` : 'is being probed after failures'
      return this.#skip(provider, call, 'circuit_open', detail, opensAt ?? now() + PROBE_HINT_MS)
    }
    const refusal = await ledger.spend(provider.name, purchaseOf(provider, call))
    if (refusal) {
      circuits.forget(pass)
      return this.#skip(provider, call, refusal.outcome, reasonOf(refusal, call), refusal.opensAt, refusal.isOfShare)
    }
    return this.#ask(provider, call, pass)
  }

  record(provider: ProviderName): ProviderRecord {
    const existing = this.#records.get(provider)
    if (existing) return existing
    const record = new ProviderRecord()
    this.#records.set(provider, record)
    return record
  }

  /** Ends the calls under way; they count against nobody. */
  close(): void {
    this.#closing.abort()
  }

  async #ask<T>(provider: Provider, call: Call<T>, pass: Pass): Promise<Reply<T>> {
    const { circuits, ledger } = this.#options
    const startedAt = performance.now()
    const allowedMs = Math.max(0, Math.ceil(call.deadline - startedAt))
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(allowedMs)])
    const elapsedMs = () => Math.round(performance.now() - startedAt)
    try {
      const retries = pass.isProbe || call.isLastResort ? 0 : MAX_RETRIES
      const value = await this.#withRetries(provider, call, retries, signal)
      const durationMs = elapsedMs()
      circuits.record(pass, 'answered')
      this.#options.healths.note(provider.name, 'answered', this.#options.now())
      if (call.isLastResort) await ledger.reopen(provider.name, call.capability)
      this.#report(provider, call, 'answered', durationMs)
      return { value, durationMs }
    } catch (error) {
      const durationMs = elapsedMs()
      const sorted = this.#sorted(error, signal, allowedMs)
      const { outcome, detail, isToBlame } = sorted
      if (isToBlame) {
        circuits.record(pass, outcome)
        this.#options.healths.note(provider.name, outcome, this.#options.now())
      } else circuits.forget(pass)
      const wasLimited = error instanceof ProviderError && error.kind === 'rate_limited'
      const opensAt = wasLimited ? await ledger.rest(provider.name, error) : undefined
      this.#report(provider, call, outcome, durationMs)
      this.#logFailure(provider, call, sorted, error)
      const notCoveredBy = error instanceof ProviderError ? error.notCoveredBy : undefined
      // Of other kinds of data a vendor that has none says the same of what exists and of what does not.
      const isOfRequest = call.capability === 'bars' && notCoveredBy === 'request'
      const hasNothing = outcome === 'not_found' || notCoveredBy === 'request'
      const attempt = { provider: provider.name, outcome, detail, durationMs }
      return { failure: { attempt, opensAt, isOfRequest, hasNothing } }
    }
  }

  /** A retry is a request of its own, so it is spent for. */
  async #withRetries<T>(provider: Provider, call: Call<T>, retries: number, signal: AbortSignal): Promise<T> {
    let backoff = RETRY_BACKOFF.next()
    for (let left = retries; ; left--) {
      try {
        signal.throwIfAborted()
        return await abortable(call.ask(signal), signal)
      } catch (error) {
        const mayPass = error instanceof ProviderError && error.kind === 'unavailable' && !signal.aborted
        const fits = performance.now() + backoff.duration + RETRY_NEEDS_MS <= call.deadline
        if (left === 0 || !mayPass || !fits) throw error
        if (await this.#options.ledger.spend(provider.name, purchaseOf(provider, call))) throw error
        await delay(backoff.duration, undefined, { signal })
        backoff = backoff.next(undefined)
      }
    }
  }

  #sorted(error: unknown, signal: AbortSignal, allowedMs: number): Sorted {
    if (error instanceof ProviderError) return { outcome: error.kind, detail: error.message, isToBlame: true }
    if (this.#closing.signal.aborted) {
      return { outcome: 'unavailable', detail: 'the server stopped asking', isToBlame: false }
    }
    if (signal.aborted) {
      const { upstreamTimeoutMs, requestDeadlineMs } = this.#options
      const isToBlame = allowedMs >= Math.min(FAIR_TRY_MS, upstreamTimeoutMs * 0.8, requestDeadlineMs * 0.4)
      return { outcome: 'unavailable', detail: `did not answer within ${allowedMs} ms`, isToBlame }
    }
    // An adapter may only reject with ProviderError. What else escapes is a bug of ours, and must not cost the user.
    return { outcome: 'bad_payload', detail: 'its answer could not be read', isToBlame: true }
  }

  #skip(
    { name }: Provider,
    { capability, isLastResort }: Call<unknown>,
    outcome: AttemptOutcome,
    detail: string,
    opensAt?: number,
    isOfShare?: boolean
  ): { failure: Failure } {
    // That the last resort is none yet was told when the provider was first passed over.
    if (!isLastResort) {
      this.record(name).add(outcome, this.#options.now(), undefined)
      this.#options.onCall(name, capability, outcome, 0)
    }
    return { failure: { attempt: { provider: name, outcome, detail }, opensAt, isOfShare } }
  }

  #report({ name }: Provider, { capability }: Call<unknown>, outcome: CallOutcome, durationMs: number): void {
    this.record(name).add(outcome, this.#options.now(), durationMs)
    this.#options.onCall(name, capability, outcome, durationMs)
  }

  /** One line without a stack for what a vendor did; the whole error for what is a fault of ours. */
  #logFailure({ name }: Provider, { capability }: Call<unknown>, sorted: Sorted, error: unknown): void {
    const { outcome, detail: reason } = sorted
    if (outcome === 'not_found' || outcome === 'not_covered' || this.#closing.signal.aborted) return
    const isOurs = !(error instanceof ProviderError) && outcome !== 'unavailable'
    const about = { provider: name, capability, outcome, ...(isOurs ? { err: error } : { reason }) }
    this.#options.log[isOurs ? 'error' : 'warn'](about, 'provider did not answer')
  }
}

/** What is told of a provider that was asked and gave no value: `error` where it told something that cannot be read. */
export function withoutValue(provider: ProviderName, subject: string, error: ProviderError | undefined): Attempt {
  if (error) return { provider, outcome: error.kind, detail: error.message }
  return { provider, outcome: 'not_found', detail: `${provider} does not know ${subject}` }
}

/** What is told of a provider that is not asked, as it does not cover the symbol. */
export function notCovered({ name }: Provider, symbol: string): Attempt {
  return { provider: name, outcome: 'not_covered', detail: `${name} does not cover ${symbol}` }
}

/** What is told of a provider that sells few calls, where two that sell many do not know the symbol. */
export function notAsked({ name }: Provider, symbol: string): Attempt {
  return {
    provider: name,
    outcome: 'not_asked',
    detail: `${name} sells few calls and is spared, for two others do not know ${symbol}`
  }
}

function reasonOf({ outcome, opensAt, isOfShare }: Refusal, { priority }: Call<unknown>): string {
  const budget = isOfShare ? "your share of the vendor's budget is spent" : `the ${priority} budget is spent`
  return `${outcome === 'budget_spent' ? budget : 'the vendor told us to wait'} until ${isoOf(opensAt)}`
}

function purchaseOf(
  { cost }: Provider,
  { capability, symbols, priority, user, isLastResort, requests = cost?.[capability] ?? 1 }: Call<unknown>
): Purchase {
  const probes = isLastResort ? capability : undefined
  return { requests, symbols, priority, user, probes }
}
