import type { ServedChange } from '../demand/answers.ts'
import type { TokenBucket } from '../token-bucket.ts'
import { authenticatedFrame, expiryNotice, pongFrame, welcomeFrame, type FrameId } from './answers.ts'
import { frameBucket, readClientFrame, type SubscribeData } from './client-frame.ts'
import type { ClientFrame } from './client-protocol.ts'
import { ClientWork } from './client-work.ts'
import { CloseCode } from './close-codes.ts'
import { Connection } from './connection.ts'
import { CannotAuthenticateNow, type Caller, type LiveContext } from './context.ts'
import { PLAIN_BINARY } from './format.ts'
import type { Losses } from './log-memory.ts'
import type { ControlFrame, Failure } from './protocol.ts'
import { AUTHENTICATE_WITHIN_MS, failureOf, isPassing, RefusalCount, Refused } from './refusals.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Transport, TransportListener } from './transport.ts'
import type { UserUsage } from './users.ts'

const WARN_BEFORE_EXPIRY_MS = 30_000

export type ClientOptions = {
  readonly id: string
  readonly transport: Transport
  readonly context: LiveContext
  /**
   * As the connection's request presented it, or whom that was found to name; without one the client must send an auth
   * frame.
   */
  readonly credential: Caller | string | undefined
  readonly binary: boolean
  /** Where it came from; empty where that has no address. */
  readonly address: string
  /** The same, as far as limits on an address tell addresses apart. */
  readonly network: string
  /** Called once, when the client has proved who it is. */
  readonly onAuthenticated: () => void
}

type Authenticated = { readonly caller: Caller; readonly usage: UserUsage; readonly subscriptions: Subscriptions }

/** One client: who it is, what it may, and its frames, worked on one after the other. */
export class Client implements TransportListener {
  readonly id: string
  readonly transport: Transport
  readonly address: string
  /** Epoch milliseconds. */
  readonly openedAt: number
  readonly context: LiveContext
  readonly #connection: Connection
  readonly #network: string
  readonly #onAuthenticated: () => void
  /** Who the client proved to be. */
  #authenticated: Authenticated | undefined
  readonly #work: ClientWork
  #renewal: Promise<void> | undefined
  #heardAt: number
  #pingedAt = 0
  #isWarned = false
  #isVerifying = false
  readonly #bucket: TokenBucket
  #refusals: RefusalCount | undefined

  constructor({ id, transport, context, credential, binary, address, network, onAuthenticated }: ClientOptions) {
    this.id = id
    this.transport = transport
    this.address = address
    this.#network = network
    this.#onAuthenticated = onAuthenticated
    this.context = context
    const { hub, traffic } = context
    this.#connection = new Connection({ transport, hub, traffic })
    this.#work = new ClientWork({ id, connection: this.#connection, context })
    if (binary) this.#connection.format = PLAIN_BINARY
    const now = context.now()
    this.openedAt = now
    this.#heardAt = now
    this.#bucket = frameBucket(context.limits, now)
    transport.listen(this)
    if (credential === undefined) this.#welcome()
    else if (typeof credential === 'string') this.#authenticateFirst(transport, credential)
    else this.#enter(credential, () => this.#welcome())
  }

