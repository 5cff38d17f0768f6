import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventOf } from '../../src/hub/format.ts'
import { Recent } from '../../src/hub/recent.ts'
import type { EventRef, Topic } from '../../src/hub/topic.ts'
import { Topics } from '../../src/hub/topics.ts'
import { readEntry } from '../../src/log/entry.ts'
import type { LogEntry } from '../../src/log/log-entry.ts'
import { parseFormerCursor } from '../../src/log/former-cursor.ts'
import type { Position } from '../../src/log/position.ts'
import { beginningOf, compareRecord } from '../../src/log/positions.ts'
import type { TradeReport } from '../../src/market/event.ts'
import { entryOf } from '../log/entries.ts'

const MAX_BYTES = 4096
const SYMBOLS = ['AAPL', 'MSFT', 'BRK.B']

/** Behind a record of an entry. */
const behindRecord = (idHigh: number, index: number): Position =>
  parseFormerCursor(`${'0'.repeat(12)}.0.${idHigh}-0.${index}`)![0]!.at

/** One process's memory beside a plain list of all that it was given. */
class Followed {
  readonly topics = new Topics()
  readonly recent = new Recent(beginningOf(0), MAX_BYTES, this.topics)
  readonly all: { topic: Topic; entry: LogEntry; index: number; size: number; sequence: number }[] = []
  #sequence = 0

  add(symbols: readonly string[], idHigh: number): void {
    const asOf = '2026-01-05T15:00:00.000Z'
    const sizes = symbols.map((_, index) => this.#sequence + 1 + index)
    const events = symbols.map((symbol, index): TradeReport => {
      const provenance = { source: 'sandbox', feed: 'sandbox' as const, receivedAt: asOf }
      const order = { asOf, sequence: index, tradeDate: '2026-01-05' }
      const trade = { symbol, price: 1, size: sizes[index]!, ...order, ...provenance }
      return { type: 'trade', data: { symbol, trade, timestamp: asOf } }
    })
    const bytes = entryOf(events)
    const topics = symbols.map((symbol) => this.topics.get(`trades:${symbol}`))
    const entry = this.recent.add(readEntry({ shard: 0, idHigh, idLow: 0 }, bytes), this.#sequence + 1)
    bytes.fill(0)
    for (const [index, topic] of topics.entries()) {
      Object.assign(topic, { entry, index, sequence: ++this.#sequence })
      this.all.push({
        topic,
        entry,
        index,
        size: sizes[index]!,
        sequence: this.#sequence
      })
    }
  }
}

const sizeOf = (event: Pick<EventRef, 'entry' | 'index'>) =>
  (eventOf(event).data as { trade: { size: number } }).trade.size

const entries = fc.array(fc.array(fc.constantFrom(...SYMBOLS), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 60
})

describe('what a hub remembers', () => {
  test('is exactly what it was given, behind any position that it covers', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(), fc.subarray(SYMBOLS, { minLength: 1 }), (given, from, cut, wanted) => {
        const followed = new Followed()
        for (const [at, symbols] of given.entries()) followed.add(symbols, at + 1)
        const { recent, topics, all } = followed
        const idHigh = 1 + (from % given.length)
        const position = behindRecord(idHigh, cut % given[idHigh - 1]!.length)
        const topicsWanted = new Set(wanted.map((symbol) => topics.get(`trades:${symbol}`)))
        if (!recent.covers(position)) return
        const { events, isHead } = recent.after(position, topicsWanted, Infinity)
        const expected = all.filter(
          ({ topic, entry, index }) => topicsWanted.has(topic) && compareRecord(entry, index, position) > 0
        )
        expect(isHead).toBe(true)
        expect(events.map(({ sequence }) => sequence)).toEqual(expected.map(({ sequence }) => sequence))
        expect(events.map(sizeOf)).toEqual(expected.map(({ size }) => size))
      })
    )
  })

  test('covers its newest entries, and no longer what it had to drop', () => {
    const followed = new Followed()
    for (let idHigh = 1; idHigh <= 100; idHigh++) followed.add(SYMBOLS, idHigh)
    expect(followed.recent.covers(behindRecord(1, 0))).toBe(false)
    expect(followed.recent.covers(behindRecord(100, 0))).toBe(true)
  })

  test('keeps the newest event of every topic readable, however long ago it was', () => {
    fc.assert(
      fc.property(entries, (given) => {
        const followed = new Followed()
        for (const [at, symbols] of given.entries()) followed.add(symbols, at + 1)
        for (const topic of followed.topics as Iterable<Topic>) {
          const newest = followed.all.findLast((each) => each.topic === topic)!
          expect(sizeOf({ entry: topic.entry!, index: topic.index })).toBe(newest.size)
        }
      })
    )
  })

  test('shows the newest event of a topic that nobody needed before, if it has one', () => {
    fc.assert(
      fc.property(entries, (given) => {
        const followed = new Followed()
        for (const [at, symbols] of given.entries()) followed.add(symbols, at + 1)
        const { recent, all, topics } = followed
        const known = SYMBOLS.flatMap((symbol) => topics.find(`trades:${symbol}`) ?? [])
        for (const topic of known) Object.assign(topic, { entry: undefined, index: 0, sequence: 0 })
        recent.lookBack(known)
        for (const topic of known) {
          const newest = all.findLast(
            (each) => each.topic === topic && compareRecord(each.entry, each.index, recent.tail) > 0
          )
          expect(topic.sequence).toBe(newest?.sequence ?? 0)
          if (newest) expect(sizeOf({ entry: topic.entry!, index: topic.index })).toBe(newest.size)
        }
      })
    )
  })

  test('does not hold an entry that is larger than all of its memory, and says so', () => {
    const followed = new Followed()
    followed.add(['AAPL'], 1)
    followed.add(
      Array.from({ length: 200 }, () => 'MSFT'),
      2
    )
    const { recent, topics } = followed
    expect(recent.covers(behindRecord(1, 0))).toBe(false)
    expect(recent.covers(recent.head)).toBe(true)
    const { entry, index } = topics.get('trades:AAPL')
    expect(sizeOf({ entry: entry!, index })).toBe(1)
  })
})
