import type { LogEntry } from '../log/log-entry.ts'
import { NUMBERS_OF_KIND, RecordKind } from '../log/record.ts'
import {
  binaryHeadBytes,
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
 * The frames of events that were given to somebody who listens, in order, ready to be written. For what does not go through
 * the window: replay, drain, conflation.
 */
export function encodeEvents(events: readonly EventRef[], { binary, batch }: Format): Buffer {
  if (binary) return Buffer.concat(binaryRuns(events).map(runFrame))
  const frames = events.map(({ entry, index, stem }) => eventFrame(entry, index, stem!))
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

/** Channels go as text between binary messages. */
function binaryRuns(events: readonly EventRef[]): EventRef[][] {
  const runs: EventRef[][] = []
  for (const event of events) {
    const last = runs.at(-1)?.[0]
    const isJoining = last && isBinaryKind(last.entry, last.index) && isBinaryKind(event.entry, event.index)
    if (isJoining) runs.at(-1)!.push(event)
    else runs.push([event])
  }
  return runs
}

function runFrame(run: readonly EventRef[]): Buffer {
  const { entry, index, stem } = run.at(-1)!
  if (!isBinaryKind(entry, index)) return eventFrame(entry, index, stem!)
  const bytes = run.reduce((sum, each) => sum + binaryRecordBytes(each.entry, each.index), binaryHeadBytes(stem!))
  const target = Buffer.allocUnsafe(headerBytes(bytes) + bytes)
  let at = writeBinaryHead(target, writeHeader(target, 0, bytes, true), stem!, entry.firstIndex + index)
  for (const each of run) at = writeBinaryRecord(target, at, each.topic.id, each.entry, each.index)
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
