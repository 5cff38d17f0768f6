import { setTimeout as delay } from 'node:timers/promises'
import { ExponentialBackoff } from 'cockatiel'
import type { Logger } from 'pino'
import type { Priority } from '../market/market-data.ts'
import type { Attempt, AttemptOutcome } from '../market/provenance.ts'
import { ProviderError, type Capability, type Provider, type ProviderName } from '../providers/provider.ts'
import type { Circuits } from './circuits.ts'
import type { Ledger } from './ledger.ts'
import { ProviderRecord, type CallOutcome } from './provider-record.ts'

const MAX_RETRIES = 2
const RETRY_BACKOFF = new ExponentialBackoff({ initialDelay: 50, maxDelay: 250 })
/** Less time than this is not worth a request. */
const MIN_TRY_MS = 50
/** A provider that was cut short before it had this long is not to blame for being mute. */
const FAIR_TRY_MS = 500
const PROBE_HINT_MS = 1000

/** One question to one provider. `deadline` is an instant of performance.now(): wall clocks jump, deadlines must not. */
export type Call<T> = {
  readonly capability: Capability
  readonly symbols: readonly string[]
  readonly priority: Priority
  readonly deadline: number
  readonly ask: (signal: AbortSignal) => Promise<T>
}

/** Why a provider gave nothing. `opensAt` (epoch milliseconds) where it is known when asking makes sense again. */
export type Failure = { readonly attempt: Attempt; readonly opensAt?: number | undefined }

export type Reply<T> = { readonly value: T; readonly durationMs: number } | { readonly failure: Failure }

export type ProviderCallsOptions = {
  circuits: Circuits
  ledger: Ledger
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
    const { capability } = call
    if (call.deadline - performance.now() < MIN_TRY_MS) {
      return this.#skipped(provider, capability, 'unavailable', 'no time was left to ask it')
    }
    const pass = await circuits.admit(provider.name, capability)
    if (!pass) {
      const opensAt = circuits.restsUntil(provider.name, capability)
      const detail = opensAt ? `rests after failures until ${iso(opensAt)}` : 'is being probed after failures'
      return this.#skipped(provider, capability, 'circuit_open', detail, opensAt ?? now() + PROBE_HINT_MS)
    }
    const refusal = await ledger.spend(provider.name, purchaseOf(provider, call))
    if (refusal) {
      circuits.forget(pass)
      const reason =
        refusal.outcome === 'budget_spent' ? `budget of ${call.priority} requests spent` : 'told us to wait'
      return this.#skipped(
        provider,
        capability,
        refusal.outcome,
        `${reason} until ${iso(refusal.opensAt)}`,
        refusal.opensAt
      )
    }

    const startedAt = performance.now()
    const allowedMs = Math.max(0, Math.ceil(call.deadline - startedAt))
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(allowedMs)])
    try {
      const value = await this.#withRetries(provider, call, pass.isProbe ? 0 : MAX_RETRIES, signal)
      const durationMs = Math.round(performance.now() - startedAt)
      circuits.record(pass, 'answered')
      this.#report(provider, capability, 'answered', durationMs)
      return { value, durationMs }
    } catch (error) {
      const durationMs = Math.round(performance.now() - startedAt)
      const { outcome, detail, wasCutShort } = this.#sorted(error, signal, allowedMs)
      if (wasCutShort) circuits.forget(pass)
      else circuits.record(pass, outcome)
      const opensAt =
        error instanceof ProviderError && outcome === 'rate_limited'
          ? await ledger.rest(provider.name, error)
          : undefined
      this.#report(provider, capability, outcome, durationMs)
      this.#logFailure(provider, capability, outcome, error)
      return { failure: { attempt: { provider: provider.name, outcome, detail, durationMs }, opensAt } }
    }
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

  /** A retry is a request of its own, so it is spent for; it is made only where a whole try still fits. */
  async #withRetries<T>(provider: Provider, call: Call<T>, retries: number, signal: AbortSignal): Promise<T> {
    let backoff = RETRY_BACKOFF.next()
    for (let left = retries; ; left--) {
      try {
        return await unlessAborted(signal, call.ask)
      } catch (error) {
        const mayPass = error instanceof ProviderError && error.kind === 'unavailable' && !signal.aborted
        const fits = performance.now() + backoff.duration + FAIR_TRY_MS <= call.deadline
        if (left === 0 || !mayPass || !fits) throw error
        if (await this.#options.ledger.spend(provider.name, purchaseOf(provider, call))) throw error
        await delay(backoff.duration, undefined, { signal })
        backoff = backoff.next(undefined)
      }
    }
  }

  #sorted(error: unknown, signal: AbortSignal, allowedMs: number) {
    if (error instanceof ProviderError) return { outcome: error.kind, detail: error.message, wasCutShort: false }
    if (this.#closing.signal.aborted) {
      return { outcome: 'unavailable' as const, detail: 'the server stopped asking', wasCutShort: true }
    }
    if (signal.aborted) {
      const { upstreamTimeoutMs, requestDeadlineMs } = this.#options
      const wasCutShort = allowedMs < Math.min(FAIR_TRY_MS, upstreamTimeoutMs, requestDeadlineMs / 2) - 1
      const detail = `did not answer within ${allowedMs} ms`
      return { outcome: 'unavailable' as const, detail, wasCutShort }
    }
    // An adapter may only reject with ProviderError. What else escapes is a bug of ours, and must not cost the user.
    return { outcome: 'bad_payload' as const, detail: 'its answer could not be read', wasCutShort: false }
  }

  #skipped(
    { name }: Provider,
    capability: Capability,
    outcome: AttemptOutcome,
    detail: string,
    opensAt?: number
  ): { failure: Failure } {
    this.record(name).add(outcome, this.#options.now(), undefined)
    this.#options.onCall(name, capability, outcome, 0)
    return { failure: { attempt: { provider: name, outcome, detail }, opensAt } }
  }

  #report({ name }: Provider, capability: Capability, outcome: CallOutcome, durationMs: number): void {
    this.record(name).add(outcome, this.#options.now(), durationMs)
    this.#options.onCall(name, capability, outcome, durationMs)
  }

  #logFailure({ name }: Provider, capability: Capability, outcome: CallOutcome, err: unknown): void {
    if (outcome === 'not_found' || outcome === 'not_covered' || this.#closing.signal.aborted) return
    const level = err instanceof ProviderError || outcome === 'unavailable' ? 'warn' : 'error'
    this.#options.log[level]({ err, provider: name, capability, outcome }, 'provider did not answer')
  }
}

function purchaseOf({ cost }: Provider, { capability, symbols, priority }: Call<unknown>) {
  return { requests: cost?.[capability] ?? 1, symbols, priority }
}

/** Settles when the signal does, even where a vendor's library does not listen to it. */
async function unlessAborted<T>(signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([ask(signal), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const iso = (instant: number) => new Date(instant).toISOString()
