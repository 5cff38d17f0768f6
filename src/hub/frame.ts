import { cursorAt, cursorLength, type CursorStem } from '../log/cursor.ts'
import type { LogEntry } from '../log/log-entry.ts'
import { NUMBERS_OF_KIND } from '../log/record.ts'

/** Text and binary messages of one frame, from a server (RFC 6455: final, unmasked). */
const TEXT = 0x81
const BINARY = 0x82
const MAX_HEADER_BYTES = 10
/** Of payloads from 126 bytes to 64 KiB. */
const USUAL_HEADER_BYTES = 4
/** What a text frame of an event ends with, around its cursor. */
const CURSOR_OPENING = ',"cursor":"'
const CURSOR_CLOSING = '"}'
const RECORD_HEAD_BYTES = 8

export function headerBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : MAX_HEADER_BYTES
}

/** Writes a frame's header; returns where its payload begins. */
export function writeHeader(target: Buffer, offset: number, payloadBytes: number, binary = false): number {
  target[offset] = binary ? BINARY : TEXT
  if (payloadBytes < 126) {
    target[offset + 1] = payloadBytes
    return offset + 2
  }
  if (payloadBytes < 65_536) {
    target[offset + 1] = 126
    target[offset + 2] = payloadBytes >>> 8
    target[offset + 3] = payloadBytes
    return offset + 4
  }
  target[offset + 1] = 127
  target.writeUInt32BE(0, offset + 2)
  target.writeUInt32BE(payloadBytes, offset + 6)
  return offset + MAX_HEADER_BYTES
}

/** A whole text frame. */
export function textFrame(json: string | Buffer): Buffer {
  const payloadBytes = Buffer.byteLength(json)
  const frame = Buffer.allocUnsafe(headerBytes(payloadBytes) + payloadBytes)
  const start = writeHeader(frame, 0, payloadBytes)
  if (typeof json === 'string') frame.write(json, start)
  else json.copy(frame, start)
  return frame
}

/** The payloads of whole text frames that lie one behind the other. */
export function* textPayloads(frames: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < frames.length;) {
    const short = frames[at + 1]!
    const start = at + (short < 126 ? 2 : short === 126 ? USUAL_HEADER_BYTES : MAX_HEADER_BYTES)
    const bytes = short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : frames.readUInt32BE(at + 6)
    at = start + bytes
    yield frames.subarray(start, at)
  }
}

/** What a text frame ends with, its closing brace included. */
export const cursorTail = (stem: CursorStem, index: number): string =>
  CURSOR_OPENING + cursorAt(stem, index) + CURSOR_CLOSING

/** Room that a record's frame needs at most. */
export function maxFrameBytes(entry: LogEntry, index: number, stem: CursorStem): number {
  const tail = CURSOR_OPENING.length + cursorLength(stem) + CURSOR_CLOSING.length
  return MAX_HEADER_BYTES + entry.maxJsonBytes(index, tail)
}

/** Writes a record as a text frame of its own; returns where it ends. */
export function writeEventFrame(
  target: Buffer,
  offset: number,
  entry: LogEntry,
  index: number,
  stem: CursorStem
): number {
  const start = offset + USUAL_HEADER_BYTES
  const end = entry.writeJson(index, target, start, cursorTail(stem, entry.firstIndex + index))
  // Only now it is known how long it is.
  const headBytes = headerBytes(end - start)
  if (headBytes !== USUAL_HEADER_BYTES) target.copyWithin(offset + headBytes, start, end)
  return writeHeader(target, offset, end - start) + end - start
}

export function eventFrame(entry: LogEntry, index: number, stem: CursorStem): Buffer {
  const room = Buffer.allocUnsafe(maxFrameBytes(entry, index, stem))
  // A copy: what it may take at most is several times what it takes.
  return Buffer.from(room.subarray(0, writeEventFrame(room, 0, entry, index, stem)))
}

/**
 * A record of the binary protocol, little-endian: u32 topic, u8 kind, u8 state, u16 reserved, then the kind's doubles. Its
 * width follows from its kind.
 */
export function binaryRecordBytes(entry: LogEntry, index: number): number {
  return RECORD_HEAD_BYTES + NUMBERS_OF_KIND[entry.kind(index)] * 8
}

/** Writes a binary record; returns where it ends. */
export function writeBinaryRecord(
  target: Buffer,
  offset: number,
  topicId: number,
  entry: LogEntry,
  index: number
): number {
  const kind = entry.kind(index)
  target.writeUInt32LE(topicId, offset)
  target[offset + 4] = kind
  target[offset + 5] = entry.stateCode(index)
  target[offset + 6] = 0
  target[offset + 7] = 0
  let at = offset + RECORD_HEAD_BYTES
  for (let number = 0; number < NUMBERS_OF_KIND[kind]; number++)
    at = target.writeDoubleLE(entry.number(index, number), at)
  return at
}

const BINARY_VERSION = 2
/** Before the cursor in the head of a binary message. */
const CURSOR_AT = 4
const WORD_BYTES = 4

/** Of the head that precedes the records of a binary message, and has the cursor of the last of them. */
export const binaryHeadBytes = (stem: CursorStem): number =>
  CURSOR_AT + Math.ceil(cursorLength(stem) / WORD_BYTES) * WORD_BYTES

/** u8 version, u8 reserved, u16 head length, the cursor in ASCII, zeros up to a word; see docs/websocket.md. */
export function writeBinaryHead(target: Buffer, offset: number, stem: CursorStem, index: number): number {
  const end = offset + binaryHeadBytes(stem)
  target[offset] = BINARY_VERSION
  target[offset + 1] = 0
  target.writeUInt16LE(end - offset, offset + 2)
  const cursorEnd = offset + CURSOR_AT + target.write(cursorAt(stem, index), offset + CURSOR_AT, 'latin1')
  target.fill(0, cursorEnd, end)
  return end
}
