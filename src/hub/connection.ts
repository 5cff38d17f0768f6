import type { Socket } from 'node:net'
import type { DeliveryState } from '../market/live-connection.ts'
import { isoOf } from '../market/time.ts'
import { CloseCode } from './close-codes.ts'
import { textFrame } from './frame.ts'
import { encodeEvents, PLAIN } from './format.ts'
import { newestOf } from './fanout.ts'
import type { Hub } from './hub.ts'
import type { Audience, EventRef, Format, Member, MissedEvents, Topic } from './topic.ts'
import type { ControlFrame } from './protocol.ts'
import type { Traffic } from './traffic.ts'
import type { Transport } from './transport.ts'

/**
 * Where more waits in this process for one client, the client is behind; the piece that brings it there comes on top. The
 * kernel's own buffers, some megabytes, come before it, so that nobody gets here by a hiccup.
 */
const HIGH_WATER_BYTES = 32 * 1024
/** Trades and bars kept for a client that is behind; above it the client is closed, and resumes by its cursor. */
const MAX_PENDING_BYTES = 512 * 1024
/** What is encoded for a client that catches up, before it is looked what is newest by then. */
const MAX_BATCH_BYTES = 512 * 1024
const NOTHING = Buffer.alloc(0)

/** A frame of an event; or a control frame, which has a place in the log too, and no topic. */
type PendingFrame = { readonly sequence: number; readonly frame: Buffer; readonly topic: Topic | undefined }

/** What a client that is behind has missed: of quotes only which ones, of trades and bars each. */
type Backlog = {
  /** Epoch milliseconds. */
  readonly since: number
  readonly dirty: Set<Topic>
  /** In the order of the log. */
  pending: PendingFrame[]
  /** What goes next, in the order of the log: what changes meanwhile comes after it, or it would be last for ever. */
  batch: PendingFrame[]
  /** Of trades and bars. */
  pendingBytes: number
  /** How many wait; the client gets no more of them before it took these. */
  controlFrames: number
}

export type ConnectionOptions = {
  readonly transport: Transport
  readonly hub: Pick<Hub, 'sequence' | 'settle'>
  readonly traffic: Traffic
}

/** Writes to one client, at the pace at which it reads. */
export class Connection implements Member {
  audience: Audience | undefined
  format: Format = PLAIN
  readonly #transport: Transport
  readonly #raw: Socket
  readonly #traffic: Traffic
  readonly #hub: ConnectionOptions['hub']
  #backlog: Backlog | undefined
  /** Bytes that the kernel had taken at the last look, and whether it had no room for all. */
  #taken = 0
  #wasBlocked = false
  #drainers: (() => void)[] | undefined
  #conflated = 0

  constructor({ transport, hub, traffic }: ConnectionOptions) {
    this.#transport = transport
    this.#raw = transport.raw
    this.#hub = hub
    this.#traffic = traffic
  }

  get isOpen(): boolean {
    return this.#transport.isOpen
  }

  get isBehind(): boolean {
    return this.#backlog !== undefined
  }

  get delivery(): DeliveryState {
    const backlog = this.#backlog
    const { conflateMs } = this.format
    return {
      bufferedBytes: this.#raw.writableLength + (backlog?.pendingBytes ?? 0),
      ...(backlog && { behindSince: isoOf(backlog.since) }),
      conflated: this.#conflated,
      ...(conflateMs > 0 && { conflateMs })
    }
  }

  get isWriting(): boolean {
    return this.#raw.writableLength > 0 && !this.#raw.destroyed
  }

