import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Frame } from './live-client.ts'

/** A frame as server-sent events or a line of JSON bring it. */
export type StreamedFrame = Frame & { readonly eventId?: string; readonly event?: string }

/** Where and with what: `socketPath` for a server on a Unix socket. */
export type StreamOptions = { headers?: Record<string, string>; socketPath?: string }

/** Reads a stream of frames, and keeps all it was sent. */
export class EventStreamClient {
  readonly frames: StreamedFrame[] = []
  /** Comments of server-sent events. */
  comments = 0
  status = 0
  headers: IncomingMessage['headers'] = {}
  /** What has come and is no whole frame. */
  rest = ''
  hasEnded = false
  readonly #request: ClientRequest
  #response: IncomingMessage | undefined
  #wake: (() => void) | undefined

  constructor(url: string, { headers = {}, socketPath }: StreamOptions = {}) {
    this.#request = request(url, { headers, agent: false, ...(socketPath !== undefined && { socketPath }) })
    this.#request.on('response', (response) => {
      this.status = response.statusCode!
      this.headers = response.headers
      this.#response = response
      response.setEncoding('utf8')
      response.on('data', (text: string) => this.#read(text))
      response.on('close', () => {
        this.hasEnded = true
        this.#wake?.()
      })
      response.on('error', () => undefined)
      this.#wake?.()
    })
    this.#request.on('error', () => undefined)
    this.#request.end()
    onTestFinished(() => void this.#request.destroy())
  }

  get lastEventId(): string | undefined {
    return this.frames.findLast(({ eventId }) => eventId !== undefined)?.eventId
  }

  pause(): void {
    this.#response!.pause()
  }

  resume(): void {
    this.#response!.resume()
  }

  leave(): void {
    this.#request.destroy()
  }

  ofType(type: string): StreamedFrame[] {
    return this.frames.filter((frame) => frame.type === type)
  }

  async frame(type: string): Promise<StreamedFrame> {
    await this.until(() => this.ofType(type).length > 0, type)
    return this.ofType(type)[0]!
  }

  async until(condition: () => boolean, what = 'a condition', timeoutMs = 30_000): Promise<void> {
    const giveUp = AbortSignal.timeout(timeoutMs)
    while (!condition()) {
      if (giveUp.aborted)
        throw new Error(
          `${what} did not come; ${this.status} ${this.rest} ${JSON.stringify(this.frames.slice(-5)).slice(0, 1500)}`
        )
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await Promise.race([promise, once(giveUp, 'abort')])
    }
  }

  async ending(): Promise<StreamedFrame[]> {
    await this.until(() => this.hasEnded, 'the end of the stream')
    return this.frames.slice(-2)
  }

  #read(text: string): void {
    this.rest += text
    const isEvents = this.headers['content-type']?.startsWith('text/event-stream')
    const parts = this.rest.split(isEvents ? '\n\n' : '\n')
    this.rest = parts.pop()!
    for (const part of parts) {
      if (isEvents && part.startsWith(':')) this.comments++
      else this.frames.push(isEvents ? eventOf(part) : (JSON.parse(part) as StreamedFrame))
    }
    this.#wake?.()
  }
}

function eventOf(text: string): StreamedFrame {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)])
  )
  const [eventId, event] = [fields.get('id'), fields.get('event')]
  const frame = JSON.parse(fields.get('data')!) as Frame
  return { ...frame, ...(eventId !== undefined && { eventId }), ...(event !== undefined && { event }) }
}
