import type { LogEntry } from '../log/log-entry.ts'
import { NUMBERS_OF_KIND, RecordKind } from '../log/record.ts'
import {
  BINARY_HEAD_BYTES,
  binaryRecordBytes,
  eventFrame,
  headerBytes,
  writeBinaryHead,
  writeBinaryRecord,
  writeHeader
} from './frame.ts'
import type { EventRef, Format, QuoteData } from './topic.ts'

export const PLAIN: Format = { binary: false, batch: false, changes: false, conflateMs: 0 }
export const PLAIN_BINARY: Format = { ...PLAIN, binary: true }

export const formatKey = ({ binary, batch, changes, conflateMs }: Format): string =>
  `${binary ? 'b' : 't'}${batch ? 'a' : 's'}${changes ? 'c' : 'w'}${conflateMs}`

/**
 * The frames of events, in order, ready to be written. For what does not go through the window: replay, drain, conflation.
 * `epochOf` tells the epoch of an event's cursor by its sequence.
 */
export function encodeEvents(
  events: readonly EventRef[],
  { binary, batch }: Format,
  epochOf: (sequence: number) => string
): Buffer {
  if (binary) return Buffer.concat(binaryRuns(events).map((run) => runFrame(run, epochOf)))
  const frames = events.map(({ entry, index, sequence }) => eventFrame(entry, index, epochOf(sequence)))
  return batch ? arrayFrame(frames) : Buffer.concat(frames)
}

/** Joins the payloads of text frames into one frame that holds a JSON array. */
export function arrayFrame(frames: readonly Buffer[]): Buffer {
  const payloads = frames.map((frame) => frame.subarray(payloadStart(frame.length)))
  const bytes = payloads.reduce((sum, { length }) => sum + length + 1, 1)
  const target = Buffer.allocUnsafe(headerBytes(bytes) + bytes)
  let at = writeHeader(target, 0, bytes)
  for (const [index, payload] of payloads.entries()) {
    target[at++] = index === 0 ? 0x5b : 0x2c
    at += payload.copy(target, at)
  }
  target[at] = 0x5d
  return target
}

/** Where the payload of a text frame of so many bytes begins. */
export function payloadStart(frameBytes: number): number {
  return frameBytes < 128 ? 2 : frameBytes < 65_540 ? 4 : 10
}

/** Only what has numbers can be binary. */
export const isBinaryKind = (entry: LogEntry, index: number): boolean => NUMBERS_OF_KIND[entry.kind(index)] > 0

/** A binary message tells one place in the log, so its records come from one shard; channels go as text between them. */
function binaryRuns(events: readonly EventRef[]): EventRef[][] {
  const runs: EventRef[][] = []
  for (const event of events) {
    const last = runs.at(-1)?.[0]
    const joins =
      last !== undefined &&
      last.entry.shard === event.entry.shard &&
      isBinaryKind(last.entry, last.index) &&
      isBinaryKind(event.entry, event.index)
    if (joins) runs.at(-1)!.push(event)
    else runs.push([event])
  }
  return runs
}

function runFrame(run: readonly EventRef[], epochOf: (sequence: number) => string): Buffer {
  const last = run.at(-1)!
  if (!isBinaryKind(last.entry, last.index)) return eventFrame(last.entry, last.index, epochOf(last.sequence))
  const bytes = run.reduce((sum, { entry, index }) => sum + binaryRecordBytes(entry, index), BINARY_HEAD_BYTES)
  const target = Buffer.allocUnsafe(headerBytes(bytes) + bytes)
  let at = writeBinaryHead(target, writeHeader(target, 0, bytes, true), last.entry, last.index)
  for (const { topic, entry, index } of run) at = writeBinaryRecord(target, at, topic.id, entry, index)
  return target
}

/** The data of a quote's event; undefined for events of other kinds. */
export function quoteOf({ entry, index }: Pick<EventRef, 'entry' | 'index'>): QuoteData | undefined {
  if (entry.kind(index) !== RecordKind.quote) return undefined
  return (eventOf({ entry, index }) as { data: QuoteData }).data
}

/** Parses an event: for snapshots, for quotes that lie in the log as JSON, and for clients of Socket.IO. */
export function eventOf({ entry, index }: Pick<EventRef, 'entry' | 'index'>): { data: unknown } {
  return entry.event(index)
}
