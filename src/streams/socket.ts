import { WebSocket } from 'ws'
import type { Endpoint } from './feed.ts'
import type { Frame } from './mapper.ts'

/** No vendor sends longer frames; one that does is cut off. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024
/** Requests are short: with so much unsent the vendor does not read, and the connection is given up. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
const TOO_MUCH_UNSENT = 4009
const NO_ADDRESS = 4010

export type SocketEvents = {
  opened(): void
  received(frame: Frame): void
  ponged(): void
  /** Once, and nothing after it: the code of the close frame (1006 without one), or the HTTP status that refused the handshake. */
  ended(code: number, reason: string): void
}

/** An upstream connection that is being made or is there. Nothing is told of it once it was dropped. */
export type UpstreamSocket = {
  send(frame: Frame): void
  ping(): void
  /** Gives the connection up at once; a vendor that still listens is told. */
  drop(): void
}

export type OpenSocket = (endpoint: Endpoint, events: SocketEvents) => UpstreamSocket

/** Opens a WebSocket. Never throws: what cannot be connected to ends. */
export const openSocket: OpenSocket = (endpoint, events) => {
  let isOver = false
  let failure = ''
  const end = (code: number, reason: string) => {
    if (isOver) return
    isOver = true
    events.ended(code, reason)
  }
  const socket = made(endpoint)
  if (!socket) {
    setImmediate(() => end(NO_ADDRESS, 'the address cannot be connected to'))
    return { send: () => undefined, ping: () => undefined, drop: () => void (isOver = true) }
  }
  socket.on('open', () => isOver || events.opened())
  socket.on('message', (data: Buffer, isBinary) => isOver || events.received(isBinary ? data : data.toString()))
  socket.on('pong', () => isOver || events.ponged())
  socket.on('unexpected-response', (_request, response) => {
    response.resume()
    end(response.statusCode ?? 1006, '')
    socket.terminate()
  })
  socket.on('error', (error) => (failure = error.message))
  socket.on('close', (code, reason) => end(code, reason.toString() || failure))

  return {
    send(frame) {
      if (isOver || socket.readyState !== WebSocket.OPEN) return
      socket.send(frame, () => undefined)
      if (socket.bufferedAmount <= MAX_UNSENT_BYTES) return
      end(TOO_MUCH_UNSENT, 'the vendor does not read what it is sent')
      socket.terminate()
    },
    ping() {
      if (!isOver && socket.readyState === WebSocket.OPEN) socket.ping()
    },
    drop() {
      isOver = true
      if (socket.readyState === WebSocket.OPEN) socket.close(1000)
      else socket.terminate()
    }
  }
}

/** Undefined where the address is none. */
function made({ url, headers }: Endpoint): WebSocket | undefined {
  try {
    return new WebSocket(url, { headers, maxPayload: MAX_FRAME_BYTES })
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
