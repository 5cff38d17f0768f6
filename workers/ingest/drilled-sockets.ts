import { setInterval } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { FeedDrills } from '../../src/demand/feed-drills.ts'
import type { FeedDrill } from '../../src/market/feed-drill.ts'
import type { OpenSocket, SocketEvents, UpstreamSocket } from '../../src/streams/socket.ts'

const LOOK_EVERY_MS = 500
const LOST = 1006
const WHY = 'cut on purpose, by a drill'
const NOTHING: UpstreamSocket = { send: () => undefined, ping: () => undefined, drop: () => undefined }

export type DrilledSocketsOptions = {
  /** The vendor, as values name their source. */
  readonly vendor: string
  readonly drills: Pick<FeedDrills, 'of'>
  readonly open: OpenSocket
  readonly log: Pick<Logger, 'warn'>
}

/** Connections of a vendor that a drill can cut, or make mute, as the network or the vendor would. */
export class DrilledSockets {
  readonly #options: DrilledSocketsOptions
  readonly #cuts = new Set<() => void>()
  readonly #ending = new AbortController()
  readonly #looking: Promise<void>
  #how: FeedDrill['how'] | undefined

  constructor(options: DrilledSocketsOptions) {
    this.#options = options
    this.#looking = this.#look()
  }

  /** Opens a connection that drills are about. */
  readonly open: OpenSocket = (endpoint, events) => {
    if (this.#how === 'down') {
      const told = setImmediate(() => events.ended(LOST, WHY))
      return { ...NOTHING, drop: () => clearImmediate(told) }
    }
    const socket = this.#options.open(
      endpoint,
      this.#heard(events, () => this.#cuts.delete(cut))
    )
    const cut = () => {
      this.#cuts.delete(cut)
      socket.drop()
      events.ended(LOST, WHY)
    }
    this.#cuts.add(cut)
    return {
      send: (frame) => socket.send(frame),
      ping: () => socket.ping(),
      drop: () => {
        this.#cuts.delete(cut)
        socket.drop()
      }
    }
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#looking
  }

  #heard(events: SocketEvents, ended: () => void): SocketEvents {
    const unlessMute = <Args extends unknown[]>(tell: (...args: Args) => void) => {
      return (...args: Args) => {
        if (this.#how !== 'mute') tell(...args)
      }
    }
    return {
      opened: () => events.opened(),
      received: unlessMute((frame) => events.received(frame)),
      ponged: unlessMute(() => events.ponged()),
      ended(code, reason) {
        ended()
        events.ended(code, reason)
      }
    }
  }

  async #look(): Promise<void> {
    const { vendor, drills, log } = this.#options
    try {
      for await (const _ of setInterval(LOOK_EVERY_MS, undefined, { signal: this.#ending.signal, ref: false })) {
        // While Redis is away nobody asks for a drill.
        const how = await drills.of(vendor).catch(() => undefined)
        if (how === this.#how) continue
        this.#how = how
        log.warn({ vendor, how }, how ? `the streams of ${vendor} are ${WHY}` : `the drill of ${vendor} is over`)
        if (how === 'down') for (const cut of this.#cuts) cut()
      }
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error
    }
  }
}
