import type { CursorStem } from '../log/cursor.ts'
import type { LogEntry } from '../log/log-entry.ts'
import { binaryHeadBytes, binaryRecordBytes, headerBytes, maxFrameBytes, writeBinaryHead } from './frame.ts'
import { writeBinaryRecord, writeEventFrame, writeHeader } from './frame.ts'
import { isBinaryKind, payloadStart } from './format.ts'
import { MAX_PIECE_BYTES, PieceRooms, ROOM_BYTES, ROOMS, type PieceHolder } from './piece-rooms.ts'
import type { EventList, EventRef, Format, Topic } from './topic.ts'

/** What is encoded in the time of a round of deliveries; when it is full, everything is delivered early. */
const HALF_BYTES = 8 * 1024 * 1024
const ROOMS_AT = 2 * HALF_BYTES
const NONE = -1
/** Binary records are whole doubles, and lie where doubles may. */
const DOUBLE_BYTES = 8
/** Of each event: where its text frame begins and ends, and its binary record; NONE where there is none. */
const TEXT_START = 0
const TEXT_END = 1
const BINARY_START = 2
const BINARY_END = 3
const PLACES = 4
const MIN_EVENTS = 4096
/** Where so many events of the largest size there is make a piece, it is not worth adding up how large those are that there are. */
const MANY_EVENTS = 64

/**
 * The events that wait to be delivered, each encoded once and side by side, so that what a connection gets is copied in
 * ranges. Columns instead of objects: the events of a busy turn number tens of thousands. In one half of the memory are the
 * events since the last turn, in the other those before it; odd numbers are of the second half. Behind both are the rooms in
 * which pieces are assembled: to copy within one memory costs half of what it costs between two.
 */
export class Window {
  readonly #bytes = Buffer.allocUnsafeSlow(ROOMS_AT + ROOMS * ROOM_BYTES)
  /** The same memory: binary records are too short for a call that copies bytes. */
  readonly #doubles = new Float64Array(this.#bytes.buffer)
  readonly #rooms = new PieceRooms()
  /** In their place while all of them are left to clients that do not read; what is left of it is given away whole. */
  #spare = Buffer.allocUnsafeSlow(ROOM_BYTES)
  /** What is being assembled lies in this memory. */
  #target = this.#bytes
  readonly #topics: (Topic | undefined)[] = []
  readonly #entries: (LogEntry | undefined)[] = []
  readonly #indexes: number[] = []
  readonly #sequences: number[] = []
  readonly #stems: (CursorStem | undefined)[] = []
  readonly #changes: (Buffer | undefined)[] = []
  #places = new Int32Array(MIN_EVENTS * PLACES)
  #half = 0
  /** Events by half. */
  readonly #sizes = [0, 0]
  #used = 0
  /** By half: of what text and binary clients get of one event. */
  readonly #largestText = [0, 0]
  readonly #largestBinary = [0, 0]

  hasRoomFor({ entry, index }: EventRef, stem: CursorStem): boolean {
    const bytes = maxFrameBytes(entry, index, stem) + binaryRecordBytes(entry, index) + DOUBLE_BYTES
    return this.#used + bytes <= (this.#half + 1) * HALF_BYTES
  }

  /** Takes an event in the encodings its audiences want; returns its number. */
  add(event: EventRef, stem: CursorStem, wants: Topic['wants'], change: Buffer | undefined): number {
    const { topic, entry, index, sequence } = event
    const binary = wants.binary > 0 && isBinaryKind(entry, index)
    const number = 2 * this.#sizes[this.#half]!++ + this.#half
    this.#topics[number] = topic
    this.#entries[number] = entry
    this.#indexes[number] = index
    this.#sequences[number] = sequence
    this.#stems[number] = stem
    this.#changes[number] = change
    const text = wants.text > 0 || (wants.changes > 0 && !change) || (wants.binary > 0 && !binary)
    const at = this.#placeOf(number)
    const places = this.#places
    places[at + TEXT_START] = text ? this.#used : NONE
    if (text) this.#used = writeEventFrame(this.#bytes, this.#used, entry, index, stem)
    places[at + TEXT_END] = text ? this.#used : NONE
    if (binary) this.#used = aligned(this.#used)
    places[at + BINARY_START] = binary ? this.#used : NONE
    if (binary) this.#used = writeBinaryRecord(this.#bytes, this.#used, topic.id, entry, index)
    places[at + BINARY_END] = binary ? this.#used : NONE
    this.#noteLargest(number)
    return number
  }

  /** Some events, in order, from one place to before another; valid until the second turn. */
  list(numbers: Uint32Array, from: number, to: number): EventList {
    return {
      count: to - from,
      topic: (at) => this.#topics[numbers[from + at]!]!,
      event: (at) => this.#event(numbers[from + at]!)
    }
  }

