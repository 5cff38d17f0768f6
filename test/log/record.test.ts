import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asVersion1 } from '../../src/log/entry-version-1.ts'
import { readEntry } from '../../src/log/entry.ts'
import { JsonWriter } from '../../src/log/json-writer.ts'
import type { LogEntry } from '../../src/log/log-entry.ts'
import { NUMBERS_OF_KIND, RecordKind } from '../../src/log/record.ts'
import { InstantReader } from '../../src/log/record-clock.ts'
import { topicKeyOf } from '../../src/log/topic-name.ts'
import { topicOf, type MarketEvent, type TradeReport } from '../../src/market/event.ts'
import { formatInstantNs, parseInstantNs } from '../../src/market/instant-ns.ts'
import type { PartOrigin, QuoteGroup } from '../../src/market/quote-provenance.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { anyEvent } from './arbitrary-events.ts'
import { entryOf as bytesOf } from './entries.ts'
import { runsOf } from '../support/depth.ts'

const PLACE = { shard: 0, idHigh: 1, idLow: 0 }
const entryOf = (events: readonly MarketEvent[]): LogEntry => readEntry(PLACE, bytesOf(events))

function jsonOf(entry: LogEntry, index: number): string {
  const bytes = Buffer.alloc(entry.maxJsonBytes(index, 1))
  return bytes.toString('utf8', 0, entry.writeJson(index, bytes, 0, '}'))
}

function jsonWritten(write: (json: JsonWriter) => void): string {
  const json = new JsonWriter()
  json.begin(Buffer.alloc(100), 0)
  write(json)
  return json.target.toString('latin1', 0, json.at)
}

const indexes = (entry: LogEntry) => Array.from({ length: entry.count }, (_, index) => index)

const hasText = (text: string) => text.length <= 255 && Buffer.byteLength(text) <= 255
const isNameable = (event: MarketEvent) => topicOf(event).isWellFormed() && hasText(topicOf(event))

/** A trade as a stream tells it: nanoseconds, two conditions and a number for an id. */
function tapeTrade(symbol: string): TradeReport {
  const now = new Date().toISOString()
  const trade = {
    symbol,
    asOf: `${now.slice(0, -1)}456789Z`,
    sequence: 84_123_456,
    tradeDate: now.slice(0, 10),
    session: 'regular' as const,
    tape: 'C',
    source: 'alpaca',
    feed: 'consolidated' as const,
    receivedAt: now,
    price: 231.4501,
    size: 0.3,
    currency: 'USD',
    venue: 'XNAS',
    conditions: ['@', 'I'],
    tradeId: '52983525029461'
  }
  return { type: 'trade', data: { symbol, trade, timestamp: trade.asOf } }
}