  /** More must not be made for the client before it took what there is. */
  get isFull(): boolean {
    return this.#raw.writableLength > HIGH_WATER_BYTES || (this.#backlog?.controlFrames ?? 0) > 0
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
    if (this.#raw.writableLength > HIGH_WATER_BYTES && this.isOpen) this.#fallBehind()
  }

  miss(events: MissedEvents): void {
    const backlog = this.#backlog
    if (!backlog || !this.isOpen) return
    for (let at = 0; at < events.count; at++) {
      const topic = events.topic(at)
      if (!topic.isState) {
        this.#hold(events.event(at), events.frame(at), backlog)
        if (backlog.pendingBytes > MAX_PENDING_BYTES) return this.close(CloseCode.tooSlow)
      } else if (backlog.dirty.has(topic)) {
        this.#traffic.conflated++
        this.#conflated++
      } else backlog.dirty.add(topic)
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
    backlog.pending.push({ sequence: this.#hub.sequence, frame: bytes, topic: undefined })
    backlog.controlFrames++
  }

  /** Forgets what the client missed of topics that it no longer listens to. */
  drop(topics: ReadonlySet<Topic>): void {
    const backlog = this.#backlog
    if (!backlog) return
    for (const topic of topics) backlog.dirty.delete(topic)
    const isOfThem = ({ topic }: PendingFrame) => topic !== undefined && topics.has(topic)
    for (const frame of [...backlog.batch, ...backlog.pending].filter(isOfThem)) release(backlog, frame)
    backlog.batch = backlog.batch.filter((frame) => !isOfThem(frame))
    backlog.pending = backlog.pending.filter((frame) => !isOfThem(frame))
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
    if (this.isOpen) this.#transport.ping()
  }

  pong(data: Buffer): void {
    if (this.isOpen) this.#transport.pong(data)
  }

  close(closeCode: CloseCode): void {
    this.#forget()
    if (!this.isOpen) return
    this.#traffic.closed(closeCode.code)
    this.#transport.close(closeCode)
  }

  /** Ends a connection whose peer will not take part in closing it. */
  cut(closeCode: CloseCode): void {
    this.close(closeCode)
    this.#transport.terminate()
  }

  /** The socket is gone. */
  closed(): void {
    this.#forget()
  }

  #write(bytes: Buffer, count: number): void {
    if (!this.isOpen) return
    this.#traffic.bytes += this.#transport.write(bytes)
    this.#traffic.messages += count
  }

  #hold({ sequence, topic }: EventRef, frame: Buffer, backlog: Backlog): void {
    if (backlog.pendingBytes === 0) this.send(SLOW)
    backlog.pending.push({ sequence, frame, topic })
    backlog.pendingBytes += frame.length
  }

  #fallBehind(): void {
    this.#backlog = { since: Date.now(), dirty: new Set(), pending: [], batch: [], pendingBytes: 0, controlFrames: 0 }
    this.#traffic.slow++
    this.#whenWritten()
  }

  /** A socket says 'drain' only above a limit of its own; what waits goes before an empty write in any case. */
  #whenWritten(): void {
    this.#raw.write(NOTHING, (error) => {
      if (!error) this.#onWritten()
    })
  }

  #onWritten(): void {
    if (this.#backlog && this.isOpen) this.#catchUp(this.#backlog)
    if (!this.#backlog?.controlFrames) this.#releaseDrainers()
  }

  #catchUp(backlog: Backlog): void {
    if (backlog.batch.length === 0) this.#beginBatch(backlog)
    if (this.#backlog !== backlog) return
    const pieces: Buffer[] = []
    for (let bytes = 0; bytes <= HIGH_WATER_BYTES;) {
      const next = backlog.batch.shift()
      if (!next) break
      release(backlog, next)
      pieces.push(next.frame)
      bytes += next.frame.length
    }
    this.#write(Buffer.concat(pieces), pieces.length)
    const { batch, pending, dirty } = backlog
    if (this.#raw.writableLength > HIGH_WATER_BYTES) this.#whenWritten()
    else if (batch.length + pending.length + dirty.size > 0) setImmediate(() => this.#onWritten())
    else this.#backlog = undefined
  }

  /** What was missed, in the order of the log: a cursor must not pass a value that was not delivered. */
  #beginBatch(backlog: Backlog): void {
    // The newest value may wait for the flush still, behind others that this client has not got either.
    this.#hub.settle(this)
    const dirty = [...backlog.dirty].map((topic) => ({ sequence: topic.sequence, frame: undefined, topic }))
    // A control frame comes behind the value that stands in its place.
    const missed = [...dirty, ...backlog.pending].sort((a, b) => a.sequence - b.sequence)
    let pendingTaken = 0
    let bytes = 0
    for (const { sequence, frame: pending, topic } of missed) {
      if (bytes > MAX_BATCH_BYTES) break
      const frame = pending ?? encodeEvents([newestOf(topic)], this.format)
      backlog.batch.push({ sequence, frame, topic })
      bytes += frame.length
      if (pending) pendingTaken++
      else backlog.dirty.delete(topic)
    }
    backlog.pending.splice(0, pendingTaken)
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
function release(backlog: Backlog, { topic, frame }: PendingFrame): void {
  if (!topic) backlog.controlFrames--
  else if (!topic.isState) backlog.pendingBytes -= frame.length
}

const SLOW: ControlFrame = {
  type: 'notice',
  data: {
    code: 'TOO_SLOW',
    message: `Events wait for you; above ${MAX_PENDING_BYTES} bytes of trades and bars the connection ends with ${CloseCode.tooSlow.code}`
  }
}
