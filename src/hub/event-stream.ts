import type { Socket } from 'node:net'
import type { CloseCode } from './close-codes.ts'
import { textPayloads } from './frame.ts'
import type { Closed, Heartbeat } from './protocol.ts'
import { ResumePlaces, type Kind } from './resume-places.ts'
import type { Transport, TransportListener } from './transport.ts'

/** `sse`: server-sent events; `ndjson`: a line of JSON per frame. */
export type StreamEncoding = 'sse' | 'ndjson'

/** What a client gets to take the last bytes of a stream that ends. */
const CLOSE_TIMEOUT_MS = 3000
const NEWLINE = Buffer.from('\n')
const COMMENT = Buffer.from(': heartbeat\n\n')

export type EventStreamOptions = {
  /** Of an HTTP response whose head is written; the body ends with the connection. */
  readonly raw: Socket
  readonly encoding: StreamEncoding
  /** What will be subscribed to, with the cursor that each goes on from, if any. */
  readonly kinds: ReadonlyMap<Kind, string | undefined>
}

/** Carries a client's frames in the body of an HTTP response. The client sends nothing, so that what it wants is asked for it. */
export class EventStream implements Transport {
  readonly protocol: StreamEncoding
  readonly raw: Socket
  readonly #places: ResumePlaces
  #listener: TransportListener | undefined
  #isEnding = false

  constructor({ raw, encoding, kinds }: EventStreamOptions) {
    this.raw = raw
    this.protocol = encoding
    this.#places = new ResumePlaces(kinds)
  }

  get isOpen(): boolean {
    return !this.#isEnding && this.raw.writable
  }

  listen(listener: TransportListener): void {
    this.#listener = listener
  }

  onClosed(listener: () => void): void {
    if (this.raw.closed) queueMicrotask(listener)
    else this.raw.once('close', listener)
  }

  /** All that was asked for of a kind is followed: its cursors are places to go on from. */
  begun(kind: Kind): void {
    this.#places.begun(kind)
  }

  pause(): void {}

  resume(): void {}

  write(frames: Buffer): number {
    const pieces: Buffer[] = []
    for (const payload of textPayloads(frames)) this.#encode(payload, pieces)
    const bytes = Buffer.concat(pieces)
    this.raw.write(bytes)
    return bytes.length
  }

  /** Nobody answers it: that the kernel has room for it again shows that the peer reads. */
  ping(): void {
    this.raw.write(this.protocol === 'sse' ? COMMENT : lineOf(heartbeat()), (error) => {
      if (!error) this.#listener?.alive()
    })
  }

  pong(): void {}

  close({ code, reason }: CloseCode): void {
    const pieces: Buffer[] = []
    const closed: Closed = { type: 'close', data: { code, reason } }
    this.#encode(Buffer.from(JSON.stringify(closed)), pieces)
    this.#isEnding = true
    this.raw.end(Buffer.concat(pieces))
    const cutOff = setTimeout(() => this.raw.destroy(), CLOSE_TIMEOUT_MS)
    this.raw.once('close', () => clearTimeout(cutOff))
  }

  terminate(): void {
    this.raw.destroy()
  }

  #encode(payload: Buffer, pieces: Buffer[]): void {
    const frame = this.#places.read(payload)
    if (this.protocol === 'ndjson') pieces.push(payload, NEWLINE)
    else {
      const id = frame.id === undefined ? '' : `id: ${frame.id}\n`
      pieces.push(Buffer.from(`${id}event: ${frame.type}\ndata: `), payload, NEWLINE, NEWLINE)
    }
  }
}

const heartbeat = (): Heartbeat => ({ type: 'heartbeat', data: { timestamp: new Date().toISOString() } })

const lineOf = (frame: object): Buffer => Buffer.from(`${JSON.stringify(frame)}\n`)
