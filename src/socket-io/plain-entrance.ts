import type { Config } from '../config/config.ts'
import { frameBucket } from '../hub/client-frame.ts'
import { CloseCode } from '../hub/close-codes.ts'
import type { Caller } from '../hub/context.ts'
import type { Arrival, Live } from '../hub/live-server.ts'
import { AUTHENTICATE_WITHIN_MS, failureOf, Refused } from '../hub/refusals.ts'
import type { Bridge } from './bridge.ts'
import { DIALECTS } from './dialect.ts'
import type { PeerListener } from './peer.ts'
import { PlainPeer } from './plain-peer.ts'
import { userVisitor } from './visitor.ts'

/** What plain WebSocket clients are told. */
const DIALECT = DIALECTS.find(({ namespace }) => namespace === '/stocks')!
/** For who has not said who he is: an auth frame has room for the longest token. */
const MAX_FIRST_FRAME_BYTES = 16 * 1024
/** What clients get to answer the farewell before they are cut off. */
const CLOSE_TIMEOUT_MS = 2000

const NOTHING = () => {}
const TOO_LONG_YET = {
  code: 'INVALID_FRAME',
  message: `The first frame must not be longer than ${MAX_FIRST_FRAME_BYTES} bytes`
}
const AUTHENTICATE_FIRST = {
  code: 'NOT_AUTHENTICATED',
  message: 'Send {"event":"auth","data":{"token":"…"}} first'
}

type Credential = NonNullable<Arrival['credential']>

export type PlainEntranceOptions = { readonly live: Live; readonly bridge: Bridge; readonly config: Config }

/** Where WebSocket clients come in that speak in events as Socket.IO's do, and say who they are. */
export class PlainEntrance {
  readonly #options: PlainEntranceOptions
  readonly #peers = new Map<PlainPeer, Arrival['transport']>()
  #isClosing = false

  constructor(options: PlainEntranceOptions) {
    this.#options = options
  }

  accept(arrival: Arrival): void {
    const { live } = this.#options
    const { transport, credential, address, network } = arrival
    // It was let in a moment before.
    if (this.#isClosing) return transport.close(CloseCode.shutdown)
    const { hub, traffic, heartbeatMs, now, newId } = live.context
    const peer = new PlainPeer({ id: newId(), address, transport, hub, traffic, heartbeatMs, now })
    this.#peers.set(peer, transport)
    const leave = live.lodge()
    transport.onClosed(() => {
      this.#peers.delete(peer)
      leave()
    })
    if (credential === undefined) this.#await(peer, network)
    else void this.#introduce(peer, network, credential, NOTHING)
  }

  /** Sends every client elsewhere. */
  async close(): Promise<void> {
    this.#isClosing = true
    const transports = [...this.#peers.values()]
    const gone = transports.map((transport) => new Promise<void>((resolve) => transport.onClosed(resolve)))
    for (const peer of this.#peers.keys()) peer.close(CloseCode.shutdown)
    const cutOff = setTimeout(() => {
      for (const transport of transports) transport.terminate()
    }, CLOSE_TIMEOUT_MS)
    await Promise.all(gone)
    clearTimeout(cutOff)
  }

  /** Its first frame says who it is. */
  #await(peer: PlainPeer, network: string): void {
    const { live } = this.#options
    const { context } = live
    const bucket = frameBucket(context.limits, context.now())
    const introduced = live.newcomer(network, () => peer.end(Refused.tooManyNewcomers))
    const deadline = setTimeout(() => peer.end(Refused.notInTime), AUTHENTICATE_WITHIN_MS)
    const known = () => {
      clearTimeout(deadline)
      introduced()
    }
    const listener: PeerListener = {
      admits(bytes) {
        if (bytes > MAX_FIRST_FRAME_BYTES) peer.end(TOO_LONG_YET)
        else if (!bucket.take(context.now())) peer.end(Refused.tooManyFrames)
        return peer.isConnected
      },
      requested: (event, wanted) => {
        const { token } = (typeof wanted === 'object' && wanted !== null ? wanted : {}) as { token?: unknown }
        if (event !== 'auth' || typeof token !== 'string') return peer.tell('error', AUTHENTICATE_FIRST)
        void this.#introduce(peer, network, token, known)
      },
      taken: NOTHING,
      gone: known
    }
    peer.listen(listener)
  }

  /** Many clients send their first request as soon as they are connected: it waits. */
  async #introduce(peer: PlainPeer, network: string, credential: Credential, known: () => void): Promise<void> {
    peer.hold()
    await this.#admit(peer, network, credential, known)
    peer.release()
  }

  async #admit(peer: PlainPeer, network: string, credential: Credential, known: () => void): Promise<void> {
    const { live, bridge, config } = this.#options
    let caller: Caller
    try {
      caller = typeof credential === 'string' ? await live.context.authenticate(credential, network) : credential
    } catch (error) {
      return peer.end(failureOf(error))
    }
    known()
    if (!peer.isConnected) return
    if (!caller.mayStream) return peer.end(Refused.notAuthorized)
    bridge.accept(peer, DIALECT, userVisitor(caller, config))
  }
}
