import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '../../src/market/time.ts'
import { massive } from '../../src/streams/massive/feed.ts'
import { GapWriter } from '../../workers/ingest/gap-writer.ts'
import { LateJoins } from '../../workers/ingest/late-joins.ts'
import { storesUnderTest } from '../db/stores-under-test.ts'
import { testRedis } from '../support/services.ts'

const SILENT = pino({ level: 'silent' })
const OPEN = Date.UTC(2026, 10, 30, 14, 30)
const under = storesUnderTest()

const feedOf = (isDelayed: boolean) =>
  massive({
    market: 'stocks',
    isDelayed,
    apiKey: () => 'key',
    placeOf: () => ({ tradeDate: '2026-11-30', session: undefined })
  })
const topics = (...symbols: string[]) => new Set(symbols.map((symbol) => `trades:${symbol}`))

test('what a symbol misses before it is asked for, or in between, stands in the ledger; what its connection misses is not told twice', async () => {
  const redis = await testRedis()
  onTestFinished(() => redis.close())
  let now = OPEN + HOUR_MS
  const owner = () => {
    const gaps = new GapWriter({ gaps: under.stores.gaps, instruments: under.stores.instruments, log: SILENT })
    const joins = new LateJoins({
      redis: redis.redis,
      log: SILENT,
      name: 'massive/stocks',
      gaps,
      sessionStart: (symbol, instant) => (symbol === 'CLOSED' || instant < OPEN ? undefined : OPEN),
      now: () => now
    })
    const settled = async () => {
      await joins.close()
      await gaps.close()
    }
    return { joins, settled }
  }
  const ledger = async () =>
    (
      await under.database.sql<{ symbol: string; feed: string; from: Date; until: Date }[]>`
        select symbol, feed, from_at as "from", until_at as until from gaps
        join instruments on instruments.id = instrument_id where reason = 'joined_late' order by gaps.id`
    ).map(({ symbol, feed, from, until }) => {
      const minute = (at: Date) => (new Date(at).getTime() - OPEN) / MINUTE_MS
      return `${symbol} ${feed} ${minute(from)} ${minute(until)}`
    })
  const [live, delayed] = [feedOf(false), feedOf(true)]
  const first = owner()
  first.joins.planned(topics('AAPL', 'CLOSED'), live)
  first.joins.carrying(topics('AAPL', 'CLOSED'), live)
  await first.settled()
  expect(await ledger()).toEqual(['AAPL consolidated 0 60'])

  now += 10 * MINUTE_MS
  first.joins.carrying(topics(), live)
  first.joins.carrying(topics('AAPL', 'CLOSED'), live)
  first.joins.planned(topics('CLOSED'), live)
  await first.settled()
  expect(await ledger()).toHaveLength(1)
  now += 5 * MINUTE_MS
  first.joins.planned(topics('AAPL', 'CLOSED'), live)
  first.joins.carrying(topics('AAPL', 'CLOSED'), live)
  await first.settled()
  expect(await ledger()).toEqual(['AAPL consolidated 0 60', 'AAPL consolidated 70 75'])

  const second = owner()
  second.joins.planned(topics('AAPL'), live)
  second.joins.carrying(topics('AAPL'), live)
  await second.settled()
  expect(await ledger()).toHaveLength(2)

  now += 15 * MINUTE_MS
  second.joins.planned(topics('AAPL'), { ...delayed, name: 'massive/delayed' })
  second.joins.carrying(topics('AAPL'), { ...delayed, name: 'massive/delayed' })
  await second.settled()
  expect((await ledger()).slice(2)).toEqual(['AAPL delayed 0 75'])
})
