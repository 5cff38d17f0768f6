import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { onTestFinished, vi } from 'vitest'
import type { WebSocket } from 'ws'

export type Told = Record<string, unknown>

/** A Socket.IO client that keeps all it was sent. */
export function connect(address: string, options: Partial<ManagerOptions & SocketOptions> = {}) {
  const socket: Socket = io(address, { forceNew: true, ...options })
  const told: [event: string, payload: Told][] = []
  const last: Record<string, Told> = {}
  socket.onAny((event: string, payload: Told) => {
    told.push([event, payload])
    last[event] = payload
  })
  onTestFinished(() => void socket.disconnect())
  const all = (event: string) => told.filter(([name]) => name === event).map(([, payload]) => payload)
  const until = (event: string, matches: (payload: Told) => boolean = () => true) =>
    vi.waitFor(() => all(event).find(matches) ?? fail(`${event} did not come: ${JSON.stringify(told.slice(-5))}`), {
      timeout: 8000,
      interval: 20
    })
  return { socket, all, last, until }
}

/** Why a connection is refused. */
export async function refusalOf(socket: Socket): Promise<Told> {
  const { promise, resolve } = Promise.withResolvers<Told>()
  socket.on('connect_error', (error) => resolve((error as { data?: Told }).data ?? { message: error.message }))
  return promise
}

/** Why a connection ends. */
export async function ended(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  socket.on('disconnect', resolve)
  return promise
}

/** The WebSocket under a client. */
export function connectionOf(socket: Socket): WebSocket {
  return (socket.io.engine.transport as unknown as { ws: WebSocket }).ws
}

function fail(message: string): never {
  throw new Error(message)
}
