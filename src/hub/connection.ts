import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { CloseCode } from './close-codes.ts'
import { textFrame } from './frame.ts'
import { encodeEvents, PLAIN } from './format.ts'
import { newestOf } from './fanout.ts'
import type { Hub } from './hub.ts'
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
/** What is encoded for a client that catches up, before it is looked what is newest by then. */
const MAX_ROUND_BYTES = 512 * 1024
const NOTHING = Buffer.alloc(0)
const OPEN = 1

/** An event, or what the client is told at a place in the log: then without a topic. */
type Held = { readonly sequence: number; readonly frame: Buffer; readonly topic: Topic | undefined }

/** What a client that is behind has missed: of quotes only which ones, of trades and bars each. */
type Backlog = {
  readonly dirty: Set<Topic>
  /** In the order of the log. */
  held: Held[]
  /** What goes next, in the order of the log: what changes meanwhile comes after it, or it would be last for ever. */
  round: Held[]
  /** Of trades and bars. */
  heldBytes: number
  /** Frames without a topic; the client gets no more of them before it took these. */
  told: number
}

export type ConnectionOptions = {
  readonly socket: WebSocket
  /** The TCP socket under it. */
  readonly raw: Socket
  readonly hub: Pick<Hub, 'sequence' | 'settle'>
  readonly traffic: Traffic
}

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
  readonly #hub: ConnectionOptions['hub']
  #backlog: Backlog | undefined
  /** Bytes that the kernel had taken at the last look, and whether it had no room for all. */
  #taken = 0
  #wasBlocked = false
  #drainers: (() => void)[] | undefined

  constructor({ socket, raw, hub, traffic }: ConnectionOptions) {
    this.#socket = socket
    this.#raw = raw
    this.#hub = hub
    this.#traffic = traffic
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

  /** More must not be made for the client before it took what there is. */
  get isFull(): boolean {
    return this.#raw.writableLength > HIGH_WATER_BYTES || (this.#backlog?.told ?? 0) > 0
  }

  /**
   * Whether the peer has read since the last call: it must have, where the kernel's buffers were full and took more. A
   * ping waits behind all that is in them.
   */
  hasRead(): boolean {
    const isBlocked = this.isBehind || this.isWriting
    if (!isBlocked && !this.#wasBlocked) return false
    const taken = this.#raw.bytesWritten - this.#raw.writableLength
    const hasRead = this.#wasBlocked && taken > this.#taken
    this.#taken = taken
    this.#wasBlocked = isBlocked
    return hasRead
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

  /** Sends replayed events in the client's format. Who replays waits for `drained` between two pieces. */
  replay(events: readonly EventRef[]): void {
    if (events.length > 0) this.#write(encodeEvents(events, this.format), events.length)
  }

  send(frame: ControlFrame | Buffer): void {
    this.#write(textFrame(Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)), 1)
  }

  /** Sends a frame with the hub's cursor: behind everything that the hub has seen, missed or not. */
  sendInPlace(frame: ControlFrame | Buffer): void {
    this.#hub.settle(this)
    const backlog = this.#backlog
    if (!backlog) return this.send(frame)
    const bytes = textFrame(Buffer.isBuffer(frame) ? frame : JSON.stringify(frame))
    backlog.held.push({ sequence: this.#hub.sequence, frame: bytes, topic: undefined })
    backlog.told++
  }

  /** Forgets what the client missed of topics that it no longer listens to. */
  drop(topics: ReadonlySet<Topic>): void {
    const backlog = this.#backlog
    if (!backlog) return
    for (const topic of topics) backlog.dirty.delete(topic)
    const isOfThem = ({ topic }: Held) => topic !== undefined && topics.has(topic)
    for (const frame of [...backlog.round, ...backlog.held].filter(isOfThem)) release(backlog, frame)
    backlog.round = backlog.round.filter((frame) => !isOfThem(frame))
    backlog.held = backlog.held.filter((frame) => !isOfThem(frame))
  }

  /** Resolves when more can be made for the client, or nothing ever will be. */
  async drained(): Promise<void> {
    if (!this.isOpen || !this.isFull) return
    await new Promise<void>((resolve) => {
      this.#drainers ??= []
      this.#drainers.push(resolve)
      if (!this.#backlog) this.#whenWritten()
    })
  }

  ping(): void {
    if (this.isOpen) this.#socket.ping()
  }

  pong(data: Buffer): void {
    if (this.isOpen) this.#socket.pong(data)
  }

  close({ code, reason }: CloseCode): void {
    this.#forget()
    if (!this.isOpen) return
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
    if (backlog.heldBytes === 0) this.send(SLOW)
    const frame = encodeEvents([event], this.format)
    backlog.held.push({ sequence: event.sequence, frame, topic: event.topic })
    backlog.heldBytes += frame.length
  }

  #fallBehind(): void {
    this.#backlog = { dirty: new Set(), held: [], round: [], heldBytes: 0, told: 0 }
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
    if (this.#backlog && this.isOpen) this.#catchUp(this.#backlog)
    if (!this.#backlog?.told) this.#releaseDrainers()
  }

  #catchUp(backlog: Backlog): void {
    if (backlog.round.length === 0) this.#beginRound(backlog)
    if (this.#backlog !== backlog) return
    const pieces: Buffer[] = []
    for (let bytes = 0; bytes <= HIGH_WATER_BYTES;) {
      const next = backlog.round.shift()
      if (!next) break
      release(backlog, next)
      pieces.push(next.frame)
      bytes += next.frame.length
    }
    this.#write(Buffer.concat(pieces), pieces.length)
    const { round, held, dirty } = backlog
    if (this.#raw.writableLength > HIGH_WATER_BYTES) this.#whenWritten()
    else if (round.length + held.length + dirty.size > 0) setImmediate(this.#onWritten)
    else this.#backlog = undefined
  }

  /** What was missed, in the order of the log: a cursor must not pass a value that was not delivered. */
  #beginRound(backlog: Backlog): void {
    // The newest value may wait for the flush still, behind others that this client has not got either.
    this.#hub.settle(this)
    const dirty = [...backlog.dirty].map((topic) => ({ sequence: topic.sequence, frame: undefined, topic }))
    // What is told of a place comes behind the value that stands there.
    const missed = [...dirty, ...backlog.held].sort((a, b) => a.sequence - b.sequence)
    let heldTaken = 0
    let bytes = 0
    for (const { sequence, frame: held, topic } of missed) {
      if (bytes > MAX_ROUND_BYTES) break
      const frame = held ?? encodeEvents([newestOf(topic)], this.format)
      backlog.round.push({ sequence, frame, topic })
      bytes += frame.length
      if (held) heldTaken++
      else backlog.dirty.delete(topic)
    }
    backlog.held.splice(0, heldTaken)
  }

  #forget(): void {
    this.#backlog = undefined
    this.#releaseDrainers()
  }

  #releaseDrainers(): void {
    const drainers = this.#drainers ?? []
    this.#drainers = undefined
    for (const resolve of drainers) resolve()
  }
}

/** It goes to the client, or nowhere. */
function release(backlog: Backlog, { topic, frame }: Held): void {
  if (!topic) backlog.told--
  else if (!topic.isState) backlog.heldBytes -= frame.length
}

const SLOW: ControlFrame = {
  type: 'notice',
  data: {
    code: 'TOO_SLOW',
    message: `Events wait for you; above ${MAX_HELD_BYTES} bytes of trades and bars the connection ends with ${CloseCode.tooSlow.code}`
  }
}
