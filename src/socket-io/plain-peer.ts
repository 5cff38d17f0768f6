import { CloseCode } from '../hub/close-codes.ts'
import { Connection, type ConnectionOptions } from '../hub/connection.ts'
import type { DeliveryState } from '../market/live-connection.ts'
import type { Failure } from '../hub/protocol.ts'
import { RefusalCount, Refused as RefusedFrame } from '../hub/refusals.ts'
import type { Peer, PeerListener } from './peer.ts'
import { readPlainFrame } from './plain-frame.ts'

/** Frames that came together with one that must be worked on before them. */
const MAX_HELD_FRAMES = 64
/** How a request is answered that asks for nothing more. */
const ANSWERS: Readonly<Record<string, string>> = { subscribe: 'subscribed', unsubscribe: 'unsubscribed' }
/** Clients connect again after others. */
const ENDINGS: Readonly<Record<string, CloseCode>> = {
  ENDED_BY_OPERATOR: CloseCode.dismissed,
  INVALID_FRAME: CloseCode.badFrames,
  NOT_AUTHENTICATED: CloseCode.unauthorized,
  NOT_AUTHORIZED: CloseCode.forbidden,
  TOKEN_EXPIRED: CloseCode.tokenExpired,
  TOO_MANY_FRAMES: CloseCode.tooManyFrames,
  TOO_MANY_CONNECTIONS: CloseCode.tooManyConnections
}

export type PlainPeerOptions = ConnectionOptions & {
  readonly id: string
  readonly address: string
  readonly heartbeatMs: number
  /** Epoch milliseconds. */
  readonly now: () => number
}

/**
 * A WebSocket client whose frames are events: `{"event":"subscribe","data":{"symbols":["AAPL"]}}` one way,
 * `{"event":"priceUpdate","data":{...}}` the other. An `id` of a request comes back with its answer.
 */
export class PlainPeer implements Peer {
  readonly protocol = 'stocks'
  readonly id: string
  readonly address: string
  readonly #options: PlainPeerOptions
  readonly #connection: Connection
  readonly #refusals = new RefusalCount()
  #listener: PeerListener | undefined
  #heardAt: number
  #pingedAt = 0
  #isDraining = false
  #held: { readonly data: Buffer; readonly isBinary: boolean }[] | undefined

  constructor(options: PlainPeerOptions) {
    const { id, address, transport, now } = options
    this.id = id
    this.address = address
    this.#options = options
    this.#connection = new Connection(options)
    this.#heardAt = now()
    transport.listen({
      alive: () => this.#hear(),
      pinged: (data) => {
        if (this.#admits(data.length)) this.#connection.pong(data)
      },
      received: (data, isBinary) => this.#receive(data, isBinary)
    })
    transport.onClosed(() => {
      this.#connection.closed()
      this.#listener?.gone()
    })
  }

  get isConnected(): boolean {
    return this.#connection.isOpen
  }

  get delivery(): DeliveryState {
    return this.#connection.delivery
  }

  listen(listener: PeerListener): void {
    this.#listener = listener
  }

  /** Reads nothing more until it is released: what has come already waits. */
  hold(): void {
    this.#held ??= []
    this.#options.transport.pause()
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const { data, isBinary } of held) this.#receive(data, isBinary)
    this.#options.transport.resume()
  }

  tell(event: string, payload: object): void {
    this.#send({ event, data: payload })
  }

  check(now: number): void {
    const { heartbeatMs } = this.#options
    if (this.#connection.hasRead()) this.#hear()
    const isAsked = this.#pingedAt > this.#heardAt
    if (isAsked && now - this.#pingedAt >= heartbeatMs) return this.#connection.cut(CloseCode.noPong)
    if (!isAsked && now - this.#heardAt >= heartbeatMs) {
      this.#pingedAt = now
      this.#connection.ping()
    }
  }

  end(failure: Failure): void {
    this.tell('error', failure)
    this.close(ENDINGS[failure.code] ?? CloseCode.cannotAuthenticate)
  }

  sendAway(failure: Failure): void {
    this.end(failure)
  }

  cut(): void {
    this.#connection.cut(CloseCode.tooSlow)
  }

  close(closeCode: CloseCode): void {
    this.#connection.close(closeCode)
  }

  #hear(): void {
    this.#heardAt = this.#options.now()
  }

  #admits(bytes: number): boolean {
    if (!this.isConnected) return false
    this.#hear()
    this.#options.traffic.received++
    return this.#listener?.admits(bytes) ?? false
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#held) {
      if (this.#held.length >= MAX_HELD_FRAMES) this.close(CloseCode.tooManyFrames)
      else this.#held.push({ data, isBinary })
      return
    }
    if (!this.#admits(data.length)) return
    if (isBinary) return this.#refuse(RefusedFrame.textExpected, undefined)
    const read = readPlainFrame(data)
    if ('failure' in read) return this.#refuse(read.failure, read.id)
    const { event, id, data: wanted } = read.frame
    const answer = (about: object) => {
      const isRefusal = 'error' in about
      // What is wrong is told by an event of its own.
      if (!isRefusal) this.#send({ event: ANSWERS[event], ...(id !== undefined && { id }), data: about })
    }
    this.#listener?.requested(event, wanted, answer)
  }

  #refuse(failure: Failure, id: string | number | undefined): void {
    this.#send({ event: 'error', ...(id !== undefined && { id }), data: failure })
    if (this.#refusals.isTooMany(this.#options.now())) this.close(CloseCode.badFrames)
  }

  #send(frame: object): void {
    if (!this.isConnected) return
    this.#connection.send(Buffer.from(JSON.stringify(frame)))
    if (!this.#isDraining) void this.#drain()
  }

  /** Tells when what was sent is taken: at once, as long as the connection is not behind. */
  async #drain(): Promise<void> {
    this.#isDraining = true
    await this.#connection.drained()
    this.#isDraining = false
    if (this.isConnected) this.#listener?.taken()
  }
}
