import type { Frames } from './api.ts'
import type { Limits } from './connection.ts'
import type { StreamEvent } from './contract.ts'
import { QuotewireError } from './error.ts'
import type { Frame, MarketFrame, StreamName } from './events.ts'
import { namesIn, narrowed, taken, type ListFrame } from './frame-names.ts'

/** The server takes no more in one frame. */
const MAX_NAMES_TO_RESUME = 5000
/** Of so many, all snapshots come at once: what is subscribed is followed from the first of them on. */
const MAX_NAMES_TO_BEGIN = 500
const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 30_000
/** Asking again brings the same answer. */
const FINAL_CODES = new Set(['INVALID_CURSOR', 'INVALID_FRAME', 'NOT_JSON'])

/** Whoever is told what happens. */
export interface Receiver {
  event(event: StreamEvent): void
  /** For good. */
  ended(error: QuotewireError): void
}

/** Names that go on from a cursor, once the server has replayed what came since. */
type Part = { names: Set<string>; since: string; notBefore: number }
/** The frame whose answer is awaited. */
type Asked = {
  readonly id: number
  names: Set<string>
  readonly part?: Part
  readonly isLeaving?: true
  isAccepted: boolean
}
type Cursored = { readonly cursor: string }

/**
 * What is wanted of one stream, and how far each name of it was handed on. Names that are followed share the cursor of the
 * newest frame; what is to be resumed keeps its own until the server has replayed all of it, because the cursors of the others
 * pass what it still lacks.
 */
export class StreamBook {
  readonly stream: StreamName
  /** Who wants a name; false before its snapshot: what comes before that is for others. */
  readonly #wanted = new Map<string, Map<Receiver, boolean>>()
  /** Followed on this connection, up to the cursor. */
  readonly #live = new Set<string>()
  #cursor = ''
  /** Followed, and wanted by nobody any more. */
  readonly #leaving = new Set<string>()
  #parts: Part[] = []
  /** Nothing is known of them yet, or somebody new wants their snapshot. */
  readonly #fresh = new Set<string>()
  #freshNotBefore = 0
  #asked: Asked | undefined
  #failures = 0
  /** Passes nothing that was not handed on. */
  #safe: string | undefined
  /** Canonical symbols, where they were asked for in another spelling. */
  readonly #canonical = new Map<string, string>()

  constructor(stream: StreamName) {
    this.stream = stream
  }

  get isWaiting(): boolean {
    return this.#asked !== undefined
  }

