import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createLogLeaseStore } from '../../db/log-leases.ts'
import { createIntake } from '../../src/intake/intake.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import type { HaltUpdate, MarketEvent, TradeBackfill } from '../../src/market/event.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { HOUR_MS, isoOf, MINUTE_MS } from '../../src/market/time.ts'
import { createPersistStats } from '../../src/metrics/persist-gauges.ts'
import { ShardOwner } from '../../workers/persist/shard-owner.ts'
import { storesUnderTest } from '../db/stores-under-test.ts'
import { shippedHours } from '../support/hours.ts'
import { startLive, testLog } from '../support/live-server.ts'

const SILENT = pino({ level: 'silent' })
const under = storesUnderTest()

test('a trade that is fetched later corrects its bars, says so, and is not told as one that happens now; halts are kept', async () => {
  const { url, log } = await testLog()
  const { database, stores } = under
  const live = (await startLive(url, { log })).connect()
  await live.frame('welcome')
  live.subscribe(['AAPL'], { stream: 'bars.1m' })
  live.subscribe(['AAPL'], { stream: 'trades' })
  await live.frame('subscribed', 1)
  const owner = new ShardOwner({
    leases: createLogLeaseStore(database),
    eventLog: log,
    database,
    intake: createIntake({
      eventLog: log,
      log: SILENT,
      record: () => undefined,
      quoteIntervalMs: 200,
      hoursOf: shippedHours
    }),
    clock: new SessionClock(ALWAYS_OPEN),
    batchSize: 500,
    batchMs: 20,
    keepsBbo: true,
    stats: createPersistStats(),
    log: SILENT
  })
  onTestFinished(() => owner.close())

  const minute = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS
  const trade = (ms: number, tradeId: string, price: number) => ({
    symbol: 'AAPL',
    price,
    size: 100,
    asOf: isoOf(ms),
    sequence: Number(tradeId),
    tradeDate: isoOf(ms).slice(0, 10),
    session: 'regular' as const,
    tradeId,
    source: 'alpaca',
    feed: 'iex' as const,
    receivedAt: isoOf(Date.now())
  })
  const told = (ms: number, tradeId: string, price: number): MarketEvent => {
    const data = trade(ms, tradeId, price)
    return { type: 'trade', data: { symbol: 'AAPL', trade: data, timestamp: data.asOf } }
  }
  const barsOfMinute = () =>
    live.ofType('bar_update').filter(({ data }) => (data['bar'] as { start: string }).start === isoOf(minute))
  await log.append([told(minute + 1000, '1', 100), told(minute + 30 * MINUTE_MS, '3', 102), told(Date.now(), '4', 103)])
  await live.until(() => barsOfMinute().some(({ data }) => data['state'] === 'final'), 'a final bar')

  const missed = trade(minute + 20_000, '2', 101)
  const backfill: TradeBackfill = {
    type: 'trade_backfill',
    data: { symbol: 'AAPL', trade: missed, timestamp: missed.asOf }
  }
  const { price: _, size: __, tradeId: ___, ...stamp } = missed
  const halt: HaltUpdate = {
    type: 'halt',
    data: { symbol: 'AAPL', halt: { ...stamp, status: 'halted', reasonCode: 'T1' }, timestamp: missed.asOf }
  }
  const band: HaltUpdate = { type: 'halt', data: { ...halt.data, halt: { ...stamp, limitUp: 110, limitDown: 90 } } }
  const bboOf = (bid: number): MarketEvent => ({
    type: 'bbo',
    data: { symbol: 'AAPL', bbo: { ...stamp, bid, bidSize: 3, ask: 101 }, timestamp: missed.asOf }
  })
  await log.append([backfill, backfill, halt, band, bboOf(100), bboOf(Number.NaN)])
  await live.until(() => barsOfMinute().some(({ data }) => data['state'] === 'corrected'), 'a corrected bar')
  expect(barsOfMinute().at(-1)!.data).toMatchObject({
    bar: { open: 100, close: 101, volume: 200 },
    revision: 1,
    reason: 'missing trades were backfilled',
    provenance: { source: 'alpaca-trades', feed: 'iex' }
  })
  expect(live.ofType('trade').map(({ data }) => (data['trade'] as { tradeId: string }).tradeId)).toEqual([
    '1',
    '3',
    '4'
  ])
  const id = (await stores.instruments.find(['AAPL'])).get('AAPL')!.id
  expect(
    await stores.halts.range(id, { from: { ms: minute, ns: 0 }, to: { ms: minute + HOUR_MS, ns: 0 }, limit: 10 })
  ).toMatchObject([{ status: 'halted', reasonCode: 'T1', source: 'alpaca', feed: 'iex', tradeDate: missed.tradeDate }])
  const quoted = await stores.bbo.range(id, {
    from: { ms: minute, ns: 0 },
    to: { ms: minute + HOUR_MS, ns: 0 },
    limit: 10
  })
  expect(quoted).toMatchObject([{ bid: 100, bidSize: 3, ask: 101, source: 'alpaca', feed: 'iex' }])
})
