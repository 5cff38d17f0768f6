import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { noteBarsToTell } from '../../db/bar-outbox.ts'
import { createDatabase } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { createLogLeaseStore } from '../../db/log-leases.ts'
import { createStores } from '../../db/stores.ts'
import type { EventLog } from '../../src/log/log.ts'
import type { MarketEvent } from '../../src/market/event.ts'
import { isoOf } from '../../src/market/time.ts'
import type { Trade } from '../../src/market/trade.ts'
import { barEvent, tradeEvent } from '../support/events.ts'
import { openLog, startLive, testLog } from '../support/live-server.ts'
import { privateRedis } from '../log/redis-door.ts'
import { storesUnderTest } from '../db/stores-under-test.ts'
import { BarFollower, toldBarsIn } from './bar-follower.ts'
import { persist } from './persist-in-process.ts'
import { startRealPersist } from './process.ts'
import { freshDatabase, standingIn, standingOf } from './standing-trades.ts'
import { barsIn, barsOf } from './stored-bars.ts'
import { TradeFlow, tradeReport } from './trade-flow.ts'

const PATIENCE = { timeout: 40_000, interval: 100 }

const under = storesUnderTest()

const difference = (some: readonly string[], others: readonly string[]) => [
  ...some.filter((line) => !others.includes(line)),
  ...others.filter((line) => !some.includes(line))
]

async function append(log: EventLog, events: readonly MarketEvent[]): Promise<void> {
  await log.room()
  await log.append(events)
}

