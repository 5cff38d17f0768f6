import type { Logger } from 'pino'
import type { Client } from '../hub/client.ts'
import { CloseCode } from '../hub/close-codes.ts'
import type { LiveContext } from '../hub/context.ts'
import { Hub } from '../hub/hub.ts'
import type { Failure } from '../hub/protocol.ts'
import { Replays } from '../hub/replay.ts'
import type { Sources } from '../hub/sources.ts'
import type { Users } from '../hub/users.ts'
import { isoOf } from '../market/time.ts'
import type { TapeEvent, TapeInstrument, TapeStore } from '../market/tape.ts'
import { Tape } from './tape.ts'
import { createTapeLog } from './tape-log.ts'

const STREAM = 'trades'
const TOPIC = `${STREAM}:`
/** What was played lately is kept for clients that cannot take it at once. */
const RECENT_BYTES = 256 * 1024

/** From when to when (epoch milliseconds; `until` is not played any more), and how many seconds a second; Infinity: at once. */
export type PlaybackRequest = { readonly from: number; readonly until: number; readonly speed: number }

export type PlaybackOptions = {
  /** Of the live side, whose clients speak the same protocol. */
  readonly live: LiveContext
  readonly store: TapeStore
  readonly users: Users
  readonly log: Pick<Logger, 'warn' | 'error'>
  readonly symbolsPerUser: number
  readonly connectionsPerUser: number
  /** Takes a place for a client that has said who it is; returns why there is none. */
  readonly admit: () => Failure | undefined
}

/**
 * What is stored, played to one client: through a hub of its own, so that its frames are those that it would have got. Time
 * begins to run when something is subscribed to; what is subscribed to later joins at the present of the replay.
 */
export class Playback {
  readonly context: LiveContext
  readonly #hub: Hub
  readonly #tape: Tape
  readonly #request: PlaybackRequest
  readonly #log: PlaybackOptions['log']
  readonly #instruments = new Map<string, TapeInstrument>()
  #client: Client | undefined
  /** `performance.now()` */
  #startedAt: number | undefined
  /** How far everything was played, epoch milliseconds. */
  #playedUntil: number
  #failed = false

  constructor(
    { live, store, users, log, symbolsPerUser, connectionsPerUser, admit }: PlaybackOptions,
    request: PlaybackRequest
  ) {
    this.#request = request
    this.#log = log
    this.#playedUntil = request.from
    this.#tape = new Tape(store, request.until)
    const tapeLog = createTapeLog({
      isWanted: () => this.#wanted().length > 0,
      due: (limit) => this.#due(limit),
      drained: async () => this.#client?.drained(),
      ended: () => this.#ended()
    })
    this.#hub = new Hub({
      log: tapeLog,
      logger: log,
      flushMs: 0,
      onEntries: () => undefined,
      recentBytes: RECENT_BYTES
    })
    this.context = {
      ...live,
      hub: this.#hub,
      replays: new Replays(this.#hub, tapeLog),
      users,
      admit,
      leases: { add: () => undefined, remove: () => undefined },
      serving: {
        decided: async () => undefined,
        servedBy: () => ({ servedBy: 'replay' }),
        concernedBy: () => [],
        listen: () => () => undefined
      },
      sources: this.#sources(store),
      offer: { channels: [], streams: [STREAM] },
      limits: { ...live.limits, connectionsPerUser, subscriptionsPerUser: symbolsPerUser }
    }
  }

  start(): Promise<void> {
    return this.#hub.start()
  }

  /** To whom it is played. */
  playTo(client: Client): void {
    this.#client = client
  }

  close(): Promise<void> {
    return this.#hub.close()
  }

  #sources(store: TapeStore): Sources {
    return {
      quotes: async (symbols) => {
        const found = await store.find(symbols, this.#request.from).catch((err: unknown) => {
          this.#log.warn({ err }, 'instruments to replay cannot be looked up')
          return undefined
        })
        return symbols.map((symbol) => {
          if (!found) return { ...UNREADABLE, unknown: true }
          const instrument = found.get(symbol)
          if (!instrument)
            return { code: 'SYMBOL_NOT_FOUND', message: `No trade of ${symbol} is stored`, unknown: true }
          this.#instruments.set(symbol, instrument)
          return NO_QUOTE
        })
      },
      channel: async () => []
    }
  }

  async #due(limit: number): Promise<{ events: readonly TapeEvent[]; waitMs: number }> {
    try {
      const now = this.#present()
      this.#load()
      const events = await this.#tape.take(now, limit)
      if (events.length < limit) this.#playedUntil = now
      else this.#playedUntil = events.at(-1)!.asOf.ms
      if (events.length > 0) return { events, waitMs: 0 }
      const next = await this.#tape.nextAt()
      return { events, waitMs: next === undefined ? Infinity : Math.ceil((next - now) / this.#request.speed) }
    } catch (err) {
      this.#log.error({ err }, 'a replay could not go on')
      this.#failed = true
      void this.#client?.finish(CloseCode.replayFailed, { type: 'error', data: UNREADABLE })
      return { events: [], waitMs: Infinity }
    }
  }

  /** The replay's own time, epoch milliseconds. */
  #present(): number {
    const { from, until, speed } = this.#request
    this.#startedAt ??= performance.now()
    return speed === Infinity ? until : Math.min(until, from + (performance.now() - this.#startedAt) * speed)
  }

  /** Symbols that somebody listens to. */
  #wanted(): string[] {
    return [...this.#hub.topics].flatMap((topic) =>
      topic.hasAudience && topic.name.startsWith(TOPIC) ? topic.name.slice(TOPIC.length) : []
    )
  }

  #load(): void {
    const wanted = new Set(this.#wanted())
    for (const symbol of this.#tape.symbols) if (!wanted.has(symbol)) this.#tape.remove(symbol)
    for (const symbol of wanted) {
      const instrument = this.#instruments.get(symbol)
      if (instrument && !this.#tape.has(symbol)) this.#tape.add({ ...instrument, symbol }, this.#playedUntil)
    }
  }

  #ended(): void {
    if (this.#failed) return
    const message = `Nothing of what is subscribed to is stored behind this, before ${isoOf(this.#request.until)}`
    void this.#client?.finish(CloseCode.replayEnded, { type: 'notice', data: { code: 'REPLAY_ENDED', message } })
  }
}

const UNREADABLE: Failure = { code: 'STORE_UNREADABLE', message: 'What is stored cannot be read now; try again' }
const NO_QUOTE = { code: 'NO_QUOTE', message: 'A replay has trades only', unknown: false }
