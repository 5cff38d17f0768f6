import type { CursorStem } from '../log/cursor.ts'
import type { LogEntry } from '../log/log-entry.ts'
import { binaryHeadBytes, binaryRecordBytes, headerBytes, maxFrameBytes, writeBinaryHead } from './frame.ts'
import { writeBinaryRecord, writeEventFrame, writeHeader } from './frame.ts'
import { isBinaryKind, payloadStart } from './format.ts'
import { MAX_PIECE_BYTES, Scratch } from './scratch.ts'
import type { EventList, EventRef, Format, Topic } from './topic.ts'

/** What is encoded in the time of a round of deliveries; when it is full, everything is delivered early. */
const HALF_BYTES = 8 * 1024 * 1024
const NONE = -1
const WORD_BYTES = 4

/**
 * The events that wait to be delivered, each encoded once and side by side, so that what a connection gets is copied in
 * ranges. Columns instead of objects: the events of a busy turn number tens of thousands. In one half of the room are the
 * events since the last turn, in the other those before it; odd numbers are of the second half.
 */
export class Window {
  readonly #bytes = Buffer.allocUnsafeSlow(2 * HALF_BYTES)
  /** The same memory: binary records are too short for a call that copies bytes. */
  readonly #words = new Int32Array(this.#bytes.buffer)
  readonly #scratch = new Scratch()
  readonly #topics: Topic[] = []
  readonly #entries: LogEntry[] = []
  readonly #indexes: number[] = []
  readonly #sequences: number[] = []
  readonly #stems: CursorStem[] = []
  readonly #textStart: number[] = []
  readonly #textEnd: number[] = []
  readonly #binaryStart: number[] = []
  readonly #binaryEnd: number[] = []
  readonly #changes: (Buffer | undefined)[] = []
  #half = 0
  /** Of the half since the last turn. */
  #size = 0
  #used = 0
  #largestBytes = 0
  #largestBytesBefore = 0

  hasRoomFor({ entry, index }: EventRef, stem: CursorStem): boolean {
    const bytes = maxFrameBytes(entry, index, stem) + binaryRecordBytes(entry, index) + WORD_BYTES
    return this.#used + bytes <= (this.#half + 1) * HALF_BYTES
  }

  /** Takes an event in the encodings its audiences want; returns its number. */
  add(event: EventRef, stem: CursorStem, wants: Topic['wants'], change: Buffer | undefined): number {
    const { topic, entry, index, sequence } = event
    const binary = wants.binary > 0 && isBinaryKind(entry, index)
    const number = 2 * this.#size++ + this.#half
    const usedBefore = this.#used
    this.#topics[number] = topic
    this.#entries[number] = entry
    this.#indexes[number] = index
    this.#sequences[number] = sequence
    this.#stems[number] = stem
    this.#changes[number] = change
    const text = wants.text > 0 || (wants.changes > 0 && !change) || (wants.binary > 0 && !binary)
    this.#textStart[number] = text ? this.#used : NONE
    if (text) this.#used = writeEventFrame(this.#bytes, this.#used, entry, index, stem)
    this.#textEnd[number] = text ? this.#used : NONE
    if (binary) this.#used = wordAligned(this.#used)
    this.#binaryStart[number] = binary ? this.#used : NONE
    if (binary) this.#used = writeBinaryRecord(this.#bytes, this.#used, topic.id, entry, index)
    this.#binaryEnd[number] = binary ? this.#used : NONE
    this.#largestBytes = Math.max(this.#largestBytes, this.#used - usedBefore, change?.length ?? 0)
    return number
  }

  /** Some events, in order, from one place to before another; valid until the second turn. */
  list(numbers: readonly number[], from: number, to: number): EventList {
    return {
      count: to - from,
      topic: (at) => this.#topics[numbers[from + at]!]!,
      event: (at) => this.#event(numbers[from + at]!)
    }
  }

