import type { TopicName } from '../market/event.ts'
import type { Clock } from './clock.ts'
import type { Conversation, Endpoint, Feed, Problem, Reaction, Signal } from './feed.ts'
import type { Frame, Mapped } from './mapper.ts'
import type { OpenSocket, UpstreamSocket } from './socket.ts'

/** From the first packet to an authenticated connection. */
const HANDSHAKE_MS = 10_000
const PING_EVERY_MS = 10_000
const PONG_WITHIN_MS = 5000

export type UpstreamOptions = {
  readonly feed: Feed
  readonly open: OpenSocket
  readonly clock: Clock
  readonly fence: number
  readonly nextSequence: () => number
  readonly onSignal: (signal: Signal) => void
  readonly onMapped: (mapped: Mapped) => void
  /** Once, and nothing after it; not after `drop`. */
  readonly onEnded: (problem: Problem) => void
}

/** One connection to a feed, from the attempt to its end. What hangs, or no longer answers pings, ends. */
export class Upstream {
  readonly #options: UpstreamOptions
  readonly #conversation: Conversation
  /** Undefined while the vendor is asked where to connect to. */
  #socket: UpstreamSocket | undefined
  readonly #stopHandshake: () => void
  #isOpen = false
  #isOver = false
  /** Of the steady clock: when the vendor was heard last, and when it was pinged and has said nothing since. */
  #heardAt: number
  #pingedAt: number | undefined
  #repeatedAt: number

  constructor(options: UpstreamOptions) {
    this.#options = options
    const { feed, clock } = options
    this.#conversation = feed.converse()
    this.#heardAt = clock.elapsed()
    this.#repeatedAt = this.#heardAt
    const { handshakeMs = HANDSHAKE_MS } = feed
    this.#stopHandshake = clock.after(handshakeMs, () =>
      this.#end({
        kind: 'transient',
        reason: `the vendor did not answer the handshake within ${handshakeMs / 1000} s`
      })
    )
    const endpoint = feed.endpoint()
    if (endpoint instanceof Promise) void endpoint.then((told) => this.#connect(told))
    else this.#connect(endpoint)
  }

  /** How long nothing was heard of the vendor. */
  get silentMs(): number {
    return this.#options.clock.elapsed() - this.#heardAt
  }

  subscribe(topics: readonly TopicName[]): void {
    if (topics.length > 0) this.#send(this.#conversation.subscribe(topics))
  }

  unsubscribe(topics: readonly TopicName[]): void {
    if (topics.length > 0) this.#send(this.#conversation.unsubscribe(topics))
  }

  /** The credential was replaced; whether the vendor was told so on this connection. */
  renew(): boolean {
    const frames = this.#conversation.renewed()
    this.#send(frames ?? [])
    return frames !== undefined
  }

  /** The vendor did not answer what was asked for. False where the vendor is one that always does. */
  overdue(): boolean {
    const reaction = this.#conversation.overdue?.()
    if (reaction) this.#react(reaction)
    return reaction !== undefined
  }

  /** Asks for a sign of life; `looked` notices where none comes. */
  probe(): void {
    if (!this.#isOpen || this.#pingedAt !== undefined) return
    this.#pingedAt = this.#options.clock.elapsed()
    this.#socket?.ping()
  }

  /** Time went by: pings where the vendor has said nothing for a while, and gives up where it does not answer. */
  look(): void {
    const now = this.#options.clock.elapsed()
    if (this.#pingedAt !== undefined && now - this.#pingedAt >= PONG_WITHIN_MS) {
      return this.#end({
        kind: 'transient',
        reason: `the vendor did not answer a ping within ${PONG_WITHIN_MS / 1000} s`
      })
    }
    if (now - this.#heardAt >= PING_EVERY_MS) this.probe()
    const { repeatEveryMs = Infinity } = this.#options.feed
    if (now - this.#repeatedAt < repeatEveryMs) return
    this.#repeatedAt = now
    this.#send(this.#conversation.repeated?.() ?? [])
  }

  /** Nobody here listened for a while: what the vendor answered meanwhile may not have been read yet. */
  forgive(): void {
    this.#heardAt = this.#options.clock.elapsed()
    this.#pingedAt = undefined
    this.probe()
  }

  /** Ends it without a word to whoever owns it. */
  drop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopHandshake()
    this.#socket?.drop()
  }

  #connect(told: Endpoint | Problem): void {
    if (this.#isOver) return
    if ('kind' in told) return this.#end(told)
    const { feed, open } = this.#options
    this.#socket = open(told, {
      opened: () => {
        this.#isOpen = true
        this.#react(this.#conversation.opened())
      },
      received: (frame) => this.#received(frame),
      ponged: () => this.#heard(),
      ended: (code, reason) => this.#end(feed.endingOf(code, reason))
    })
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.elapsed()
    this.#pingedAt = undefined
  }

  #received(frame: Frame): void {
    if (this.#isOver) return
    this.#heard()
    const { feed, clock, fence, nextSequence, onMapped } = this.#options
    const mapped = feed.map(frame, { receivedAt: clock.now(), fence, nextSequence })
    for (const message of mapped.control) this.#react(this.#conversation.told(message))
    if (!this.#isOver) onMapped(mapped)
  }

  #react({ send, signals }: Reaction): void {
    this.#send(send)
    for (const signal of signals) {
      if (this.#isOver) return
      if (signal.is === 'authenticated') this.#stopHandshake()
      if (signal.is === 'failed') this.#end(signal.problem)
      else this.#options.onSignal(signal)
    }
  }

  #send(frames: readonly Frame[]): void {
    for (const frame of frames) if (!this.#isOver) this.#socket?.send(frame)
  }

  #end(problem: Problem): void {
    if (this.#isOver) return
    this.drop()
    this.#options.onEnded(problem)
  }
}