  /** Behind the last event that a piece from one place on has room for; a single event always has. */
  endOfPiece(numbers: Uint32Array, from: number, to: number, format: Format): number {
    const largest = format.binary ? this.#largestBinary : this.#largestText
    const most = Math.floor(MAX_PIECE_BYTES / Math.max(largest[0]!, largest[1]!))
    if (to - from <= most) return to
    if (most >= MANY_EVENTS) return from + most
    let bytes = this.#bytesOf(numbers[from]!, format)
    for (let at = from + 1; at < to; at++) {
      bytes += this.#bytesOf(numbers[at]!, format)
      if (bytes > MAX_PIECE_BYTES) return at
    }
    return to
  }

  /**
   * The frames of some events, from one place to before another, in a format, as one buffer. A passing one is valid until
   * the next, or until it is left.
   */
  assemble(numbers: Uint32Array, from: number, to: number, format: Format, isPassing: boolean): Buffer {
    const { binary, batch, changes } = format
    if (binary) return this.#assembleBinary(numbers, from, to, isPassing)
    if (batch) return this.#assembleArray(numbers, from, to, changes, isPassing)
    return this.#assembleFrames(numbers, from, to, changes, isPassing)
  }

  /** Leaves a passing buffer, the last one, to somebody who still needs it. */
  leave(bytes: Buffer, holder: PieceHolder): void {
    if (bytes.buffer === this.#bytes.buffer) this.#rooms.leave(holder)
    else if (bytes.buffer === this.#spare.buffer) this.#spare = Buffer.allocUnsafeSlow(ROOM_BYTES)
  }

  /** Gives the room of what was there before the last turn to what comes from now on. */
  turn(): void {
    this.#half ^= 1
    this.#release()
    this.#used = this.#half * HALF_BYTES
    this.#largestText[this.#half] = this.#largestBinary[this.#half] = 0
  }

  /** Lets go of what was in the half: after a burst its entries would stay in memory until another one is as large. */
  #release(): void {
    const end = 2 * this.#sizes[this.#half]! + this.#half
    for (let number = this.#half; number < end; number += 2) {
      this.#topics[number] = this.#entries[number] = this.#stems[number] = this.#changes[number] = undefined
    }
    this.#sizes[this.#half] = 0
  }

  #event(number: number): EventRef {
    return {
      topic: this.#topics[number]!,
      entry: this.#entries[number]!,
      index: this.#indexes[number]!,
      sequence: this.#sequences[number]!,
      stem: this.#stems[number]
    }
  }

