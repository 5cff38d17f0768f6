import type { Logger } from 'pino'
import type { Arrival, Live } from '../hub/live-server.ts'
import type { Failure } from '../hub/protocol.ts'
import { Users } from '../hub/users.ts'
import type { TapeStore } from '../market/tape.ts'
import { Playback, type PlaybackRequest } from './playback.ts'

/** Of one process, of clients that have said who they are: each has pages of trades and a hub of its own. */
const MAX_PLAYBACKS = 64
const CONNECTIONS_PER_USER = 4
/** Of each page of trades is held. */
const SYMBOLS_PER_USER = 100
const NO_PLACE: Failure = {
  code: 'TOO_MANY_REPLAYS',
  message: `This process replays to ${MAX_PLAYBACKS} connections already; try another`
}

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
  /** Whose clients have said who they are. */
  readonly #playing = new Set<Playback>()

  constructor(options: PlaybacksOptions) {
    this.#options = options
  }

  /** Prepares a replay. Whoever opens it closes it. Its client takes a place once it has said who it is. */
  async open(request: PlaybackRequest): Promise<Playback> {
    const { live, store, log } = this.#options
    const limits = { symbolsPerUser: SYMBOLS_PER_USER, connectionsPerUser: CONNECTIONS_PER_USER }
    const admit = () => this.#admit(playback)
    const playback = new Playback({ live: live.context, store, users: this.#users, log, admit, ...limits }, request)
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
    this.#playing.delete(playback)
    if (this.#open.delete(playback)) await playback.close()
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((playback) => this.close(playback)))
  }

  #admit(playback: Playback): Failure | undefined {
    if (this.#playing.size >= MAX_PLAYBACKS) return NO_PLACE
    this.#playing.add(playback)
    return undefined
  }
}
