import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { ServedChange } from '../demand/answers.ts'
import type { TokenBucket } from '../token-bucket.ts'
import { authenticatedFrame, pongFrame, welcomeFrame, type FrameId } from './answers.ts'
import { frameBucket, readClientFrame } from './client-frame.ts'
import { CloseCode } from './close-codes.ts'
import { Connection } from './connection.ts'
import { CannotAuthenticateNow, type Caller, type LiveContext } from './context.ts'
import { PLAIN_BINARY } from './format.ts'
import type { Losses } from './hub.ts'
import type { ClientFrame, ControlFrame, Failure } from './protocol.ts'
import { AUTHENTICATE_WITHIN_MS, failureOf, RefusalCount, Refused } from './refusals.ts'
import { Subscriptions } from './subscriptions.ts'
import type { UserUsage } from './users.ts'

const WARN_BEFORE_EXPIRY_MS = 30_000
/** Frames of one client that wait while an earlier one is worked on, or until it takes what it was sent. */
const MAX_WAITING_FRAMES = 64

export type ClientOptions = {
  readonly id: string
  readonly socket: WebSocket
  /** The TCP socket under it. */
  readonly raw: Socket
  readonly context: LiveContext
  /** As the connection's request presented it; without one the client must send an auth frame. */
  readonly token: string | undefined
  readonly binary: boolean
  /** Where it came from. */
  readonly network: string
  /** Called once, when the client has proved who it is. */
  readonly onAuthenticated: () => void
}

type Authenticated = { readonly caller: Caller; readonly usage: UserUsage; readonly subscriptions: Subscriptions }

/** One client: who it is, what it may, and its frames, worked on one after the other. */
export class Client {
  readonly id: string
  readonly #context: LiveContext
  readonly #connection: Connection
  readonly #mustAuthenticateBy: number
  readonly #network: string
  readonly #onAuthenticated: () => void
  /** Who the client proved to be. */
  #authenticated: Authenticated | undefined
  #work: Promise<void> = Promise.resolve()
  #renewal: Promise<void> | undefined
  #waiting = 0
  #heardAt: number
  #pingedAt = 0
  #isWarned = false
  #isVerifying = false
  readonly #bucket: TokenBucket
  readonly #refusals = new RefusalCount()

