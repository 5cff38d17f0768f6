import type { MarketEvent } from '../market/event.ts'
import type { JsonWriter } from './json-writer.ts'
import { writeQuoteJson } from './quote-json.ts'
import { numberOfBar, readBar, writeBarJson } from './record-bar.ts'
import { readBbo, writeBboJson } from './record-bbo.ts'
import { receivedAtOfProvenance } from './record-provenance.ts'
import { asOfOfQuote, numberOfQuote, readQuote } from './record-quote.ts'
import type { RecordReader } from './record-reader.ts'
import { asOfOfTick, receivedAtOfTick } from './record-tick.ts'
import { numberOfTrade, readTrade, writeTradeJson } from './record-trade.ts'
import { RecordKind } from './record.ts'

/** When the server got the value of a packed record, epoch milliseconds. */
export function receivedAtOf(entry: RecordReader, kind: RecordKind, start: number): number {
  const isTick = kind === RecordKind.trade || kind === RecordKind.bbo
  return isTick ? receivedAtOfTick(entry, start) : receivedAtOfProvenance(entry, start)
}

/** A number as clients of the binary protocol get it. */
export function numberOf(entry: RecordReader, kind: RecordKind, start: number, at: number): number {
  switch (kind) {
    case RecordKind.trade:
      return at === 0 ? asOfOfTick(entry, start) : numberOfTrade(entry, start, at)
    case RecordKind.quote:
      return at === 0 ? asOfOfQuote(entry, start) : numberOfQuote(entry, start, at)
    case RecordKind.bar:
      return numberOfBar(entry, start, at)
    default:
      return Number.NaN
  }
}

export function readPacked(entry: RecordReader, kind: RecordKind, start: number): MarketEvent {
  switch (kind) {
    case RecordKind.trade:
      return readTrade(entry, start)
    case RecordKind.quote:
      return readQuote(entry, start)
    case RecordKind.bar:
      return readBar(entry, start)
    default:
      return readBbo(entry, start)
  }
}

/** Writes the event as JSON.stringify does, without its closing brace. */
export function writePackedJson(json: JsonWriter, entry: RecordReader, kind: RecordKind, start: number): void {
  switch (kind) {
    case RecordKind.trade:
      return writeTradeJson(json, entry, start)
    case RecordKind.quote:
      return writeQuoteJson(json, entry, start)
    case RecordKind.bar:
      return writeBarJson(json, entry, start)
    default:
      return writeBboJson(json, entry, start)
  }
}
