import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { encodeEvents, PLAIN, PLAIN_BINARY } from '../../src/hub/format.ts'
import { ROOM_BYTES, ROOMS } from '../../src/hub/piece-rooms.ts'
import { Audience, Topic, type EventRef } from '../../src/hub/topic.ts'
import { Window } from '../../src/hub/window.ts'
import { stemOf } from '../../src/log/cursor.ts'
import { readEntry } from '../../src/log/entry.ts'
import { BEGINNING, endOf, outsideOf } from '../../src/log/entry-position.ts'
import { topicOf, type MarketEvent } from '../../src/market/event.ts'
import { entryOf } from '../log/entries.ts'
import { barEvent, quoteEvent, tradeEvent } from '../support/events.ts'

const STATUS: MarketEvent = { type: 'market_status', data: { exchanges: [] } }
/** More than the first room of an audience and of the window has places for. */
const MANY = 5000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Events of one entry in a window, and as they are encoded where there is no window. */
function windowOf(events: readonly MarketEvent[]) {
  const window = new Window()
  const entry = readEntry({ shard: 0, idHigh: 1, idLow: 0 }, entryOf(events))
  const stem = stemOf(entry, [{ epoch: 'abcdef012345', at: outsideOf(endOf(0, BEGINNING)) }])
  const topics = new Map<string, Topic>()
  const audience = new Audience(PLAIN)
  const refs = events.map((event, index): EventRef & { stem: typeof stem } => {
    const name = topicOf(event)
    if (!topics.has(name)) topics.set(name, new Topic(name, topics.size + 1))
    return { topic: topics.get(name)!, entry, index, sequence: index + 1, stem }
  })
  for (const ref of refs) audience.enqueue(window.add(ref, stem, { text: 1, changes: 0, binary: 1 }, undefined))
  return { window, audience, refs }
}

describe('what is assembled for a client', () => {
  const mixed = [
    tradeEvent('AAPL', 231.45, 0.3),
    quoteEvent('AAPL', 231.5),
    STATUS,
    barEvent('MSFT', 402.1),
    tradeEvent('BRK.B', 480, 12),
    STATUS
  ]

  for (const format of [PLAIN, { ...PLAIN, batch: true }, PLAIN_BINARY]) {
    test(`is what its events are, ${JSON.stringify(format)}`, () => {
      const { window, audience, refs } = windowOf(mixed)
      for (let from = 0; from < refs.length; from++) {
        for (let to = from + 1; to <= refs.length; to++) {
          const expected = encodeEvents(refs.slice(from, to), format)
          for (const isPassing of [true, false]) {
            const piece = window.assemble(audience.events, from, to, format, isPassing)
            expect(piece.equals(expected), `${from} to ${to}`).toBe(true)
          }
        }
      }
    })
  }

  test('stays as it is while the client still reads it, however many others read too', () => {
    const { window, audience, refs } = windowOf(mixed)
    const pieces = Array.from({ length: ROOMS + 2 }, (_, client) => {
      const at = client % refs.length
      const piece = window.assemble(audience.events, at, at + 1, PLAIN, true)
      window.leave(piece, { isWriting: true })
      return { piece, expected: encodeEvents([refs[at]!], PLAIN) }
    })
    window.assemble(audience.events, 0, refs.length, PLAIN_BINARY, true)
    for (const { piece, expected } of pieces) expect(piece.equals(expected)).toBe(true)
    // Those who do read get theirs one after the other in the same memory.
    const [first, next] = [0, 1].map((at) => window.assemble(audience.events, at, at + 1, PLAIN, true))
    expect(next!.buffer).toBe(first!.buffer)
  })

  test('comes in pieces that hold every event once, however many waited', () => {
    const { window, audience, refs } = windowOf(
      Array.from({ length: MANY }, (_, at) => tradeEvent(`S${at % 7}`, at + 1, 1))
    )
    for (const format of [PLAIN, PLAIN_BINARY]) {
      for (let from = 0; from < audience.eventCount;) {
        const to = window.endOfPiece(audience.events, from, audience.eventCount, format)
        const piece = window.assemble(audience.events, from, to, format, true)
        expect(piece.length).toBeLessThanOrEqual(ROOM_BYTES)
        expect(piece.equals(encodeEvents(refs.slice(from, to), format))).toBe(true)
        from = to
      }
    }
  })
})

test('a burst that was delivered takes no memory while the market is quiet again', async () => {
  const window = new Window()
  const publish = (price: number): WeakRef<object> => {
    const { refs } = windowOf([tradeEvent('AAPL', price, 1)])
    const [ref] = refs
    window.add(ref!, ref!.stem, { text: 1, changes: 0, binary: 1 }, undefined)
    return new WeakRef(ref!.entry)
  }
  const burst = Array.from({ length: 20 }, (_, at) => publish(at + 1))
  for (let turn = 0; turn < 2; turn++) {
    window.turn()
    publish(100)
  }
  await expect
    .poll(() => {
      collectGarbage()
      return burst.filter((entry) => entry.deref()).length
    })
    .toBe(0)
})
