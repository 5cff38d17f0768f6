import { idOf } from '../log/position.ts'
import type { LogEntry } from '../log/log-entry.ts'
import { NUMBERS_OF_KIND } from '../log/record.ts'

/** Text and binary messages of one frame, from a server (RFC 6455: final, unmasked). */
const TEXT = 0x81
const BINARY = 0x82
const MAX_HEADER_BYTES = 10
/** Of payloads from 126 bytes to 64 KiB. */
const USUAL_HEADER_BYTES = 4
const MAX_INDEX_DIGITS = 5
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

/** What every frame of an entry ends with, up to the record's index. Built once per entry. */
export function cursorOpening(epoch: string, entry: LogEntry): string {
  return `,"cursor":"${epoch}.${entry.shard}.${idOf(entry)}.`
}

/** Room that a record's frame needs at most. */
export function maxFrameBytes(entry: LogEntry, index: number, opening: string): number {
  return MAX_HEADER_BYTES + entry.maxJsonBytes(index, opening.length + MAX_INDEX_DIGITS + 2)
}

/** Writes a record as a text frame of its own; returns where it ends. */
export function writeEventFrame(
  target: Buffer,
  offset: number,
  entry: LogEntry,
  index: number,
  opening: string
): number {
  const start = offset + USUAL_HEADER_BYTES
  const end = entry.writeJson(index, target, start, `${opening}${entry.firstIndex + index}"}`)
  // Only now it is known how long it is.
  const headBytes = headerBytes(end - start)
  if (headBytes !== USUAL_HEADER_BYTES) target.copyWithin(offset + headBytes, start, end)
  return writeHeader(target, offset, end - start) + end - start
}

export function eventFrame(entry: LogEntry, index: number, epoch: string): Buffer {
  const opening = cursorOpening(epoch, entry)
  const room = Buffer.allocUnsafe(maxFrameBytes(entry, index, opening))
  // A copy: what it may take at most is several times what it takes.
  return Buffer.from(room.subarray(0, writeEventFrame(room, 0, entry, index, opening)))
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

/** Precedes the records of a binary message, and tells where in the log the last of them stands. */
export const BINARY_HEAD_BYTES = 24
const BINARY_VERSION = 1

/** u8 version, u8 head length, u16 shard, u32 index, f64 and f64 stream id; see docs/websocket.md. */
export function writeBinaryHead(target: Buffer, offset: number, entry: LogEntry, index: number): number {
  target[offset] = BINARY_VERSION
  target[offset + 1] = BINARY_HEAD_BYTES
  target.writeUInt16LE(entry.shard, offset + 2)
  target.writeUInt32LE(entry.firstIndex + index, offset + 4)
  target.writeDoubleLE(entry.idMs, offset + 8)
  target.writeDoubleLE(entry.idSeq, offset + 16)
  return offset + BINARY_HEAD_BYTES
}