  constructor({ id, socket, raw, context, token, binary, network, onAuthenticated }: ClientOptions) {
    this.id = id
    this.#network = network
    this.#onAuthenticated = onAuthenticated
    this.#context = context
    const { hub, traffic } = context
    this.#connection = new Connection({ socket, raw, hub, traffic })
    if (binary) this.#connection.format = PLAIN_BINARY
    const now = context.now()
    this.#heardAt = now
    this.#bucket = frameBucket(context.limits, now)
    this.#mustAuthenticateBy = now + AUTHENTICATE_WITHIN_MS
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary))
    socket.on('pong', () => this.#hear())
    socket.on('ping', (data: Buffer) => {
      if (this.#admits()) this.#soon(() => this.#connection.pong(data))
    })
    if (token === undefined) this.#welcome()
    else this.#authenticateFirst(socket, token)
  }

  /** Reads nothing more meanwhile: many clients send their longest frame as soon as they are connected. */
  #authenticateFirst(socket: WebSocket, token: string): void {
    socket.pause()
    this.#do(() => this.#authenticate(token, () => this.#welcome()))
    void this.#work.then(() => socket.resume())
  }

  /** Undefined before the client authenticated. */
  get userId(): string | undefined {
    return this.#authenticated?.caller.userId
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
    const { heartbeatMs } = this.#context
    if (this.#connection.hasRead()) this.#hear()
    const isAsked = this.#pingedAt > this.#heardAt
    if (isAsked && now - this.#pingedAt >= heartbeatMs) return this.#connection.cut(CloseCode.noPong)
    if (!isAsked && now - this.#heardAt >= heartbeatMs) {
      this.#pingedAt = now
      this.#connection.ping()
    }
    if (!this.#authenticated) {
      if (now > this.#mustAuthenticateBy) this.#end(CloseCode.unauthorized, Refused.notInTime)
      return
    }
    const { caller } = this.#authenticated
    if (caller.isRevoked()) this.#end(CloseCode.unauthorized, Refused.revoked)
    else if (caller.expiresAt <= now) this.#end(CloseCode.tokenExpired, Refused.expired)
    else if (caller.expiresAt - now < WARN_BEFORE_EXPIRY_MS && !this.#isWarned) {
      this.#isWarned = true
      const data = { ...Refused.expiresSoon, details: { expiresAt: new Date(caller.expiresAt).toISOString() } }
      this.#connection.send({ type: 'notice', data })
    }
    if (caller.knownUntil <= now && !this.#isVerifying) void this.#verifyAgain(caller)
  }

  /** Events may be missing. */
  startOver(losses: Losses): void {
    const subscriptions = this.#authenticated?.subscriptions
    const lost = subscriptions?.tellLost(losses) ?? []
    if (subscriptions && lost.length > 0) this.#do(() => subscriptions.startOver(lost))
  }

  /** Symbols turned out to be unknown. */
  endUnknown(symbols: ReadonlyMap<string, Failure>): void {
    const subscriptions = this.#authenticated?.subscriptions
    if (subscriptions) this.#do(async () => subscriptions.endUnknown(symbols))
  }

  /** Others bring what the client follows. */
  servedOtherwise(change: ServedChange): void {
    const tell = this.#authenticated?.subscriptions.changeTeller(change)
    if (tell) this.#do(async () => tell())
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

  /** The socket is gone. */
  closed(): void {
    this.#connection.closed()
    if (!this.#authenticated) return
    const { usage, subscriptions } = this.#authenticated
    this.#context.users.leave(usage)
    this.#work = this.#work.then(() => subscriptions.end())
  }

  #hear(): void {
    this.#heardAt = this.#context.now()
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!this.#admits()) return
    if (isBinary) return this.#refuse(Refused.textExpected)
    const read = readClientFrame(data, this.#authenticated !== undefined)
    if ('failure' in read) return this.#refuse(read.failure, read.id)
    const { frame } = read
    if (frame.type === 'ping') return this.#soon(() => this.#connection.send(pongFrame(this.#context.now(), frame.id)))
    if (this.#waiting >= MAX_WAITING_FRAMES) return this.#end(CloseCode.tooManyFrames, Refused.tooManyFrames)
    if (frame.type === 'auth' && this.#authenticated) return this.#renew(frame.data.token, frame.id)
    this.#do(() => this.#handle(frame))
  }

  /** Takes note of what a client sent; false, and the connection ends, where that was one frame too many. */
  #admits(): boolean {
    if (!this.#connection.isOpen) return false
    this.#hear()
    this.#context.traffic.received++
    const isAllowed = this.#bucket.take(this.#context.now())
    if (!isAllowed) this.#end(CloseCode.tooManyFrames, Refused.tooManyFrames)
    return isAllowed
  }

  /** Answers at once, unless the client does not take what it was sent before: then in turn. */
  #soon(answer: () => void): void {
    if (!this.#connection.isFull) return answer()
    if (this.#waiting >= MAX_WAITING_FRAMES) return this.#end(CloseCode.tooManyFrames, Refused.tooManyFrames)
    this.#do(async () => answer())
  }

  /** Not in turn: what a slow client is sent before may outlast its token. */
  #renew(token: string, id: FrameId): void {
    this.#waiting++
    this.#renewal = this.#renewAfter(this.#renewal, token, id)
  }

  async #renewAfter(before: Promise<void> | undefined, token: string, id: FrameId): Promise<void> {
    await before
    await this.#authenticate(token, () => this.#do(async () => this.#confirm(id)))
    this.#waiting--
  }

  /** Does work after all that was begun before. */
  #do(work: () => Promise<void>): void {
    this.#waiting++
    this.#work = this.#inTurn(this.#work, work)
  }

  async #inTurn(before: Promise<void>, work: () => Promise<void>): Promise<void> {
    await before
    try {
      await this.#connection.drained()
      await this.#context.serialQueue.next()
      if (this.#connection.isOpen) await work()
    } catch (err) {
      this.#context.log.error({ err, connection: this.id }, 'a frame could not be served')
      this.#refuse(Refused.failed)
    }
    this.#waiting--
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
    const { limits, users } = this.#context
    let caller: Caller
    try {
      caller = await this.#context.authenticate(token, this.#network)
    } catch (error) {
      if (this.#authenticated) return this.#refuse(failureOf(error))
      return this.#endWithout(error)
    }
    if (!this.#connection.isOpen) return
    if (this.#authenticated && this.#authenticated.caller.userId !== caller.userId)
      return this.#refuse(Refused.otherUser)
    if (!caller.mayStream) return this.#end(CloseCode.forbidden, Refused.notAuthorized)
    if (this.#authenticated) {
      this.#authenticated = { ...this.#authenticated, caller }
      this.#isWarned = false
      return answer()
    }
    const usage = users.enter(caller.userId, limits.connectionsPerUser)
    if (!usage) return this.#end(CloseCode.tooManyConnections, Refused.tooManyConnections)
    const subscriptions = new Subscriptions({
      context: this.#context,
      connection: this.#connection,
      usage,
      payer: this
    })
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
      if (!caller.mayStream) return this.#end(CloseCode.forbidden, Refused.notAuthorized)
      this.#authenticated = { ...this.#authenticated, caller }
    } catch (error) {
      if (this.#authenticated?.caller === verified) this.#endWithout(error)
    } finally {
      this.#isVerifying = false
    }
  }

  /** Ends a connection that has no credential that counts now. */
  #endWithout(error: unknown): void {
    const isPassing = error instanceof CannotAuthenticateNow
    this.#end(isPassing ? CloseCode.cannotAuthenticate : CloseCode.unauthorized, failureOf(error))
  }

  #welcome(): void {
    const { binary } = this.#connection.format
    const authenticated = this.#authenticated !== undefined
    this.#connection.send(welcomeFrame(this.id, this.#context, { binary, authenticated }))
  }

  #confirm(id: FrameId): void {
    this.#connection.send(authenticatedFrame(this.#authenticated!.caller, id))
  }

  #refuse(failure: Failure, id?: FrameId): void {
    this.#connection.send({ type: 'error', ...(id !== undefined && { id }), data: failure })
    if (this.#refusals.isTooMany(this.#context.now())) this.#connection.close(CloseCode.badFrames)
  }

  #end(closeCode: CloseCode, failure: Failure): void {
    this.#connection.send({ type: 'error', data: failure })
    this.#connection.close(closeCode)
  }
}
