import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'

export type Frame = { type: string; id?: unknown; data: Record<string, unknown>; cursor?: string }

/** A WebSocket client that keeps all it was sent. */
export class LiveClient {
  readonly socket: WebSocket
  readonly frames: Frame[] = []
  readonly binary: Buffer[] = []
  /** Set once the connection is closed. */
  closed: { code: number; reason: string } | undefined
  readonly #waiting = new Set<() => void>()

  constructor(url: string, protocols: readonly string[] = [], options: ClientOptions = {}) {
    this.socket = new WebSocket(url, [...protocols], options)
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.binary.push(data)
      else this.frames.push(...([JSON.parse(data.toString())].flat() as Frame[]))
      this.#wake()
    })
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
      this.#wake()
    })
    this.socket.on('error', () => undefined)
    onTestFinished(() => this.socket.terminate())
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  subscribe(symbols: readonly string[], options: object = {}): void {
    this.send({ type: 'subscribe', data: { type: 'stock_quotes', symbols, ...options } })
  }

  ofType(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type)
  }

  /** The nth frame of a type, once it is there. */
  async frame(type: string, nth = 0): Promise<Frame> {
    await this.until(() => this.ofType(type).length > nth, `${type} ${nth}`)
    return this.ofType(type)[nth]!
  }

  async until(condition: () => boolean, what = 'a condition', timeoutMs = 30_000): Promise<void> {
    const giveUp = Date.now() + timeoutMs
    while (!condition()) {
      const left = giveUp - Date.now()
      if (left <= 0) {
        throw new Error(
          `${what} did not come; ${JSON.stringify(this.closed)} ${JSON.stringify(this.frames.slice(-5)).slice(0, 1500)}`
        )
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 50))
        this.#waiting.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  async closing(): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closed !== undefined, 'the end of the connection')
    return this.closed!
  }

  async leave(): Promise<void> {
    if (this.closed) return
    const gone = once(this.socket, 'close')
    this.socket.close()
    await gone
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}