  /** Reads nothing more meanwhile: many clients send their longest frame as soon as they are connected. */
  #authenticateFirst(transport: Transport, token: string): void {
    transport.pause()
    void this.#do(() => this.#authenticate(token, () => this.#welcome())).then(() => transport.resume())
  }

  /** Undefined before the client authenticated. */
  get caller(): Caller | undefined {
    return this.#authenticated?.caller
  }

  /** What operators see of it. */
  get description() {
    return { subscriptions: this.#authenticated?.subscriptions.count ?? 0, ...this.#connection.delivery }
  }

  /** See Caller. */
  pay(symbols: number): Failure | undefined {
    return this.#authenticated?.caller.pay(symbols)
  }

  /** See Caller. */
  payForReplay(bytes: number): Failure | undefined {
    return this.#authenticated?.caller.payForReplay(bytes)
  }

  /** Looks after the connection; called about once a second. */
  check(now: number): void {
    const { heartbeatMs } = this.context
    if (this.#connection.hasRead()) this.alive()
    const isAsked = this.#pingedAt > this.#heardAt
    if (isAsked && now - this.#pingedAt >= heartbeatMs) return this.#connection.cut(CloseCode.noPong)
    if (!isAsked && now - this.#heardAt >= heartbeatMs) {
      this.#pingedAt = now
      this.#connection.ping()
    }
    if (!this.#authenticated) {
      if (now > this.openedAt + AUTHENTICATE_WITHIN_MS) this.end(CloseCode.unauthorized, Refused.notInTime)
      return
    }
    const { caller } = this.#authenticated
    if (caller.isRevoked()) this.end(CloseCode.unauthorized, Refused.revoked)
    else if (caller.expiresAt <= now) this.end(CloseCode.tokenExpired, Refused.expired)
    else if (caller.expiresAt - now < WARN_BEFORE_EXPIRY_MS && !this.#isWarned) {
      this.#isWarned = true
      this.#connection.send(expiryNotice(caller.expiresAt))
    }
    if (caller.knownUntil <= now && !this.#isVerifying) void this.#verifyAgain(caller)
  }

  /** Events may be missing. */
  startOver(losses: Losses): void {
    const subscriptions = this.#authenticated?.subscriptions
    const lost = subscriptions?.tellLost(losses) ?? []
    if (subscriptions && lost.length > 0) void this.#do(() => subscriptions.startOver(lost))
  }

  /** Symbols turned out to be unknown. */
  endUnknown(symbols: ReadonlyMap<string, Failure>): void {
    const subscriptions = this.#authenticated?.subscriptions
    if (subscriptions) void this.#do(async () => subscriptions.endUnknown(symbols))
  }

  /** Others bring what the client follows. */
  servedOtherwise(change: ServedChange): void {
    const tell = this.#authenticated?.subscriptions.changeTeller(change)
    if (tell) void this.#do(async () => tell())
  }

  close(closeCode: CloseCode): void {
    this.#connection.close(closeCode)
  }

  /** Resolves when it can take more, or is gone. */
  drained(): Promise<void> {
    return this.#connection.drained()
  }

  /** Tells it, behind all events that it has to get, why none comes any more, and ends the connection. */
  async finish(closeCode: CloseCode, frame: ControlFrame): Promise<void> {
    this.#connection.sendInPlace(frame)
    await this.#connection.drained()
    this.#connection.close(closeCode)
  }

  /** Others need its place, and it has not said who it is. */
  giveWay(): void {
    this.#connection.send({ type: 'error', data: Refused.tooManyNewcomers })
    this.#connection.cut(CloseCode.overrun)
  }

  /** Its connection is gone. */
  closed(): void {
    this.#connection.closed()
    if (!this.#authenticated) return
    const { usage, subscriptions } = this.#authenticated
    this.context.users.leave(usage)
    this.#work.finish(() => subscriptions.end())
  }

  alive(): void {
    this.#heardAt = this.context.now()
  }

  pinged(data: Buffer): void {
    if (this.#admits()) this.#soon(() => this.#connection.pong(data))
  }

  /**
   * Subscribes a client that cannot ask for it by a frame, behind all that was begun before. Resolves when events come as
   * they happen; where that was refused the connection ends.
   */
  subscribe(data: SubscribeData): Promise<void> {
    const refuse = (failure: Failure) => this.end(isPassing(failure) ? CloseCode.notNow : CloseCode.refused, failure)
    return this.#work.do(async () => {
      const failure = await this.#authenticated?.subscriptions.subscribe(data, undefined)
      if (failure) refuse(failure)
    }, refuse)
  }

  received(data: Buffer, isBinary: boolean): void {
    if (!this.#admits()) return
    if (isBinary) return this.#refuse(Refused.textExpected)
    const read = readClientFrame(data, this.#authenticated !== undefined)
    if ('failure' in read) return this.#refuse(read.failure, read.id)
    const { frame } = read
    if (frame.type === 'ping') return this.#soon(() => this.#connection.send(pongFrame(this.context.now(), frame.id)))
    if (this.#work.isFull) return this.end(CloseCode.tooManyFrames, Refused.tooManyFrames)
    if (frame.type === 'auth' && this.#authenticated) return this.#renew(frame.data.token, frame.id)
    void this.#do(() => this.#handle(frame))
  }

  /** Takes note of what a client sent; false, and the connection ends, where that was one frame too many. */
  #admits(): boolean {
    if (!this.#connection.isOpen) return false
    this.alive()
    this.context.traffic.received++
    const isAllowed = this.#bucket.take(this.context.now())
    if (!isAllowed) this.end(CloseCode.tooManyFrames, Refused.tooManyFrames)
    return isAllowed
  }

  /** Answers at once, unless the client does not take what it was sent before: then in turn. */
  #soon(answer: () => void): void {
    if (!this.#connection.isFull) return answer()
    if (this.#work.isFull) return this.end(CloseCode.tooManyFrames, Refused.tooManyFrames)
    void this.#do(async () => answer())
  }

  /** Not in turn: what a slow client is sent before may outlast its token. */
  #renew(token: string, id: FrameId): void {
    this.#renewal = this.#work.beside(this.#renewAfter(this.#renewal, token, id))
  }

  async #renewAfter(before: Promise<void> | undefined, token: string, id: FrameId): Promise<void> {
    await before
    await this.#authenticate(token, () => void this.#do(async () => this.#confirm(id)))
  }

  #do(work: () => Promise<void>): Promise<void> {
    return this.#work.do(work, (failure) => this.#refuse(failure))
  }

  async #handle(frame: ClientFrame): Promise<void> {
    if (frame.type === 'ping') return
    if (frame.type === 'auth') return this.#authenticate(frame.data.token, () => this.#confirm(frame.id))
    if (!this.#authenticated) return this.#refuse(Refused.notAuthenticated, frame.id)
    const { subscriptions } = this.#authenticated
    if (frame.type === 'list') return subscriptions.list(frame.id)
    if (frame.type === 'unsubscribe') return subscriptions.unsubscribe(frame.data, frame.id)
    const failure = await subscriptions.subscribe(frame.data, frame.id)
    if (failure) this.#refuse(failure, frame.id)
  }

  /** A first token opens the connection to subscriptions; a later one of the same user renews it, and one that is wrong changes nothing. */
  async #authenticate(token: string, answer: () => void): Promise<void> {
    let caller: Caller
    try {
      caller = await this.context.authenticate(token, this.#network)
    } catch (error) {
      if (this.#authenticated) return this.#refuse(failureOf(error))
      return this.#endWithout(error)
    }
    if (!this.#connection.isOpen) return
    if (this.#authenticated && this.#authenticated.caller.userId !== caller.userId)
      return this.#refuse(Refused.otherUser)
    this.#enter(caller, answer)
  }

  #enter(caller: Caller, answer: () => void): void {
    const { limits, users } = this.context
    if (!caller.mayStream) return this.end(CloseCode.forbidden, Refused.notAuthorized)
    if (this.#authenticated) {
      this.#authenticated = { ...this.#authenticated, caller }
      this.#isWarned = false
      return answer()
    }
    const failure = this.context.admit?.()
    if (failure) return this.end(CloseCode.notNow, failure)
    const usage = users.enter(caller.userId, limits.connectionsPerUser)
    if (!usage) return this.end(CloseCode.tooManyConnections, Refused.tooManyConnections)
    const [context, connection] = [this.context, this.#connection]
    const subscriptions = new Subscriptions({ context, connection, usage, payer: this })
    this.#authenticated = { caller, usage, subscriptions }
    this.#onAuthenticated()
    answer()
  }

  /** Ends the connection where the credential that opened it is no longer good, although it was not revoked. */
  async #verifyAgain(verified: Caller): Promise<void> {
    this.#isVerifying = true
    try {
      const caller = await verified.verifyAgain()
      if (this.#authenticated?.caller !== verified) return // renewed meanwhile
      if (!caller.mayStream) return this.end(CloseCode.forbidden, Refused.notAuthorized)
      this.#authenticated = { ...this.#authenticated, caller }
    } catch (error) {
      if (this.#authenticated?.caller === verified) this.#endWithout(error)
    } finally {
      this.#isVerifying = false
    }
  }

  /** Ends a connection that has no credential that counts now. */
  #endWithout(error: unknown): void {
    const isNotKnown = error instanceof CannotAuthenticateNow
    this.end(isNotKnown ? CloseCode.cannotAuthenticate : CloseCode.unauthorized, failureOf(error))
  }

  #welcome(): void {
    const { binary } = this.#connection.format
    const authenticated = this.#authenticated !== undefined
    this.#connection.send(welcomeFrame(this.id, this.context, { binary, authenticated }))
  }

  #confirm(id: FrameId): void {
    this.#connection.send(authenticatedFrame(this.#authenticated!.caller, id))
  }

  #refuse(failure: Failure, id?: FrameId): void {
    this.#connection.send({ type: 'error', ...(id !== undefined && { id }), data: failure })
    this.#refusals ??= new RefusalCount()
    if (this.#refusals.isTooMany(this.context.now())) this.#connection.close(CloseCode.badFrames)
  }

  /** Says why, and ends the connection. */
  end(closeCode: CloseCode, failure: Failure): void {
    this.#connection.send({ type: 'error', data: failure })
    this.#connection.close(closeCode)
  }
}
