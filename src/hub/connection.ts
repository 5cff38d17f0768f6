import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { CloseCode } from './close-codes.ts'
import { textFrame } from './frame.ts'
import { encodeEvents, PLAIN } from './format.ts'
import { newestOf } from './fanout.ts'
import type { Audience, EventList, EventRef, Format, Member, Topic } from './topic.ts'
import type { ControlFrame } from './protocol.ts'
import type { Traffic } from './traffic.ts'

/**
 * Where more waits in this process for one client, the client is behind; the piece that brings it there comes on top. The
 * kernel's own buffers, some megabytes, come before it, so that nobody gets here by a hiccup.
 */
const HIGH_WATER_BYTES = 32 * 1024
/** Trades and bars kept for a client that is behind; above it the client is closed, and resumes by its cursor. */
const MAX_HELD_BYTES = 512 * 1024
const NOTHING = Buffer.alloc(0)
const OPEN = 1

/** What a client that is behind has missed: of quotes only which ones, of trades and bars each. */
type Backlog = { readonly dirty: Set<Topic>; held: { sequence: number; frame: Buffer }[]; heldBytes: number }

/**
 * Writes to one client. Frames go straight to the socket, many in one piece: without compression ws keeps no queue of
 * its own, so that its control frames find their place between them.
 */
export class Connection implements Member {
  audience: Audience | undefined
  format: Format = PLAIN
  readonly #socket: WebSocket
  readonly #raw: Socket
  readonly #traffic: Traffic
  readonly #epoch: () => string
  #backlog: Backlog | undefined
  #drainers: (() => void)[] | undefined

  constructor(socket: WebSocket, raw: Socket, traffic: Traffic, epoch: () => string) {
    this.#socket = socket
    this.#raw = raw
    this.#traffic = traffic
    this.#epoch = epoch
  }

  get isOpen(): boolean {
    return this.#socket.readyState === OPEN
  }

  get isBehind(): boolean {
    return this.#backlog !== undefined
  }

  get isWriting(): boolean {
    return this.#raw.writableLength > 0
  }

  deliver(bytes: Buffer, count: number): void {
    this.#write(bytes, count)
    if (this.#raw.writableLength > HIGH_WATER_BYTES) this.#fallBehind()
  }

  miss(events: EventList): void {
    const backlog = this.#backlog
    if (!backlog || !this.isOpen) return
    for (let at = 0; at < events.count; at++) {
      const topic = events.topic(at)
      if (!topic.isState) {
        this.#hold(events.event(at), backlog)
        if (backlog.heldBytes > MAX_HELD_BYTES) return this.close(CloseCode.tooSlow)
      } else if (backlog.dirty.has(topic)) this.#traffic.conflated++
      else backlog.dirty.add(topic)
    }
  }

  /** Sends replayed events, in the client's format. Who replays waits for `drained` between two pieces. */
  replay(events: readonly EventRef[]): void {
    if (events.length > 0) this.#write(encodeEvents(events, this.format, this.#epoch()), events.length)
  }

  send(frame: ControlFrame | Buffer): void {
    this.#write(textFrame(Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)), 1)
  }

  /** Resolves when little waits to be written, or nothing ever will be. */
  async drained(): Promise<void> {
    if (!this.isOpen || this.#raw.writableLength <= HIGH_WATER_BYTES) return
    await new Promise<void>((resolve) => {
      this.#drainers ??= []
      this.#drainers.push(resolve)
      if (!this.#backlog) this.#whenWritten()
    })
  }

  ping(): void {
    if (this.isOpen) this.#socket.ping()
  }

  close({ code, reason }: CloseCode): void {
    this.#forget()
    this.#traffic.closed(code)
    this.#socket.close(code, reason)
  }

  /** Ends a connection whose peer will not take part in closing it. */
  cut(closeCode: CloseCode): void {
    this.close(closeCode)
    this.#socket.terminate()
  }

  /** The socket is gone. */
  closed(): void {
    this.#forget()
  }

  #write(bytes: Buffer, count: number): void {
    if (!this.isOpen) return
    this.#raw.write(bytes)
    this.#traffic.messages += count
    this.#traffic.bytes += bytes.length
  }

  #hold(event: EventRef, backlog: Backlog): void {
    if (backlog.held.length === 0) this.send(SLOW)
    const frame = encodeEvents([event], this.format, this.#epoch())
    backlog.held.push({ sequence: event.sequence, frame })
    backlog.heldBytes += frame.length
  }

  #fallBehind(): void {
    this.#backlog = { dirty: new Set(), held: [], heldBytes: 0 }
    this.#traffic.slow++
    this.#whenWritten()
  }

  /** A socket says 'drain' only above a limit of its own; what waits goes before an empty write in any case. */
  #whenWritten(): void {
    this.#raw.write(NOTHING, (error) => {
      if (!error) this.#onWritten()
    })
  }

  readonly #onWritten = (): void => {
    const drainers = this.#drainers ?? []
    this.#drainers = undefined
    for (const resolve of drainers) resolve()
    if (this.#backlog && this.isOpen) this.#catchUp(this.#backlog)
  }

  /** What was missed, in the order of the log: a cursor must not pass a value that was not delivered. */
  #catchUp(backlog: Backlog): void {
    const missed = [
      ...backlog.held.map(({ sequence, frame }) => ({ sequence, frame, topic: undefined })),
      ...[...backlog.dirty].map((topic) => ({ sequence: topic.sequence, frame: undefined, topic }))
    ].sort((a, b) => a.sequence - b.sequence)
    const pieces: Buffer[] = []
    let bytes = 0
    for (const { frame, topic } of missed) {
      if (bytes > HIGH_WATER_BYTES) break
      const piece = frame ?? encodeEvents([newestOf(topic)], this.format, this.#epoch())
      pieces.push(piece)
      bytes += piece.length
      if (topic) backlog.dirty.delete(topic)
    }
    const heldSent = missed.slice(0, pieces.length).filter(({ frame }) => frame).length
    for (const { frame } of backlog.held.splice(0, heldSent)) backlog.heldBytes -= frame.length
    this.#write(Buffer.concat(pieces), pieces.length)
    if (this.#raw.writableLength > HIGH_WATER_BYTES) this.#whenWritten()
    else if (pieces.length < missed.length) setImmediate(this.#onWritten)
    else this.#backlog = undefined
  }

  #forget(): void {
    this.#backlog = undefined
    for (const resolve of this.#drainers ?? []) resolve()
    this.#drainers = undefined
  }
}

const SLOW: ControlFrame = {
  type: 'notice',
  data: {
    code: 'TOO_SLOW',
    message: `Events wait for you; above ${MAX_HELD_BYTES} bytes of trades and bars the connection ends with ${CloseCode.tooSlow.code}`
  }
}
