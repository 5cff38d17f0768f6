import type { CursorStem } from '../log/cursor.ts'
import type { LogEntry } from '../log/log-entry.ts'
import { JsonWriter } from '../log/json-writer.ts'
import { writeQuoteChangeJson } from '../log/quote-json.ts'
import { RecordKind } from '../log/record.ts'
import type { Place } from '../log/superseded.ts'
import { cursorTail, maxFrameBytes, textFrame } from './frame.ts'
import { quoteOf } from './format.ts'
import type { QuoteData } from './topic.ts'

/** Used by one call at a time. */
const JSON_WRITER = new JsonWriter()
let room = Buffer.alloc(4096)

/**
 * A quote as what changed since the one before: the fields that differ, and the names of those that are gone.
 * Undefined where the two have nothing to compare.
 */
export function changeFrame(previous: Place, { entry, index }: Place, stem: CursorStem): Buffer | undefined {
  if (!isQuote(previous.entry, previous.index) || !isQuote(entry, index)) return undefined
  const tail = cursorTail(stem, entry.firstIndex + index)
  const before = previous.entry.packed(previous.index)
  const after = entry.packed(index)
  if (!before || !after) return textFrame(parsedChange(quoteOf(previous)!, quoteOf({ entry, index })!) + tail)
  const maxBytes = maxFrameBytes(entry, index, stem)
  if (maxBytes > room.length) room = Buffer.alloc(maxBytes)
  JSON_WRITER.begin(room, 0)
  writeQuoteChangeJson(JSON_WRITER, before, after)
  JSON_WRITER.ascii(tail)
  return textFrame(room.subarray(0, JSON_WRITER.at))
}

const isQuote = (entry: LogEntry, index: number): boolean => entry.kind(index) === RecordKind.quote

/** The same, without its closing brace, where one of the two lies in the log as JSON. */
function parsedChange(before: QuoteData, after: QuoteData): string {
  const changed = Object.entries(after.quote).filter(([field, value]) => !isSame(before.quote[field], value))
  const removed = Object.keys(before.quote).filter((field) => !(field in after.quote))
  const data = {
    symbol: after.symbol,
    changed: Object.fromEntries(changed),
    ...(removed.length > 0 && { removed }),
    timestamp: after.timestamp
  }
  return JSON.stringify({ type: 'quote_update', data }).slice(0, -1)
}

/** Nested values are small and encoded by one hand: they are the same where their JSON is. */
function isSame(before: unknown, after: unknown): boolean {
  return before === after || (typeof after === 'object' && JSON.stringify(before) === JSON.stringify(after))
}