describe('what the log holds', () => {
  test(
    'is in Postgres once, and who follows its bars has those of Postgres, although both processes that write it are killed in between',
    { timeout: 90_000 },
    async () => {
      const [database, { url, log }] = await Promise.all([freshDatabase(), testLog({ shards: 4 })])
      const symbols = ['AAPL', 'MSFT', 'IBM', 'F', 'T', 'GE', 'BAC', 'KO']
      const env = {
        MARKET: 'sandbox',
        DATABASE_URL: database.url,
        REDIS_URL: url,
        LOG_SHARDS: '4',
        BATCH_MS: '20',
        BATCH_SIZE: '300'
      }
      const start = async () => {
        const started = await startRealPersist(env)
        onTestFinished(() => started.kill())
        return started
      }
      const shardsOf = async ({ url: monitor }: { url: string }) =>
        Number(/^quotewire_persist_shards (\d+)/m.exec(await (await fetch(`${monitor}/metrics`)).text())?.[1])
      const live = await startLive(url, { log })
      const [constant, resuming] = [new BarFollower(live, symbols), new BarFollower(live, symbols)]
      await Promise.all([constant.subscribe(), resuming.subscribe()])
      const flow = new TradeFlow(symbols)
      const flowed = new AbortController()
      const flowing = (async () => {
        while (!flowed.signal.aborted) {
          await append(log, flow.next(25))
          await new Promise((resolve) => setTimeout(resolve, 25))
        }
      })()
      const written = async () => Number((await database.sql`select count(*) from ticks`)[0]!['count'])
      const [first, second] = await Promise.all([start(), start()])
      await expect.poll(() => Promise.all([shardsOf(first), shardsOf(second)]), PATIENCE).toEqual([2, 2])
      expect(await (await fetch(`${first.url}/api/health`)).json()).toMatchObject({ status: 'ok' })
      const before = await written()
      await expect.poll(written, PATIENCE).toBeGreaterThan(before + 200)
      await first.kill()
      resuming.leave()
      await expect.poll(() => shardsOf(second), PATIENCE).toBe(4)
      await second.kill()
      await resuming.subscribe()
      const third = await start()
      await expect.poll(() => shardsOf(third), PATIENCE).toBe(4)
      flowed.abort()
      await flowing
      await expect.poll(() => standingIn(database), PATIENCE).toEqual(standingOf(flow.standing.values()))
      await expect.poll(() => barsIn(database, 'iex'), PATIENCE).toEqual(barsOf(flow.standing.values()))
      const told = () => toldBarsIn(database)
      await expect.poll(async () => difference(constant.bars, await told()), PATIENCE).toEqual([])
      await expect.poll(async () => difference(resuming.bars, await told()), PATIENCE).toEqual([])
      expect(constant.repetitions).toBe(0)
      expect((await told()).filter((line) => line.includes('corrected')).length).toBeGreaterThan(0)
      expect(await third.stop()).toBe(0)
      expect((await database.sql`select from bar_outbox`).length).toBe(0)
      expect((await database.sql`select from gaps`).length).toBe(0)
    }
  )

  test('is told of bars although who wrote them died before it told anybody', async () => {
    const [database, { url, log }] = await Promise.all([freshDatabase(), testLog()])
    const client = (await startLive(url, { log })).connect()
    await client.frame('welcome')
    client.subscribe(['AAPL'], { stream: 'bars.1m' })
    await client.frame('subscribed')
    const { data } = barEvent('AAPL', 100)
    await inCopyTransaction(database.copyPool, (tx) => noteBarsToTell(tx, 0, [data]))
    await persist(database, log).close()
    expect((await client.frame('bar_update')).data).toEqual(data)
    // Whoever was there before can have told it as well.
    await log.append([{ type: 'bar_update', data }, barEvent('AAPL', 101)])
    await client.frame('bar_update', 1)
    expect(client.ofType('bar_update').map(({ data: { bar } }) => bar)).toMatchObject([{ close: 100 }, { close: 101 }])
  })

  test('waits while Postgres is away, and is written when it is back', { timeout: 90_000 }, async () => {
    const [database, { log }] = await Promise.all([freshDatabase(), testLog()])
    const door = await openDoor(database.url)
    const behind = createDatabase({ url: door.url })
    onTestFinished(() => behind.close())
    const { stats } = persist(behind, log)
    const flow = new TradeFlow(['AAPL', 'MSFT'])
    await append(log, flow.next(200))
    await expect.poll(() => standingIn(database), PATIENCE).toEqual(standingOf(flow.standing.values()))
    door.shut()
    await append(log, flow.next(2000))
    await expect.poll(() => stats.awaySince, PATIENCE).toBeDefined()
    door.open()
    await append(log, flow.next(200))
    await expect.poll(() => standingIn(database), PATIENCE).toEqual(standingOf(flow.standing.values()))
    await expect.poll(() => barsIn(database, 'iex'), PATIENCE).toEqual(barsOf(flow.standing.values()))
    expect(stats.awaySince).toBeUndefined()
  })

  test('is noted as lost where it was trimmed before it was written, and what follows is written', async () => {
    const [database, { url, log }] = await Promise.all([freshDatabase(), testLog()])
    const before = persist(database, log)
    const flow = new TradeFlow(['AAPL'])
    const began = Date.now()
    await append(log, flow.next(50))
    await expect.poll(() => before.stats.ticks, PATIENCE).toBeGreaterThan(40)
    await before.close()
    await append(log, flow.next(50))
    const redis = new Redis(url)
    onTestFinished(() => redis.disconnect())
    await redis.xtrim('log:1:{0}', 'MAXLEN', 0)
    const after = new TradeFlow(['MSFT'])
    await append(log, after.next(50))
    const { stats } = persist(database, log)
    await expect.poll(() => stats.ticks, PATIENCE).toBeGreaterThan(40)
    const gaps = await database.sql`select source, feed, reason, state, from_at, until_at from gaps`
    expect(gaps).toMatchObject([{ source: 'alpaca', feed: 'iex', reason: 'log_lost', state: 'open' }])
    expect(Number(new Date(gaps[0]!['from_at'] as string))).toBeGreaterThanOrEqual(began)
    expect(Number(new Date(gaps[0]!['until_at'] as string))).toBeLessThanOrEqual(Date.now())
  })

  test('is noted as lost, with the time when it came, where the log was put back before it was written', async () => {
    const [database, server] = await Promise.all([freshDatabase(), privateRedis()])
    const admin = new Redis(server.directUrl())
    onTestFinished(() => admin.disconnect())
    const producer = await openLog(server.directUrl())
    const { stats } = persist(database, await openLog(server.url))
    const [flow, lost] = [new TradeFlow(['AAPL']), new TradeFlow(['MSFT'])]
    await append(producer, flow.next(50))
    await expect.poll(() => stats.ticks, PATIENCE).toBeGreaterThan(40)
    const before = await admin.dumpBuffer('log:1:{0}')
    const putBackTo = Date.now()
    await expect.poll(() => Date.now() - putBackTo).toBeGreaterThan(100)
    server.door.treat('swallow answers')
    const lostFrom = Date.now()
    await append(producer, lost.next(10))
    const lostUntil = Date.now()
    await admin.restore('log:1:{0}', 0, before, 'REPLACE')
    server.door.cut()
    await append(producer, flow.next(50))
    const gaps = () => database.sql<{ from_at: Date; until_at: Date }[]>`select from_at, until_at from gaps`
    await expect.poll(gaps, PATIENCE).toHaveLength(1)
    const [gap] = await gaps()
    expect(Number(new Date(gap!.from_at))).toBeLessThanOrEqual(lostFrom)
    expect(Number(new Date(gap!.until_at))).toBeGreaterThanOrEqual(lostUntil)
    await expect.poll(() => stats.ticks, PATIENCE).toBeGreaterThan(90)
    expect(await gaps()).toHaveLength(1)
  })

  test('that cannot be is put into quarantine, and keeps nothing else out', async () => {
    const [database, { url, log }] = await Promise.all([freshDatabase(), testLog()])
    const redis = new Redis(url)
    onTestFinished(() => redis.disconnect())
    const good = tradeEvent('AAPL', 100, 0.3)
    const spoiled = (spoil: object): MarketEvent => {
      const event = structuredClone(good)
      Object.assign(event.data.trade, spoil)
      return event
    }
    await redis.xadd('log:1:{0}', '*', 'somebody', 'else')
    await append(log, [
      good,
      spoiled({ price: Number.MAX_VALUE * 2, tradeId: '1' }),
      spoiled({ size: 0, tradeId: '2' }),
      spoiled({ size: -1, tradeId: '3' }),
      spoiled({ price: -1, tradeId: '4' }),
      spoiled({ asOf: 'yesterday', tradeId: '5' }),
      spoiled({ asOf: isoOf(Date.now() + 3_600_000), tradeId: '6' }),
      spoiled({ tradeDate: '2020-01-01', tradeId: '7' }),
      spoiled({ tradeId: 'a\0b' }),
      spoiled({ sequence: -1, tradeId: '8' }),
      spoiled({ feed: 'hearsay', tradeId: '10' }),
      {
        ...barEvent('AAPL', 5),
        data: { ...barEvent('AAPL', 5).data, bar: { ...barEvent('AAPL', 5).data.bar, high: 1 } }
      },
      barEvent('AAPL', 50),
      spoiled({ tradeId: 'last', size: 0.001 })
    ])
    const { stats } = persist(database, log)
    await expect.poll(() => stats.ticks, PATIENCE).toBe(2)
    expect(stats.refused).toBe(11)
    const sizes = await database.sql`select size from ticks order by size`
    expect(sizes.map(({ size }) => Number(size))).toEqual([0.001, 0.3])
    const rules = (await createStores(database).quarantine.list({ limit: 50 })).map(({ rule }) => rule)
    expect(rules).toHaveLength(11)
    expect(rules).toContain('in-the-future')
    const told =
      await database.sql`select close from bars join bar_series on bar_series.id = series_id where source = 'sandbox'`
    expect(told.map(({ close }) => Number(close))).toEqual([50])
  })
})