describe('an event comes back from the log as it went in', () => {
  test('whatever its kind, its numbers, texts and instants', () => {
    fc.assert(
      fc.property(fc.array(anyEvent.filter(isNameable), { minLength: 1, maxLength: 8 }), (events) => {
        const entry = entryOf(events)
        // What JSON has no word for is written as null, in the log as in every frame.
        const sent = events.map((event) => JSON.stringify(event))
        expect(indexes(entry).map((index) => jsonOf(entry, index))).toEqual(sent)
        for (const index of indexes(entry)) {
          expect(JSON.stringify(entry.event(index))).toBe(sent[index])
          expect(entry.topicOf(entry.row(index))).toBe(topicOf(events[index]!))
          const alone = entry.only(index)
          expect(jsonOf(alone, 0)).toBe(sent[index])
          expect(alone.firstIndex).toBe(index)
          expect(alone.isTopic(0, topicKeyOf(topicOf(events[index]!)))).toBe(true)
          expect(alone.hash(0)).toBe(topicKeyOf(topicOf(events[index]!)).hash)
        }
      }),
      { numRuns: runsOf(500) }
    )
  })

  test('read by a process of the former version too', () => {
    fc.assert(
      fc.property(fc.array(anyEvent.filter(isNameable), { minLength: 1, maxLength: 8 }), (events) => {
        const entry = entryOf(events)
        const former = asVersion1(entry).map((bytes) => readEntry(PLACE, bytes))
        const read = former.flatMap((each) => indexes(each).map((index) => [each, index] as const))
        expect(read.map(([each, index]) => jsonOf(each, index))).toEqual(events.map((event) => JSON.stringify(event)))
        for (const [at, [each, index]] of read.entries()) {
          expect(each.receivedAt(index)).toEqual(entry.receivedAt(at))
          expect(each.stateCode(index)).toBe(entry.stateCode(at))
          for (let number = 0; number < NUMBERS_OF_KIND[each.kind(index)]; number++) {
            expect(each.number(index, number)).toEqual(entry.number(at, number))
          }
        }
      })
    )
  })

  test('with its numbers as the binary protocol tells them', () => {
    const trade = tapeTrade('AAPL')
    const quote = quoteEvent('AAPL', 231.5, { bid: 231.4 })
    const entry = entryOf([trade, quote])
    const asOf = Date.parse(quote.data.quote.asOf)
    const numbersOf = (index: number) =>
      Array.from({ length: NUMBERS_OF_KIND[entry.kind(index)] }, (_, at) => entry.number(index, at))
    expect(numbersOf(0)).toEqual([Date.parse(trade.data.trade.receivedAt), 231.4501, 0.3])
    expect(numbersOf(1)).toEqual([asOf, 231.5, 1000, 231.4, Number.NaN])
    expect([entry.stateCode(0), entry.stateCode(1)]).toEqual([0, 1])
  })

  test('without what its shape does not have', () => {
    const event = tradeEvent('AAPL', 1, 1)
    const more = { ...event, data: { ...event.data, trade: { ...event.data.trade, note: 'x' } } }
    expect(entryOf([more]).event(0)).toEqual(event)
  })
})

test('a trade takes no more than 80 bytes of the log, with its share of the table of symbols', () => {
  const symbols = Array.from({ length: 2000 }, (_, at) => `S${(at + 46_656).toString(36).slice(1)}`)
  const trades = Array.from({ length: 700 }, (_, at) => tapeTrade(symbols[(at * 1237) % 2000]!))
  expect(entryOf(trades).bytes.length / trades.length).toBeLessThan(56)
})

test('a quote takes 16 bytes of the log for each vendor that had a part in it', () => {
  const part = (source: string, asOf: string, groups: QuoteGroup[]) => ({
    source,
    feed: 'delayed' as const,
    asOf,
    groups
  })
  const parts = [
    part('yahoo', '2026-11-30T15:00:00.000Z', ['price', 'day', 'derivative']),
    part('sandbox', '2026-11-30T15:00:00.000000001Z', ['book'])
  ]
  const written = (told: PartOrigin[] | undefined) => {
    const event = quoteEvent('AAPL', 231.5, { name: 'yahoo', bid: 231.4 })
    if (told) event.data.quote.provenance.parts = told
    const entry = entryOf([event])
    expect(JSON.parse(jsonOf(entry, 0))).toEqual(event)
    expect(entry.event(0)).toEqual(event)
    return { bytes: entry.recordBytes(0), isPacked: entry.packed(0) !== undefined }
  }
  const { bytes } = written(undefined)
  expect(written(parts)).toEqual({ bytes: bytes + 33, isPacked: true })
  expect(written([]).isPacked).toBe(true)
  // What nobody composes is kept too.
  expect(written([part('yahoo', '2026-11-30T15:00:00Z', ['book', 'day'])]).isPacked).toBe(false)
  expect(written(Array.from({ length: 300 }, () => parts[0]!)).isPacked).toBe(false)
})

test('instants are read and written as everywhere else', () => {
  const reader = new InstantReader()
  const text = fc
    .tuple(fc.integer({ min: -6e13, max: 2e14 }), fc.nat(999_999))
    .map(([ms, ns]) => formatInstantNs({ ms, ns }))
  fc.assert(
    fc.property(text, (each) => {
      expect(reader.read(each)).toBe(true)
      const { ms, ns } = reader
      expect({ ms, ns }).toEqual(parseInstantNs(each))
      expect(jsonWritten((json) => json.instant(ms, ns))).toBe(`"${each}"`)
    })
  )
  const odd = ['2026-02-31T00:00:00.000Z', '2026-01-01T24:00:00.000Z', '2026-01-01T00:00:00.100000Z', '']
  for (const each of [...odd, '2026-01-01T00:00:00Z', '2026-01-01 00:00:00.000Z', '2026-01-01T00:00:00.00xZ']) {
    expect(reader.read(each)).toBe(false)
  }
})

