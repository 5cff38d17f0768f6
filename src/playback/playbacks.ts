import type { Logger } from 'pino'
import { ApiError } from '../errors.ts'
import type { Arrival, Live } from '../hub/live-server.ts'
import { Users } from '../hub/users.ts'
import type { TapeStore } from '../market/tape.ts'
import { Playback, type PlaybackRequest } from './playback.ts'

/** Of one process, each with pages of trades and a hub of its own. */
const MAX_PLAYBACKS = 64
const CONNECTIONS_PER_USER = 4
/** Of each page of trades is held. */
const SYMBOLS_PER_USER = 100
const RETRY_AFTER_SECONDS = 5

export type PlaybacksOptions = {
  readonly live: Live
  readonly store: TapeStore
  readonly log: Pick<Logger, 'warn' | 'error'>
}

/** All that a process plays. */
export class Playbacks {
  readonly #options: PlaybacksOptions
  readonly #users = new Users()
  readonly #open = new Set<Playback>()

  constructor(options: PlaybacksOptions) {
    this.#options = options
  }

  /** Prepares a replay. Whoever opens it closes it. Throws TOO_MANY_REPLAYS. */
  async open(request: PlaybackRequest): Promise<Playback> {
    if (this.#open.size >= MAX_PLAYBACKS) throw tooMany()
    const { live, store, log } = this.#options
    const limits = { symbolsPerUser: SYMBOLS_PER_USER, connectionsPerUser: CONNECTIONS_PER_USER }
    const playback = new Playback({ live: live.context, store, users: this.#users, log, ...limits }, request)
    this.#open.add(playback)
    try {
      await playback.start()
      return playback
    } catch (error) {
      await this.close(playback)
      throw error
    }
  }

  /** Plays to a client that has come. */
  play(playback: Playback, arrival: Arrival): void {
    const client = this.#options.live.accept(arrival, playback.context)
    if (client) playback.playTo(client)
  }

  async close(playback: Playback): Promise<void> {
    if (this.#open.delete(playback)) await playback.close()
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((playback) => this.close(playback)))
  }
}

const tooMany = () =>
  new ApiError('TOO_MANY_REPLAYS', 503, `This process replays to ${MAX_PLAYBACKS} connections already; try another`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS
  })