describe('what Postgres refuses', () => {
  const FOUL = 'A\0B'
  const { symbol: _, price: __, size: ___, ...stamp } = tradeEvent('MSFT', 1, 1).data.trade
  const bboOf = (symbol: string): MarketEvent => ({
    type: 'bbo',
    data: { symbol, bbo: { symbol, ...stamp, bid: 100, ask: 101 }, timestamp: stamp.asOf }
  })
  const haltOf = (symbol: string): MarketEvent => ({
    type: 'halt',
    data: { symbol, halt: { symbol, ...stamp, status: 'halted' }, timestamp: stamp.asOf }
  })

  test('of trades, best bids and offers, halts and bars keeps nothing else from being written', async () => {
    const [database, { log }] = await Promise.all([freshDatabase(), testLog()])
    await append(log, [
      tradeEvent(FOUL, 1, 1),
      barEvent(FOUL, 50),
      bboOf(FOUL),
      haltOf(FOUL),
      bboOf('MSFT'),
      haltOf('MSFT')
    ])
    const { stats } = persist(database, log)
    await expect.poll(() => stats.refused, PATIENCE).toBe(4)
    expect(stats.bbo).toBe(1)
    expect(await database.sql`select status from halts`).toHaveLength(1)
    const rules = (await createStores(database).quarantine.list({ limit: 50 })).map(({ rule }) => rule)
    expect(rules).toEqual(Array<string>(4).fill('refused-by-postgres'))
  })
})