test('numbers are written as JSON.stringify writes them', () => {
  const cents = fc.tuple(fc.maxSafeNat(), fc.nat(8)).map(([digits, decimals]) => digits / 10 ** decimals)
  fc.assert(
    fc.property(fc.oneof(fc.double(), cents, fc.integer(), fc.maxSafeInteger()), (number) => {
      expect(jsonWritten((json) => json.number(number))).toBe(JSON.stringify(number))
    }),
    { numRuns: runsOf(1000) }
  )
})

describe('a trade of an entry that was written before trades were narrow', () => {
  const written =
    'AgABAAAAAAB48hH0wSJ6QgDwEfTBInpCfQAAAD4AAAABAAMAjvWkDwIEQUFQTAZhbHBhY2EEWE5BUwNVU0QCPwAAAAAAAvr///9V+GYA+v///zNRQwAA' +
    'AAAAfQ6UQb99HThn7mxAMzMzMzMz0z8BAgIBQAFJgCobGBgYyEI='
  const was = tapeTrade('AAPL')
  const asOf = '2026-11-30T11:02:55.513456789Z'
  const trade = { ...was.data.trade, asOf, tradeDate: '2026-11-30', receivedAt: '2026-11-30T11:02:55.513Z' }
  const event: TradeReport = { type: 'trade', data: { symbol: 'AAPL', trade, timestamp: asOf } }

  test('is read as it was', () => {
    const entry = readEntry(PLACE, Buffer.from(written, 'base64'))
    expect(entry.event(0)).toEqual(event)
    expect(JSON.parse(jsonOf(entry, 0))).toEqual(event)
    expect([entry.number(0, 0), entry.number(0, 1), entry.number(0, 2)]).toEqual([Date.parse(asOf), 231.4501, 0.3])
  })
})

test('a trade whose numbers do not fit into a narrow record is kept exactly', () => {
  const { data } = tapeTrade('AAPL')
  const fields = [
    { price: 0.00001 },
    { price: 429_496.7296 },
    { price: 0 },
    { size: 5e9 },
    { size: 1 / 3 },
    { sequence: 2 ** 32 },
    { tradeId: '281474976710656' },
    { receivedAt: new Date(Date.now() - 60_000).toISOString() }
  ]
  const trades = fields.map((each) => ({ ...data.trade, ...each }))
  const entry = entryOf(trades.map((trade) => ({ type: 'trade', data: { ...data, trade } })))
  expect(indexes(entry).map((index) => (entry.event(index) as TradeReport).data.trade)).toEqual(trades)
  for (const [index, { price, size }] of trades.entries()) {
    expect([entry.number(index, 1), entry.number(index, 2)]).toEqual([price, size])
  }
})

describe('an entry', () => {
  const whole = Buffer.from(entryOf([tapeTrade('AAPL'), tapeTrade('MSFT'), quoteEvent('AAPL', 1)]).bytes)

  test('that is cut off anywhere is not read as if it were whole', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => readEntry(PLACE, Buffer.from(whole.subarray(0, length)))).toThrow(RangeError)
    }
  })

  test('of a later version is not read', () => {
    const later = Buffer.from(whole)
    later[0] = 3
    expect(() => readEntry(PLACE, later)).toThrow(RangeError)
  })

  test('holds a narrow trade under a kind that a process which cannot read it passes over', () => {
    const narrow = entryOf([tapeTrade('AAPL')])
    expect(narrow.bytes[narrow.bytes.readUInt32LE(28)]).toBe(9)
    expect(narrow.kind(0)).toBe(RecordKind.trade)
  })

  test('with kinds of a later version gives all others', () => {
    const strange = Buffer.from(whole)
    const records = strange.readUInt32LE(28)
    strange[records] = 200
    const entry = readEntry(PLACE, strange)
    expect(entry.unknown).toBe(1)
    expect(indexes(entry).map((index) => entry.row(index))).toEqual([-1, 1, 2])
    expect(entry.topicOf(1)).toBe('trades:MSFT')
    expect((entry.event(1) as TradeReport).data.trade.price).toBe(231.4501)
  })
})