  /** Behind the last event that a piece from one place on has room for; a single event always has. */
  endOfPiece(numbers: readonly number[], from: number, to: number, format: Format): number {
    const largestBytes = Math.max(this.#largestBytes, this.#largestBytesBefore)
    if ((to - from) * largestBytes <= MAX_PIECE_BYTES) return to
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
  assemble(numbers: readonly number[], from: number, to: number, format: Format, isPassing: boolean): Buffer {
    const { binary, batch, changes } = format
    if (binary) return this.#assembleBinary(numbers, from, to, isPassing)
    if (batch) return this.#assembleArray(numbers, from, to, changes, isPassing)
    return this.#assembleFrames(numbers, from, to, changes, isPassing)
  }

  /** Leaves a passing buffer to somebody who still needs it. */
  leave(bytes: Buffer): void {
    this.#scratch.leave(bytes)
  }

  /** Gives the room of what was there before the last turn to what comes from now on. */
  turn(): void {
    this.#half ^= 1
    this.#size = 0
    this.#used = this.#half * HALF_BYTES
    this.#largestBytesBefore = this.#largestBytes
    this.#largestBytes = 0
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

  #assembleFrames(numbers: readonly number[], from: number, to: number, changes: boolean, isPassing: boolean): Buffer {
    let bytes = 0
    for (let taken = from; taken < to; taken++) bytes += this.#frameBytes(numbers[taken]!, changes)
    const target = this.#scratch.take(bytes, isPassing)
    let at = 0
    for (let taken = from; taken < to; taken++) {
      const number = numbers[taken]!
      const change = changes ? this.#changes[number] : undefined
      at += change
        ? change.copy(target, at)
        : this.#bytes.copy(target, at, this.#textStart[number], this.#textEnd[number])
    }
    return target
  }

  #assembleArray(numbers: readonly number[], from: number, to: number, changes: boolean, isPassing: boolean): Buffer {
    let bytes = 1
    for (let taken = from; taken < to; taken++) {
      const frameBytes = this.#frameBytes(numbers[taken]!, changes)
      bytes += frameBytes - payloadStart(frameBytes) + 1
    }
    const target = this.#scratch.take(headerBytes(bytes) + bytes, isPassing)
    let at = writeHeader(target, 0, bytes)
    let separator = 0x5b
    for (let taken = from; taken < to; taken++) {
      const number = numbers[taken]!
      target[at++] = separator
      separator = 0x2c
      const change = changes ? this.#changes[number] : undefined
      const start = payloadStart(this.#frameBytes(number, changes))
      at += change
        ? change.copy(target, at, start)
        : this.#bytes.copy(target, at, this.#textStart[number]! + start, this.#textEnd[number])
    }
    target[at] = 0x5d
    return target
  }

  /** Records that follow each other share a message; a channel's frame stands between two. */
  #assembleBinary(numbers: readonly number[], from: number, to: number, isPassing: boolean): Buffer {
    const end = this.#endOfRun(numbers, from, to)
    if (end === to) return this.#binaryMessage(numbers, from, end, isPassing)
    const messages: Buffer[] = []
    for (let first = from; first < to;) {
      const next = this.#endOfRun(numbers, first, to)
      messages.push(this.#binaryMessage(numbers, first, next, false))
      first = next
    }
    return Buffer.concat(messages)
  }

  #endOfRun(numbers: readonly number[], from: number, count: number): number {
    if (this.#binaryStart[numbers[from]!] === NONE) return from + 1
    let to = from + 1
    while (to < count && this.#binaryStart[numbers[to]!] !== NONE) to++
    return to
  }

  #binaryMessage(numbers: readonly number[], from: number, to: number, isPassing: boolean): Buffer {
    const last = numbers[to - 1]!
    if (this.#binaryStart[last] === NONE) {
      return Buffer.from(this.#bytes.subarray(this.#textStart[last], this.#textEnd[last]))
    }
    const stem = this.#stems[last]!
    let bytes = binaryHeadBytes(stem)
    for (let at = from; at < to; at++) bytes += this.#binaryEnd[numbers[at]!]! - this.#binaryStart[numbers[at]!]!
    const lead = headerBytes(bytes)
    const start = wordAligned(lead) - lead
    const target = this.#scratch.take(start + lead + bytes, isPassing)
    const head = writeHeader(target, start, bytes, true)
    const records = writeBinaryHead(target, head, stem, this.#entries[last]!.firstIndex + this.#indexes[last]!)
    this.#copyRecords(numbers, from, to, new Int32Array(target.buffer, records))
    return target.subarray(start)
  }

  #copyRecords(numbers: readonly number[], from: number, to: number, target: Int32Array): void {
    let offset = 0
    for (let at = from; at < to; at++) {
      const number = numbers[at]!
      const end = this.#binaryEnd[number]! / WORD_BYTES
      for (let word = this.#binaryStart[number]! / WORD_BYTES; word < end; word++) {
        target[offset++] = this.#words[word]!
      }
    }
  }

  #bytesOf(number: number, { binary, changes }: Format): number {
    const isRecord = binary && this.#binaryStart[number] !== NONE
    return isRecord ? this.#binaryEnd[number]! - this.#binaryStart[number]! : this.#frameBytes(number, changes)
  }

  #frameBytes(number: number, changes: boolean): number {
    return (changes && this.#changes[number]?.length) || this.#textEnd[number]! - this.#textStart[number]!
  }
}

const wordAligned = (offset: number): number => Math.ceil(offset / WORD_BYTES) * WORD_BYTES