describe('a bar', () => {
  test('is final, then corrected by what comes late or is cancelled, and goes with its last trade; what it said is kept', async () => {
    const [database, { log }] = await Promise.all([freshDatabase(), testLog()])
    persist(database, log)
    const minute = Math.floor(Date.now() / 60_000) * 60_000 - 1_800_000
    const at = (offsetMs: number, price: number, tradeId: string): Trade => ({
      symbol: 'AAPL',
      asOf: isoOf(minute + offsetMs),
      sequence: 1,
      tradeDate: isoOf(minute).slice(0, 10),
      source: 'alpaca',
      feed: 'iex',
      receivedAt: isoOf(minute + offsetMs),
      price,
      size: 1,
      tradeId
    })
    const cancel = ({ symbol, tradeDate, tradeId, asOf, source, feed, receivedAt }: Trade): MarketEvent => {
      const replaces = { tradeDate, tradeId: tradeId! }
      const told = { symbol, asOf, sequence: 9, tradeDate, source, feed, receivedAt, replaces }
      return { type: 'trade_cancel', data: { symbol, cancel: told, timestamp: asOf } }
    }
    const held = async () =>
      (
        await database.sql`
          select state, revision, reason, high::float8 as high from bars join bar_series on bar_series.id = series_id
          where interval = '1m' and start = ${isoOf(minute)}::text::timestamptz`
      ).map((row) => ({ ...row }))
    await append(log, [at(1000, 10, '1'), at(120_000, 11, '2')].map(tradeReport))
    await expect.poll(held, PATIENCE).toEqual([{ state: 'final', revision: 0, reason: null, high: 10 }])
    await append(log, [tradeReport(at(2000, 12, '3'))])
    const late = { state: 'corrected', revision: 1, reason: 'a trade was reported late', high: 12 }
    await expect.poll(held, PATIENCE).toEqual([late])
    await append(log, [cancel(at(2000, 12, '3'))])
    await expect
      .poll(held, PATIENCE)
      .toEqual([{ state: 'corrected', revision: 2, reason: 'a trade was cancelled', high: 10 }])
    await append(log, [cancel(at(1000, 10, '1'))])
    await expect.poll(held, PATIENCE).toEqual([])
    const revisions = await database.sql`
      select revision, high::float8 as high from bar_revisions join bar_series on bar_series.id = series_id
      where interval = '1m' order by revision`
    expect(revisions.map((row) => ({ ...row }))).toEqual([
      { revision: 0, high: 10 },
      { revision: 1, high: 12 },
      { revision: 2, high: 10 }
    ])
  })
})

test('a process that lost its lease while it stood still writes nothing more', async () => {
  const [database, { url, log }] = await Promise.all([freshDatabase(), testLog()])
  const stalled = persist(database, log)
  const flow = new TradeFlow(['AAPL', 'MSFT'])
  await append(log, flow.next(100))
  await expect.poll(() => stalled.stats.ticks, PATIENCE).toBeGreaterThan(80)
  // As if others had waited for it too long.
  await database.sql`update log_leases set owner = 'another', fence = fence + 1, held_until = now() + interval '1 hour'`
  const before = stalled.stats.ticks
  await append(log, flow.next(100))
  await expect.poll(() => stalled.stats.shards, PATIENCE).toBe(0)
  expect(stalled.stats.ticks).toBe(before)
  await database.sql`update log_leases set held_until = now()`
  const { stats } = persist(database, await openLog(url))
  await expect.poll(() => standingIn(database), PATIENCE).toEqual(standingOf(flow.standing.values()))
  expect(stats.ticks + stalled.stats.ticks).toBeGreaterThan(190)
})

test('processes share the shards evenly, and nobody has one that another holds', async () => {
  const leases = createLogLeaseStore(under.database)
  const claim = (owner: string) => leases.claim({ consumer: 'test', owner, shards: 5, ttlMs: 60_000 })
  expect((await claim('a')).leases.map(({ shard }) => shard)).toEqual([0, 1, 2, 3, 4])
  expect(await claim('b')).toEqual({ leases: [], share: 3 })
  const { leases: held, share } = await claim('a')
  for (const lease of held.slice(share)) await leases.release(lease)
  const taken = (await claim('b')).leases
  expect(taken.map(({ shard, fence }) => [shard, fence])).toEqual([
    [3, 2],
    [4, 2]
  ])
  expect((await claim('a')).leases.map(({ shard }) => shard)).toEqual([0, 1, 2])
  await leases.leave('test', 'a')
  for (const lease of held) await leases.release(lease)
  expect((await claim('b')).leases).toHaveLength(5)
})

/** A way to Postgres that can be shut: then connections are cut, and new ones refused. */
async function openDoor(databaseUrl: string) {
  const to = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let isOpen = true
  const server = createServer((client) => {
    if (!isOpen) {
      client.destroy()
      return
    }
    const upstream = connect(Number(to.port), to.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.pipe(upstream).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    server.close()
    cut()
  })
  const url = new URL(databaseUrl)
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    shut() {
      isOpen = false
      cut()
    },
    open: () => void (isOpen = true)
  }
}
