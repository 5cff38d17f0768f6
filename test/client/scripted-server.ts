import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'

type Sent = { readonly type: string; readonly id?: number; readonly data: Record<string, unknown> }
export type Line = { say(...frames: (object | string | Buffer)[]): void; end(code: number, reason?: string): void }
export type Script = {
  /** A connection began. The welcome is the script's own. */
  readonly connected?: (line: Line, count: number) => void
  readonly sent?: (line: Line, frame: Sent) => void
}

const LIMITS = { connectionsPerUser: 9, subscriptionsPerUser: 9, framesPerSecond: 20, frameBytes: 16_384 }
/** The first frame of a server that asks for a sign of life so often. */
export const welcome = (heartbeatMs = 20_000): object => ({
  type: 'welcome',
  data: { session: 's', encoding: 'json', epoch: 'e', authenticated: true, heartbeatMs, limits: LIMITS }
})

/** Says what the real server says only when something goes wrong, and what a later one may say. Ends with the test. */
export async function startScripted({ connected, sent }: Script): Promise<{ url: string; frames: Sent[] }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'quotewire' })
  await once(server, 'listening')
  const frames: Sent[] = []
  let count = 0
  server.on('connection', (socket) => {
    const line = lineOf(socket)
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Sent
      frames.push(frame)
      sent?.(line, frame)
    })
    connected?.(line, ++count)
  })
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, frames }
}

const lineOf = (socket: WebSocket): Line => ({
  say(...frames) {
    for (const frame of frames) {
      socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
    }
  },
  end: (code, reason) => socket.close(code, reason)
})

/** The answer to a subscribe frame that accepts all of it. */
export function accepted({ id, data }: Sent): object {
  const symbols = data['symbols'] as string[]
  const accepted = symbols.map((symbol) => ({ symbol, servedBy: 'polling' }))
  const { type, stream } = data
  return { type: 'subscribed', id, data: { type, stream, accepted, rejected: [], count: symbols.length } }
}
