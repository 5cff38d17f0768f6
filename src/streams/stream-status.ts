import type { Clock } from './clock.ts'
import type { Problem, ProblemKind, SlotBound } from './feed.ts'

/**
 * `connecting`: on the way to an authenticated connection; `authenticated`: known to the vendor, and nothing is wanted;
 * `subscribing`: not all that is wanted is acknowledged; `live`: all of it is; `mute`: connected, acknowledged, and silent
 * when it should not be; `interrupted`: connected, and the vendor has lost its own sources; `cooling_down`: waits for the next attempt; `stopped`: nothing is attempted until a person changes
 * something, or the process ends.
 */
export type StreamState =
  'connecting' | 'authenticated' | 'subscribing' | 'live' | 'mute' | 'interrupted' | 'cooling_down' | 'stopped'

export type StreamStatus = {
  readonly state: StreamState
  /** Epoch milliseconds. */
  readonly since: number
  /** The feed that is, or is to be, connected to. */
  readonly feed: string
  /** One sentence for people. */
  readonly text: string
  readonly wanted: number
  readonly carried: number
  /** Epoch milliseconds of the last event; absent before the first one. */
  readonly lastEventAt?: number
  /** Of the last failure, until the stream is live again. */
  readonly problem?: ProblemKind
  /** Connections that were begun. */
  readonly connections: number
  /** What the plan allows; empty where it allows all. */
  readonly limits: readonly SlotBound[]
  /** Until when the credential is taken, epoch milliseconds; absent where nobody knows. */
  readonly credentialUntil?: number
  /** What failed last, live again or not. */
  readonly lastError?: { readonly text: string; readonly at: number }
}

/** What a stream is doing now, and why. */
export class StatusTracker {
  readonly #clock: Pick<Clock, 'now'>
  #state: StreamState = 'stopped'
  #since: number
  #reason: string | undefined
  #problem: ProblemKind | undefined
  #nextAttemptAt: number | undefined
  #lastError: StreamStatus['lastError']

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#since = clock.now()
  }

  get state(): StreamState {
    return this.#state
  }

  /** Epoch milliseconds. */
  get since(): number {
    return this.#since
  }

  /** Whether something is new. */
  become(state: StreamState, reason?: string): boolean {
    if (state === 'live') this.#problem = undefined
    if (state === 'connecting') this.#nextAttemptAt = undefined
    const isSame = this.#state === state && this.#reason === reason
    if (this.#state !== state) this.#since = this.#clock.now()
    this.#state = state
    this.#reason = reason
    return !isSame
  }

  /** A connection failed. */
  failed({ kind, reason }: Problem): void {
    this.#problem = kind
    this.#lastError = { text: reason, at: this.#clock.now() }
  }

  waitsFor(delayMs: number): void {
    this.#nextAttemptAt = this.#clock.now() + delayMs
  }

  status(counts: StatusCounts): StreamStatus {
    const problem = this.#problem !== undefined && { problem: this.#problem }
    const lastError = this.#lastError && { lastError: this.#lastError }
    const told = { state: this.#state, since: this.#since, ...counts, ...problem, ...lastError }
    return { ...told, text: `${counts.feed}: ${this.#sentence(counts)}` }
  }

  #sentence({ wanted, carried }: StatusCounts): string {
    const because = this.#reason === undefined ? '' : `, ${this.#reason}`
    switch (this.#state) {
      case 'connecting':
        return 'connecting'
      case 'authenticated':
        return 'connected; nobody wants anything of it'
      case 'subscribing':
        return `waits for the vendor to acknowledge ${wanted - carried} of ${wanted} subscriptions`
      case 'live':
        return `live with ${carried} subscriptions`
      case 'mute':
        return `connected, but silent when it should not be${because}`
      case 'interrupted':
        return `connected, but ${this.#reason ?? 'the vendor has lost its own sources'}`
      case 'cooling_down':
        return `${this.#reason ?? 'disconnected'}, ${this.#secondsLeft()} s until the next attempt`
      case 'stopped':
        return `stopped${because}`
      default:
        return this.#state satisfies never
    }
  }

  #secondsLeft(): number {
    return Math.max(0, Math.ceil(((this.#nextAttemptAt ?? 0) - this.#clock.now()) / 1000))
  }
}

type StatusCounts = Pick<
  StreamStatus,
  'feed' | 'wanted' | 'carried' | 'connections' | 'lastEventAt' | 'limits' | 'credentialUntil'
>
