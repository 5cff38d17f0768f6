import type { WebSocket } from 'ws'
import { providerOfTrades } from '../../bars/series-names.ts'
import { streamOf } from '../../demand/want.ts'
import { frameBucket } from '../../hub/client-frame.ts'
import { CannotAuthenticateNow, type Caller, type LiveContext } from '../../hub/context.ts'
import type { Listener, SharedFeed } from '../../hub/shared-feed.ts'
import type { UserUsage } from '../../hub/users.ts'
import type { ListedConnection } from '../../hub/listed-connections.ts'
import type { LicenceBySource } from '../../market/licence.ts'
import type { LiveConnection, LiveProtocol } from '../../market/live-connection.ts'
import { isoOf } from '../../market/time.ts'
import type { TokenBucket } from '../../token-bucket.ts'
import { mayServe, type Origin } from '../licences.ts'
import type { EventMessage, Update } from './event-message.ts'
import { Following } from './following.ts'

/** The vendors wait so long for a key. */
const AUTHENTICATE_WITHIN_MS = 10_000
/** More unsent bytes than these, and the client is slow: what it is told is history, of which nothing may be missing. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024
/** Frames of one client that wait while an earlier one is worked on. */
const MAX_WAITING_FRAMES = 64

/** Why a client is sent away. */
export type Farewell =
  | 'not_in_time'
  | 'wrong_key'
  | 'cannot_tell'
  | 'may_not_stream'
  | 'too_many_connections'
  | 'too_many_frames'
  | 'slow'
  | 'dismissed'

export type StreamClientOptions = {
  readonly socket: WebSocket
  readonly context: LiveContext
  readonly protocol: LiveProtocol
  readonly feed: SharedFeed<Update>
  readonly licences: LicenceBySource
  /** Where it came from; empty where that has no address. */
  readonly address: string
  /** The same, as far as limits tell addresses apart. */
  readonly network: string
  /** Called once, when the client has proved who it is. */
  readonly onAuthenticated: () => void
}

type Authenticated = { readonly caller: Caller; readonly usage: UserUsage; readonly following: Following }

/** One client of a vendor's stream: who it is, what it may have, and what it is told. Its frames are worked on in order. */
export abstract class StreamClient implements Listener<Update>, ListedConnection {
  readonly id: string
  readonly #openedAt: number
  readonly #options: StreamClientOptions
  #authenticated: Authenticated | undefined
  #isVerifying = false
  #isSlow = false
  /** Frames that wait are those of one that is here. */
  #work: Promise<void> = Promise.resolve()
  #waiting = 0
  /** Of this turn of the event loop. */
  #unsent: EventMessage[] = []
  readonly #bucket: TokenBucket
  readonly #mustAuthenticateBy: number
  #heardAt: number
  #pingedAt = 0

