import { describe, expect, test } from 'vitest'
import { recordEvent } from '../../src/intake/event-records.ts'
import { createIntake } from '../../src/intake/intake.ts'
import type { LogEntry } from '../../src/log/log-entry.ts'
import { beginningOf } from '../../src/log/positions.ts'
import { quoteUpdate, type BboUpdate, type MarketEvent, type TradeReport } from '../../src/market/event.ts'
import type { Quote } from '../../src/market/quote.ts'
import { quoteOf, tradeEvent } from '../support/events.ts'
import { shippedHours } from '../support/hours.ts'
import { testLog } from '../support/live-server.ts'

const NOON = '2026-11-27T17:00:00'
const quiet = { debug: () => undefined }

async function openIntake() {
  const { log } = await testLog()
  const recorded: Quote[] = []
  const quote = (each: Quote) => void recorded.push(each)
  const recorder = { quote, streamedQuote: quote, snapshot() {}, sentiment() {} }
  const intake = createIntake({
    eventLog: log,
    log: quiet,
    record: (event) => recordEvent(event, recorder),
    // What ticks make of a quote is told when the intake closes.
    quoteIntervalMs: 60_000,
    hoursOf: shippedHours
  })
  const accept = async (event: MarketEvent) => {
    const verdict = intake.accept(event)
    if (verdict.outcome === 'accepted') await verdict.appended
    return verdict
  }
  const inLog = async () => {
    const entries = await log.read(beginningOf(0), 100)
    return entries.reduce((sum: number, { count }: LogEntry) => sum + count, 0)
  }
  return { intake, accept, recorded, inLog }
}

function told(price: number, asOf: string, provenance: Partial<Quote['provenance']> = {}): MarketEvent {
  const quote = quoteOf('AAPL', price, { asOf })
  return quoteUpdate({ ...quote, provenance: { ...quote.provenance, ...provenance } })
}

function bbo(bid: number | undefined, ask: number | undefined): BboUpdate {
  const { trade } = tradeEvent('AAPL', 100, 1).data
  const { symbol, asOf, sequence, tradeDate, source, feed, receivedAt } = trade
  const sides = { ...(bid !== undefined && { bid, bidSize: 100 }), ...(ask !== undefined && { ask, askSize: 100 }) }
  const tick = { symbol, asOf, sequence, tradeDate, source, feed, receivedAt, ...sides }
  return { type: 'bbo', data: { symbol, timestamp: asOf, bbo: tick } }
}

test('a poll that comes behind a newer price reaches nobody', async () => {
  const { intake, accept, recorded, inLog } = await openIntake()
  expect(await accept(told(100, `${NOON}Z`))).toMatchObject({ outcome: 'accepted' })
  expect(await accept(told(99, '2026-11-27T16:45:00Z'))).toEqual({ outcome: 'superseded' })
  expect(await accept(told(101, `${NOON}.000000001Z`))).toMatchObject({ outcome: 'accepted' })
  expect(recorded.map(({ price }) => price)).toEqual([100, 101])
  expect(await inLog()).toBe(2)
  expect(intake.stats).toEqual({ accepted: 2, superseded: 1, refused: 0 })
})

test('a poll does not take the place of what a stream told of the same instant', async () => {
  const { accept } = await openIntake()
  await accept(told(100, `${NOON}Z`, { delivery: 'stream' }))
  expect(await accept(told(99.9, `${NOON}Z`, { source: 'fmp' }))).toEqual({ outcome: 'superseded' })
})

test('that a value is stale is told, and not written down as a new value', async () => {
  const { accept, recorded, inLog } = await openIntake()
  await accept(told(100, `${NOON}Z`, { receivedAt: `${NOON}Z` }))
  await accept(told(100, `${NOON}Z`, { receivedAt: `${NOON}Z`, state: 'stale' }))
  expect(await inLog()).toBe(2)
  expect(recorded.map(({ provenance }) => provenance.state)).toEqual(['live'])
})

describe('a tick', () => {
  test('of a part of a share is a trade like any other', async () => {
    const { accept, inLog } = await openIntake()
    expect(await accept(tradeEvent('AAPL', 231.4, 0.3))).toMatchObject({ outcome: 'accepted' })
    expect(await inLog()).toBe(1)
  })

  const trade = (symbol: string, price: number, size: number): TradeReport => tradeEvent(symbol, price, size)
  test.each<[string, MarketEvent, string]>([
    ['of a price of zero', trade('AAPL', 0, 10), 'price-not-positive'],
    ['of a price that is no number', trade('AAPL', Number.NaN, 10), 'price-not-positive'],
    ['of a share below zero', trade('AAPL', -1, 10), 'price-not-positive'],
    ['of no shares', trade('AAPL', 100, 0), 'size-not-positive'],
    ['of endless shares', trade('AAPL', 100, Infinity), 'size-not-positive'],
    ['that is a crossed market', bbo(101, 100), 'crossed-market']
  ])('%s is refused, with the reason', async (_what, event, rule) => {
    const { intake, accept, recorded, inLog } = await openIntake()
    expect(await accept(event)).toMatchObject({ outcome: 'refused', rule, reason: expect.any(String) as string })
    expect([await inLog(), recorded.length, intake.stats.refused]).toEqual([0, 0, 1])
  })

  test.each<[string, MarketEvent]>([
    ['of oil below zero', trade('CL=F', -37.63, 1)],
    ['that is a locked market', bbo(100, 100)],
    ['that is one side of a market', bbo(undefined, 100)]
  ])('%s enters', async (_what, event) => {
    const { accept } = await openIntake()
    expect(await accept(event)).toMatchObject({ outcome: 'accepted' })
  })
})

test('of a frame, what cannot be or is too large for the log keeps no other trade out', async () => {
  const { intake, inLog } = await openIntake()
  const huge = tradeEvent('AAPL', 100, 1)
  huge.data.trade.conditions = ['x'.repeat(5 * 2 ** 20)]
  const frame = [tradeEvent('AAPL', 100, 1), huge, tradeEvent('AAPL', -1, 1), tradeEvent('MSFT', 100, 1)]
  const { outcomes, appended } = intake.acceptAll(frame)
  expect(outcomes).toEqual(['accepted', 'accepted', 'refused', 'accepted'])
  await expect(appended).rejects.toThrow('too large')
  // With a quote of each symbol.
  intake.close()
  await expect.poll(inLog).toBe(4)
})

test("a vendor's snapshot beside its ticks is not told as streamed, nor a value of an index after hours as live", async () => {
  const { intake, recorded } = await openIntake()
  const index = quoteOf('^NSEI', 25_000, { kind: 'index', asOf: `${NOON}Z` })
  const provenance: Quote['provenance'] = { ...index.provenance, delivery: 'stream', state: 'closed' }
  const { outcomes, appended } = intake.acceptAll([told(100, `${NOON}Z`), quoteUpdate({ ...index, provenance })])
  expect(outcomes).toEqual(['accepted', 'accepted'])
  await appended
  expect(recorded).toMatchObject([{ symbol: 'AAPL', price: 100 }])
  expect(recorded[0]!.provenance.delivery).toBeUndefined()
  intake.close()
  expect(recorded.slice(1)).toMatchObject([
    { symbol: '^NSEI', kind: 'index', marketState: 'closed', provenance: { delivery: 'stream', state: 'closed' } }
  ])
})