  want(names: Iterable<string>, receiver: Receiver, since?: string): void {
    const known = Array.from(names, (name) => this.#canonical.get(name) ?? name)
    for (const name of known) {
      const receivers = this.#wanted.get(name) ?? new Map<Receiver, boolean>()
      this.#wanted.set(name, receivers)
      // Who follows it already goes on following it.
      if (receivers.has(receiver)) continue
      receivers.set(receiver, since !== undefined)
      this.#leaving.delete(name)
      if (since === undefined) this.#fresh.add(name)
    }
    if (since === undefined) return
    this.#parts.push({ names: new Set(known), since, notBefore: 0 })
    this.#safe = since
  }

  release(names: Iterable<string>, receiver: Receiver): void {
    for (const spelled of names) {
      const name = this.#canonical.get(spelled) ?? spelled
      const receivers = this.#wanted.get(name)
      receivers?.delete(receiver)
      if (receivers?.size === 0) this.#forget(name)
    }
  }

  releaseAll(receiver: Receiver): void {
    this.release([...this.#wanted.keys()], receiver)
  }

  /** The connection is gone: what was followed is to be resumed from where it ended. */
  lost(): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked?.part) this.#parts.unshift(asked.part)
    else if (asked && !asked.isLeaving)
      for (const name of asked.names) if (this.#wanted.has(name)) this.#fresh.add(name)
    for (const name of this.#leaving) this.#live.delete(name)
    if (this.#live.size > 0) this.#parts.push({ names: new Set(this.#live), since: this.#cursor, notBefore: 0 })
    this.#live.clear()
    this.#leaving.clear()
    const parts = [...Map.groupBy(this.#parts, ({ since }) => since).values()]
    this.#parts = parts.map((same) => ({ ...same[0]!, names: new Set(same.flatMap(({ names }) => [...names])) }))
  }

  /** The next frame to send, if there is one that is due; its answer is awaited. `now` in milliseconds of any clock. */
  next(id: number, { frameBytes }: Pick<Limits, 'frameBytes'>, now: number): object | undefined {
    if (this.#leaving.size > 0) {
      const names = taken(this.#leaving, MAX_NAMES_TO_RESUME, frameBytes)
      for (const name of names) this.#live.delete(name)
      this.#asked = { id, names, isLeaving: true, isAccepted: false }
      return { type: 'unsubscribe', id, data: this.#subjects(names) }
    }
    const part = this.#parts.find(({ notBefore }) => notBefore <= now)
    if (part) {
      const names = taken(part.names, MAX_NAMES_TO_RESUME, frameBytes)
      if (part.names.size === 0) this.#parts.splice(this.#parts.indexOf(part), 1)
      this.#asked = { id, names, part: { ...part, names }, isAccepted: false }
      return { type: 'subscribe', id, data: { ...this.#subjects(names), since: part.since } }
    }
    if (this.#fresh.size === 0 || this.#freshNotBefore > now) return undefined
    const names = taken(this.#fresh, MAX_NAMES_TO_BEGIN, frameBytes)
    this.#asked = { id, names, isAccepted: false }
    return { type: 'subscribe', id, data: this.#subjects(names) }
  }

  /** When something is due that is not yet; Infinity where nothing waits. */
  get dueAt(): number {
    const fresh = this.#fresh.size > 0 ? this.#freshNotBefore : Infinity
    return Math.min(fresh, ...this.#parts.map(({ notBefore }) => notBefore))
  }

  /** An event of one of the names. */
  readEvent(name: string, frame: MarketFrame): void {
    const part = this.#asked?.part
    if (part?.names.has(name)) part.since = frame.cursor
    else if (this.#live.has(name)) this.#cursor = frame.cursor
    else return
    const event = this.#withSafeCursor(frame)
    for (const [receiver, isJoined] of this.#wanted.get(name) ?? []) if (isJoined) receiver.event(event)
  }

  /** Any other frame of the stream, or an answer to what it asked. */
  read(frame: Frame, now: number): void {
    if (frame.type === 'subscribed') this.#readSubscribed(frame)
    else if (frame.type === 'unsubscribed') this.#readUnsubscribed(frame)
    else if (frame.type === 'error') this.#readRefusal(frame, now)
    else if (frame.type === 'served_by') this.#tell(frame)
    else if (frame.type === 'snapshot' || frame.type === 'resumed' || frame.type === 'gap') this.#readPlace(frame)
  }

  #readSubscribed(frame: Frames['subscribed']): void {
    const asked = this.#asked
    if (!asked || asked.id !== frame.id) return
    asked.isAccepted = true
    const { requested = {}, rejected } = frame.data
    for (const [spelled, name] of Object.entries(requested)) this.#rename(spelled, name, asked)
    const told = this.#addressed(frame, this.#receiversOf(asked.names))
    for (const { symbol, channel } of rejected) {
      const name = (symbol ?? channel)!
      asked.names.delete(name)
      this.#forget(name)
    }
    if (asked.names.size === 0) this.#asked = undefined
    for (const [receiver, event] of told) receiver.event(event)
  }

  #rename(spelled: string, name: string, { names }: Asked): void {
    this.#canonical.set(spelled, name)
    if (names.delete(spelled)) names.add(name)
    const receivers = this.#wanted.get(spelled)
    if (!receivers) return
    this.#wanted.delete(spelled)
    this.#leaving.delete(name)
    const held = this.#wanted.get(name) ?? new Map<Receiver, boolean>()
    for (const [receiver, isJoined] of receivers) held.set(receiver, isJoined || held.get(receiver) === true)
    this.#wanted.set(name, held)
  }

  #readUnsubscribed(frame: Frames['unsubscribed']): void {
    if (frame.id !== undefined) {
      if (this.#asked?.id === frame.id) this.#asked = undefined
      return
    }
    const told = this.#addressed(frame)
    for (const name of frame.data.removed) {
      this.#live.delete(name)
      this.#forget(name)
    }
    for (const [receiver, event] of told) receiver.event(event)
  }

  /** Snapshots and the end of a replay say from where on everything is followed; within a replay, where it is. */
  #readPlace(frame: Frames['snapshot' | 'resumed' | 'gap']): void {
    const asked = this.#asked
    const isReplaying = asked?.part !== undefined && asked.isAccepted
    const settles = asked?.isAccepted && (isReplaying ? frame.type === 'resumed' : frame.type === 'snapshot')
    if (settles) this.#settle(asked, frame.cursor)
    else if (!isReplaying) this.#cursor = frame.cursor
    else if (this.#live.size === 0) asked.part.since = frame.cursor
    this.#tell(
      this.#withSafeCursor(frame),
      frame.type === 'snapshot' ? undefined : this.#receiversOf(this.#wanted.keys())
    )
  }

  #settle({ names }: Asked, cursor: string): void {
    this.#asked = undefined
    this.#failures = 0
    this.#cursor = cursor
    for (const name of names) {
      this.#live.add(name)
      const receivers = this.#wanted.get(name)
      if (!receivers) this.#leaving.add(name)
      for (const receiver of receivers?.keys() ?? []) receivers!.set(receiver, true)
    }
  }

  #readRefusal({ id, data }: Frames['error'], now: number): void {
    const asked = this.#asked
    if (!asked || asked.id !== id) return
    this.#asked = undefined
    const receivers = this.#receiversOf(asked.names)
    if (FINAL_CODES.has(data.code)) {
      const error = new QuotewireError(data.code, data.message, { details: data.details })
      for (const receiver of receivers) receiver.ended(error)
      return
    }
    const { since, retryAfterSeconds = 0 } = (data.details ?? {}) as { since?: string; retryAfterSeconds?: number }
    const backoffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++)
    const notBefore = now + Math.max(backoffMs, 1000 * retryAfterSeconds)
    if (asked.part) this.#parts.push({ ...asked.part, since: since ?? asked.part.since, notBefore })
    else if (!asked.isLeaving) {
      this.#freshNotBefore = notBefore
      for (const name of asked.names) if (this.#wanted.has(name)) this.#fresh.add(name)
    }
    for (const receiver of receivers) receiver.event({ type: 'error', data })
  }

  /** While one part lags behind another, the cursor stays where both were. */
  #withSafeCursor<Told extends Cursored>(frame: Told): Told {
    const parts = (this.#live.size > 0 ? 1 : 0) + (this.#asked?.part ? 1 : 0) + this.#parts.length
    if (parts <= 1) this.#safe = frame.cursor
    return this.#safe === undefined || this.#safe === frame.cursor ? frame : { ...frame, cursor: this.#safe }
  }

  /** Nobody wants it any more. */
  #forget(name: string): void {
    this.#wanted.delete(name)
    this.#fresh.delete(name)
    for (const { names } of this.#parts) names.delete(name)
    this.#parts = this.#parts.filter(({ names }) => names.size > 0)
    if (this.#live.has(name)) this.#leaving.add(name)
  }

  #tell(frame: ListFrame, receivers?: Set<Receiver>): void {
    for (const [receiver, event] of this.#addressed(frame, receivers)) receiver.event(event)
  }

  /** For each receiver what is about its own names; without receivers, for those whose names stand in it. */
  #addressed(
    frame: ListFrame,
    receivers = this.#receiversOf(namesIn(frame) ?? this.#wanted.keys())
  ): [Receiver, ListFrame][] {
    return Array.from(receivers, (receiver) => [
      receiver,
      narrowed(frame, (name) => this.#wanted.get(name)?.has(receiver) ?? false)
    ])
  }

  #receiversOf(names: Iterable<string>): Set<Receiver> {
    const receivers = new Set<Receiver>()
    for (const name of names) for (const receiver of this.#wanted.get(name)?.keys() ?? []) receivers.add(receiver)
    return receivers
  }

  #subjects(names: ReadonlySet<string>): object {
    return this.stream === 'channels'
      ? { type: 'market_data', channels: [...names] }
      : { type: 'stock_quotes', stream: this.stream, symbols: [...names] }
  }
}