  constructor(options: StreamClientOptions) {
    this.#options = options
    const { socket, context } = options
    const now = context.now()
    this.id = context.newId()
    this.#openedAt = now
    this.#bucket = frameBucket(context.limits, now)
    this.#mustAuthenticateBy = now + AUTHENTICATE_WITHIN_MS
    this.#heardAt = now
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.#admits()) this.#do(() => this.received(data, isBinary))
    })
    socket.on('ping', (data: Buffer) => {
      if (this.#admits()) socket.pong(data)
    })
    socket.on('pong', () => (this.#heardAt = context.now()))
  }

  /** Works on a frame. */
  protected abstract received(data: Buffer, isBinary: boolean): Promise<void>
  /** Tells that the key is right. */
  protected abstract welcome(): void
  /** Says why, in the vendor's words; the close code, or undefined for an end without a reason. */
  protected abstract sayFarewell(why: Farewell): number | undefined
  /** The messages of an event that this client gets. */
  protected abstract chosen(update: Update): readonly EventMessage[]
  /** Something of what it follows is not told to it, for it may not have it. */
  protected abstract refuseUpdate(update: Update): void
  /** Sends ready messages as one frame. */
  protected abstract sendAll(messages: readonly EventMessage[]): void

  protected get context(): LiveContext {
    return this.#options.context
  }

  protected get isOpen(): boolean {
    const { socket } = this.#options
    return socket.readyState === socket.OPEN
  }

  protected get authenticated(): Authenticated | undefined {
    return this.#authenticated
  }

  protected send(frame: string | Uint8Array): void {
    const { socket } = this.#options
    if (!this.isOpen) return
    if (socket.bufferedAmount > MAX_UNSENT_BYTES && !this.#isSlow) return this.#sendAway()
    const { traffic } = this.#options.context
    traffic.messages++
    traffic.bytes += frame.length
    socket.send(frame)
  }

  /** Works on what came with the connection, before any frame. */
  protected first(work: () => Promise<void>): void {
    this.#do(work)
  }

  /** Whether a value of these may be told to this client, as far as licences go. */
  protected mayHave(origin: Origin): boolean {
    const isOperator = this.#authenticated?.caller.isOperator ?? false
    return mayServe(this.#options.licences, origin, { use: 'redistribution', isOperator })
  }

  take(update: Update): void {
    if (!this.isOpen || !isTold(update)) return
    if (!this.mayHave(update.origin)) return this.refuseUpdate(update)
    const messages = this.chosen(update)
    if (messages.length === 0) return
    if (this.#unsent.length === 0) setImmediate(() => this.#flush())
    this.#unsent.push(...messages)
  }

  /** A first key opens the stream. */
  protected async authenticate(credential: string): Promise<void> {
    const { context, feed, network, onAuthenticated } = this.#options
    let caller: Caller
    try {
      caller = await context.authenticate(credential, network)
    } catch (error) {
      return this.end(error instanceof CannotAuthenticateNow ? 'cannot_tell' : 'wrong_key')
    }
    if (!this.isOpen) return
    if (!caller.mayStream) return this.end('may_not_stream')
    const usage = context.users.enter(caller.userId, context.limits.connectionsPerUser)
    if (!usage) return this.end('too_many_connections')
    this.#authenticated = { caller, usage, following: new Following({ context, feed, listener: this, usage }) }
    onAuthenticated()
    this.welcome()
  }

  /** Looks after the connection; called about once a second. */
  check(now: number): void {
    const { socket, context } = this.#options
    const isAsked = this.#pingedAt > this.#heardAt
    if (isAsked && now - this.#pingedAt >= context.heartbeatMs) return socket.terminate()
    if (!isAsked && now - this.#heardAt >= context.heartbeatMs) {
      this.#pingedAt = now
      socket.ping()
    }
    if (!this.#authenticated) {
      if (now > this.#mustAuthenticateBy) this.end('not_in_time')
      return
    }
    const { caller } = this.#authenticated
    if (caller.isRevoked() || caller.expiresAt <= now) this.end('wrong_key')
    else if (caller.knownUntil <= now && !this.#isVerifying) void this.#verifyAgain(caller)
  }

  endUnknown(symbols: ReadonlyMap<string, unknown>): void {
    const following = this.#authenticated?.following
    if (following?.hasAnyOf(symbols)) this.#do(async () => following.dropUnknown(symbols))
  }

  describe(): LiveConnection {
    const { protocol, address, socket } = this.#options
    const { caller } = this.#authenticated ?? {}
    return {
      id: this.id,
      protocol,
      ...(caller && { user: caller.name, userId: caller.userId }),
      ...(address !== '' && { address }),
      openedAt: isoOf(this.#openedAt),
      subscriptions: this.#authenticated?.following.size ?? 0,
      bufferedBytes: socket.bufferedAmount,
      // What these clients are told is history.
      conflated: 0
    }
  }

  dismiss(): void {
    this.end('dismissed')
  }

  end(why: Farewell): void {
    const code = this.sayFarewell(why)
    this.#options.socket.close(code)
  }

  /** The socket is gone. */
  closed(): void {
    if (!this.#authenticated) return
    const { usage, following } = this.#authenticated
    this.context.users.leave(usage)
    this.#work = this.#work.then(() => following.end())
  }

  /** It may never read why. */
  #sendAway(): void {
    this.#isSlow = true
    this.context.traffic.slow++
    this.end('slow')
  }

  #flush(): void {
    const messages = this.#unsent
    this.#unsent = []
    if (this.isOpen) this.sendAll(messages)
  }

  #admits(): boolean {
    const { context } = this.#options
    if (!this.isOpen) return false
    this.#heardAt = context.now()
    context.traffic.received++
    const isAllowed = this.#bucket.take(context.now()) && this.#waiting < MAX_WAITING_FRAMES
    if (!isAllowed) this.end('too_many_frames')
    return isAllowed
  }

  #do(work: () => Promise<void>): void {
    this.#waiting++
    this.#work = this.#inTurn(this.#work, work)
  }

  async #inTurn(before: Promise<void>, work: () => Promise<void>): Promise<void> {
    await before
    try {
      if (this.isOpen) await work()
    } catch (err) {
      this.context.log.error({ err }, "a frame of a vendor's client could not be served")
      this.end('cannot_tell')
    }
    this.#waiting--
  }

  async #verifyAgain(verified: Caller): Promise<void> {
    this.#isVerifying = true
    try {
      const caller = await verified.verifyAgain()
      if (!caller.mayStream) this.end('may_not_stream')
      else if (this.#authenticated) this.#authenticated = { ...this.#authenticated, caller }
    } catch (error) {
      this.end(error instanceof CannotAuthenticateNow ? 'cannot_tell' : 'wrong_key')
    } finally {
      this.#isVerifying = false
    }
  }
}

/** Of bars those are told that are made here of trades; whatever else tells bars of the same minute tells them again. */
const isTold = ({ topic, origin }: Update): boolean =>
  !streamOf(topic.name).startsWith('bars.') || providerOfTrades(origin.source) !== undefined
