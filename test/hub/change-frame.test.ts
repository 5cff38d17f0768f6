import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeFrame } from '../../src/hub/change-frame.ts'
import { payloadStart } from '../../src/hub/format.ts'
import { parseCursor, stemOf } from '../../src/log/cursor.ts'
import { readEntry } from '../../src/log/entry.ts'
import { BEGINNING, endOf, outsideOf } from '../../src/log/entry-position.ts'
import type { Place } from '../../src/log/superseded.ts'
import type { QuoteUpdate } from '../../src/market/event.ts'
import type { PartOrigin } from '../../src/market/quote-provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import { anyQuote } from '../log/arbitrary-events.ts'
import { entryOf } from '../log/entries.ts'
import { runsOf } from '../support/depth.ts'

const EPOCH = 'abcdef012345'
const AT = '2026-11-30T15:30:00.000Z'
const PROVENANCE = { source: 'alpaca', feed: 'iex', receivedAt: AT, state: 'live' } as const
const FIELDS_THAT_STAY = ['symbol', 'price', 'asOf', 'provenance']

const placeOf = (...events: Parameters<typeof entryOf>[0]): Place => ({
  entry: readEntry({ shard: 0, idHigh: 1, idLow: 0 }, entryOf(events)),
  index: events.length - 1
})

const stemIn = ({ entry }: Place) => stemOf(entry, [{ epoch: EPOCH, at: outsideOf(endOf(0, BEGINNING)) }])

type Change = { symbol: string; changed: Record<string, unknown>; removed?: string[]; timestamp: string }

function changeOf(before: Place, after: Place): Change {
  const frame = changeFrame(before, after, stemIn(after))!
  const { type, data, cursor } = JSON.parse(frame.toString('utf8', payloadStart(frame.length)))
  const at = outsideOf({ shard: 0, idHigh: 1, idLow: 0, index: after.index })
  expect([type, parseCursor(cursor, 1)]).toEqual(['quote_update', [{ epoch: EPOCH, at }]])
  return data
}

/** What JSON has no word for comes as null, in every frame. */
const asSent = (quote: Quote) => JSON.parse(JSON.stringify(quote)) as Record<string, unknown>

/** The next quote of a symbol: most of its fields are as before. */
const twoQuotes = fc.tuple(anyQuote, anyQuote, fc.array(fc.nat(3), { minLength: 30, maxLength: 30 })).map(mixed)

function mixed([before, other, digits]: [QuoteUpdate, QuoteUpdate, number[]]): [QuoteUpdate, QuoteUpdate] {
  const fields = Object.entries({ ...other.data.quote, ...before.data.quote }).flatMap(([field, value], at) => {
    if (digits[at] === 0 && field !== 'symbol') return [[field, other.data.quote[field as keyof Quote]]]
    return digits[at] === 1 && !FIELDS_THAT_STAY.includes(field) ? [] : [[field, value]]
  })
  const quote = Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as Quote
  return [before, { ...before, data: { ...before.data, quote, timestamp: quote.asOf } }]
}

const canBeWritten = ({ data }: QuoteUpdate) => data.symbol.isWellFormed() && Buffer.byteLength(data.symbol) < 200

describe('a client that gets only what changed', () => {
  test('has every quote as it was sent, whatever changed', () => {
    fc.assert(
      fc.property(
        twoQuotes.filter(([before]) => canBeWritten(before)),
        ([before, after]) => {
          const { symbol, changed, removed = [], timestamp } = changeOf(placeOf(before), placeOf(before, after))
          const held: Record<string, unknown> = { ...asSent(before.data.quote), ...changed }
          for (const field of removed) delete held[field]
          expect(held).toEqual(asSent(after.data.quote))
          expect([symbol, timestamp]).toEqual([after.data.symbol, after.data.timestamp])
        }
      ),
      { numRuns: runsOf(800) }
    )
  })

  test('is not sent again what it has', () => {
    fc.assert(
      fc.property(anyQuote.filter(canBeWritten), (quote) => {
        const { changed, removed } = changeOf(placeOf(quote), placeOf(quote))
        expect([changed, removed]).toEqual([{}, undefined])
      }),
      { numRuns: runsOf(200) }
    )
  })

  test('hears of it where only a part of another vendor is newer, or gone', () => {
    const quote = (parts?: PartOrigin[]) => {
      const event = quoteEvent('AAPL', 1, {
        asOf: AT,
        provenance: { ...PROVENANCE, attempts: [], ...(parts && { parts }) }
      })
      return { event, place: placeOf(event) }
    }
    const part = (asOf: string) => quote([{ source: 'yahoo', feed: 'delayed', asOf, groups: ['day'] }])
    const [held, newer, gone] = [part(AT), part('2026-11-30T15:31:00.000Z'), quote()]
    expect(changeOf(held.place, part(AT).place).changed).toEqual({})
    for (const [before, after] of [
      [held, newer],
      [held, gone],
      [gone, held]
    ] as const) {
      const { changed, removed } = changeOf(before.place, after.place)
      expect(changed).toEqual({ provenance: after.event.data.quote.provenance })
      expect(removed).toBeUndefined()
    }
  })

  test('gets a whole frame where there is nothing to compare', () => {
    const trade = placeOf(tradeEvent('AAPL', 1, 100))
    expect(changeFrame(trade, trade, stemIn(trade))).toBeUndefined()
  })
})
