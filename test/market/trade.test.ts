import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Compile } from 'typebox/compile'
import { shapeOfTick, tickOfShape } from '../../src/market/tick.ts'
import { replacedTradeKey, tradeKey } from '../../src/market/trade-key.ts'
import { Trade, type TradeCancel } from '../../src/market/trade.ts'
import { runsOf } from '../support/depth.ts'

const valid = Compile(Trade)

/** Few values of each, so that two trades often differ in one of them. */
const trades = fc.record(
  {
    symbol: fc.constant('AAPL'),
    asOf: fc.constantFrom('2026-11-30T14:30:00.123456789Z', '2026-11-30T14:30:00.123Z'),
    sequence: fc.nat({ max: 3 }),
    fence: fc.nat({ max: 2 }),
    tradeDate: fc.constantFrom('2026-11-30', '2026-12-01'),
    tape: fc.constantFrom('C', 'N'),
    source: fc.constantFrom('alpaca', 'massive'),
    feed: fc.constantFrom('consolidated' as const, 'iex' as const),
    receivedAt: fc.constant('2026-11-30T14:30:00.200Z'),
    price: fc.constant(231.45),
    size: fc.constantFrom(0.3, 100),
    venue: fc.constantFrom('XNAS', 'FINN'),
    tradeId: fc.constantFrom('1', '2', '1 N 2', 'sequence')
  },
  { requiredKeys: ['symbol', 'asOf', 'sequence', 'tradeDate', 'source', 'feed', 'receivedAt', 'price', 'size'] }
)

const identityOf = ({ tradeDate, venue, tape, tradeId, source, feed, fence, sequence }: Trade) =>
  JSON.stringify(
    tradeId === undefined ? [tradeDate, source, feed, fence, sequence] : [tradeDate, venue, tape, tradeId, 'id']
  )

describe('trades', () => {
  test('are the same where their identity is, and only there', () => {
    fc.assert(
      fc.property(trades, trades, (a, b) => {
        expect(valid.Check(a)).toBe(true)
        expect(tradeKey('AAPL', a) === tradeKey('AAPL', b)).toBe(identityOf(a) === identityOf(b))
      }),
      { numRuns: runsOf(1000) }
    )
  })

  test('of two instruments are never the same', () => {
    fc.assert(fc.property(trades, (trade) => tradeKey(1, trade) !== tradeKey(11, trade)))
  })

  test('that are cancelled are found by what the cancellation names', () => {
    fc.assert(
      fc.property(trades, (trade) => {
        const { tradeDate, venue, tape, tradeId, fence, sequence, ...told } = trade
        const replaces = Object.fromEntries(
          Object.entries({ tradeDate, venue, tape, tradeId, fence, sequence }).filter(
            ([, value]) => value !== undefined
          )
        ) as TradeCancel['replaces']
        const cancel: TradeCancel = { ...told, sequence: 99, tradeDate: '2026-12-02', replaces }
        expect(replacedTradeKey('AAPL', cancel)).toBe(tradeKey('AAPL', trade))
      })
    )
  })

  test('keep their nanoseconds and parts of a share from the outside to the inside and back', () => {
    fc.assert(
      fc.property(trades, (trade) => {
        expect(shapeOfTick(tickOfShape(trade))).toEqual(trade)
      })
    )
    const tick = tickOfShape<Trade>({
      symbol: 'AAPL',
      asOf: '2026-11-30T14:30:00.123456789Z',
      sequence: 4,
      tradeDate: '2026-11-30',
      source: 'alpaca',
      feed: 'consolidated',
      receivedAt: '2026-11-30T14:30:00.200Z',
      price: 231.45,
      size: 0.3
    })
    expect(tick).toMatchObject({ asOf: { ms: Date.parse('2026-11-30T14:30:00.123Z'), ns: 456789 }, size: 0.3 })
  })

  test('whose instant cannot be read are refused', () => {
    const [trade] = fc.sample(trades, 1)
    expect(() => tickOfShape({ ...trade!, asOf: 'yesterday' })).toThrow(RangeError)
  })
})