  /** Room for another event's places; returns where they begin. */
  #placeOf(number: number): number {
    const at = number * PLACES
    if (at < this.#places.length) return at
    const grown = new Int32Array(2 * Math.max(this.#places.length, at))
    grown.set(this.#places)
    this.#places = grown
    return at
  }

  #noteLargest(number: number): void {
    const half = this.#half
    const textBytes = Math.max(this.#frameBytes(number, false), this.#changes[number]?.length ?? 0)
    const binaryBytes = this.#recordBytes(number) || textBytes
    if (textBytes > this.#largestText[half]!) this.#largestText[half] = textBytes
    if (binaryBytes > this.#largestBinary[half]!) this.#largestBinary[half] = binaryBytes
  }

  /** Makes room for what is assembled; returns where it begins. What is not passing, or too large, has its own memory. */
  #open(bytes: number, isPassing: boolean): number {
    const fits = isPassing && bytes <= ROOM_BYTES
    const room = fits ? this.#rooms.take() : undefined
    if (room !== undefined) {
      this.#target = this.#bytes
      return ROOMS_AT + room * ROOM_BYTES
    }
    this.#target = fits ? this.#spare : Buffer.allocUnsafeSlow(bytes)
    return 0
  }

  #assembleFrames(numbers: Uint32Array, from: number, to: number, changes: boolean, isPassing: boolean): Buffer {
    let bytes = 0
    for (let taken = from; taken < to; taken++) bytes += this.#frameBytes(numbers[taken]!, changes)
    const start = this.#open(bytes, isPassing)
    let at = start
    for (let taken = from; taken < to; taken++) at = this.#copyText(at, numbers[taken]!, changes, 0)
    return this.#target.subarray(start, at)
  }

  #assembleArray(numbers: Uint32Array, from: number, to: number, changes: boolean, isPassing: boolean): Buffer {
    let bytes = 1
    for (let taken = from; taken < to; taken++) {
      const frameBytes = this.#frameBytes(numbers[taken]!, changes)
      bytes += frameBytes - payloadStart(frameBytes) + 1
    }
    const start = this.#open(headerBytes(bytes) + bytes, isPassing)
    const target = this.#target
    let at = writeHeader(target, start, bytes)
    let separator = 0x5b
    for (let taken = from; taken < to; taken++) {
      const number = numbers[taken]!
      target[at++] = separator
      separator = 0x2c
      at = this.#copyText(at, number, changes, payloadStart(this.#frameBytes(number, changes)))
    }
    target[at++] = 0x5d
    return target.subarray(start, at)
  }

  /** Copies an event's frame from one of its bytes on to where it is assembled; returns where it ends there. */
  #copyText(at: number, number: number, changes: boolean, from: number): number {
    const change = changes ? this.#changes[number] : undefined
    if (change) return at + change.copy(this.#target, at, from)
    const start = this.#places[number * PLACES + TEXT_START]! + from
    const end = this.#places[number * PLACES + TEXT_END]!
    if (this.#target === this.#bytes) this.#bytes.copyWithin(at, start, end)
    else this.#bytes.copy(this.#target, at, start, end)
    return at + end - start
  }

  /** Records that follow each other share a message; a channel's frame stands between two. */
  #assembleBinary(numbers: Uint32Array, from: number, to: number, isPassing: boolean): Buffer {
    let run = this.#runFrom(numbers, from, to)
    if (run.end === to) return this.#binaryMessage(numbers, from, run, isPassing)
    const messages = [this.#binaryMessage(numbers, from, run, false)]
    while (run.end < to) {
      const begin = run.end
      run = this.#runFrom(numbers, begin, to)
      messages.push(this.#binaryMessage(numbers, begin, run, false))
    }
    return Buffer.concat(messages)
  }

  /** Where the records that share a message end, and their bytes; of an event that has none, the place behind it and 0. */
  #runFrom(numbers: Uint32Array, from: number, to: number): { end: number; bytes: number } {
    let end = from
    let bytes = 0
    for (; end < to; end++) {
      const recordBytes = this.#recordBytes(numbers[end]!)
      if (recordBytes === 0) break
      bytes += recordBytes
    }
    return { end: Math.max(end, from + 1), bytes }
  }

  #binaryMessage(
    numbers: Uint32Array,
    from: number,
    { end, bytes: recordBytes }: { end: number; bytes: number },
    isPassing: boolean
  ): Buffer {
    const last = numbers[end - 1]!
    if (recordBytes === 0) {
      const at = last * PLACES
      return Buffer.from(this.#bytes.subarray(this.#places[at + TEXT_START], this.#places[at + TEXT_END]))
    }
    const stem = this.#stems[last]!
    const headBytes = binaryHeadBytes(stem)
    const bytes = headBytes + recordBytes
    const lead = headerBytes(bytes) + headBytes
    const padding = aligned(lead) - lead
    const start = this.#open(padding + headerBytes(bytes) + bytes, isPassing) + padding
    const head = writeHeader(this.#target, start, bytes, true)
    const records = writeBinaryHead(this.#target, head, stem, this.#entries[last]!.firstIndex + this.#indexes[last]!)
    return this.#target.subarray(start, this.#copyRecords(numbers, from, end, records))
  }

  /** To where a message is assembled; returns where they end there. */
  #copyRecords(numbers: Uint32Array, from: number, to: number, recordsAt: number): number {
    const source = this.#doubles
    const target = this.#target === this.#bytes ? source : new Float64Array(this.#target.buffer)
    const places = this.#places
    let offset = recordsAt / DOUBLE_BYTES
    for (let at = from; at < to; at++) {
      const place = numbers[at]! * PLACES
      const end = places[place + BINARY_END]! / DOUBLE_BYTES
      for (let next = places[place + BINARY_START]! / DOUBLE_BYTES; next < end; next++) {
        target[offset++] = source[next]!
      }
    }
    return offset * DOUBLE_BYTES
  }

  #bytesOf(number: number, { binary, changes }: Format): number {
    return (binary && this.#recordBytes(number)) || this.#frameBytes(number, changes)
  }

  /** Of its binary record; 0 where there is none. */
  #recordBytes(number: number): number {
    return this.#places[number * PLACES + BINARY_END]! - this.#places[number * PLACES + BINARY_START]!
  }

  #frameBytes(number: number, changes: boolean): number {
    const textBytes = this.#places[number * PLACES + TEXT_END]! - this.#places[number * PLACES + TEXT_START]!
    return (changes && this.#changes[number]?.length) || textBytes
  }
}

const aligned = (offset: number): number => Math.ceil(offset / DOUBLE_BYTES) * DOUBLE_BYTES
