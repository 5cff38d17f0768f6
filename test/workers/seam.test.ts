import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createLogLeaseStore } from '../../db/log-leases.ts'
import { BUILT_INTERVALS, type BuiltInterval } from '../../src/bars/intervals.ts'
import { startText } from '../../src/bars/series-names.ts'
import type { Figures } from '../../src/bars/bar-change.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import type { StoredBarPage } from '../../src/market/stored-bar.ts'
import { tickOfShape } from '../../src/market/tick.ts'
import { isoOf } from '../../src/market/time.ts'
import type { Trade } from '../../src/market/trade.ts'
import { createPersistStats } from '../../src/metrics/persist-gauges.ts'
import { ShardOwner } from '../../workers/persist/shard-owner.ts'
import { plainBars } from '../bars/plain-bars.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { LiveClient } from '../support/live-client.ts'
import { tradeReport } from './trade-flow.ts'

const SYMBOLS = ['AAPL', 'MSFT']
/** Of event time, between two trades of all: a minute has some hundred and twenty. */
const STEP_MS = 500

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ WS_FRAMES_PER_SECOND: '1000' })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  token = (await api.login(['market:read', 'stream:read'])).token
})
afterAll(() => world.close())

function startPersist() {
  const database = createDatabase({ url: world.databaseUrl })
  const stats = createPersistStats()
  const owner = new ShardOwner({
    leases: createLogLeaseStore(database),
    eventLog: api.core.eventLog,
    intake: api.core.intake,
    database,
    clock: new SessionClock(ALWAYS_OPEN),
    batchSize: 50,
    batchMs: 20,
    keepsBbo: true,
    stats,
    log: pino({ level: 'silent' })
  })
  onTestFinished(async () => {
    await owner.close()
    await database.close()
  })
  return stats
}

const from = Math.floor(Date.now() / 60_000) * 60_000 - 30 * 60_000
function tradeAt(number: number): Trade {
  const asOf = isoOf(from + number * STEP_MS)
  return {
    symbol: SYMBOLS[number % SYMBOLS.length]!,
    asOf,
    sequence: number,
    tradeDate: asOf.slice(0, 10),
    session: 'regular',
    tape: 'C',
    source: 'alpaca',
    feed: 'iex',
    receivedAt: asOf,
    price: 100 + ((number * 7919) % 997) / 100,
    size: 1 + ((number * 31) % 5000) / 1000,
    venue: 'XNAS',
    conditions: ['@'],
    tradeId: String(number)
  }
}

type Held = Map<string, Figures>

/** What a client does that draws bars: it has those of one call, and adds the trades that come behind their cursor. */
function withTrades(bars: StoredBarPage['bars'], interval: BuiltInterval, trades: readonly Trade[]): Held {
  const held: Held = new Map(
    bars.map(({ start, open, high, low, close, volume = 0 }) => [start, { open, high, low, close, volume }])
  )
  for (const { interval: of, start, ...behind } of plainBars(trades.map((trade) => tickOfShape(trade)))) {
    if (of !== interval) continue
    const text = startText({ interval, start })
    const before = held.get(text)
    held.set(
      text,
      before
        ? {
            open: before.open,
            high: Math.max(before.high, behind.high),
            low: Math.min(before.low, behind.low),
            close: behind.close,
            volume: Math.round((before.volume + behind.volume) * 1000) / 1000
          }
        : behind
    )
  }
  return held
}

test('bars of one call and the trades behind their cursor are all trades that there were, each once', async () => {
  const stats = startPersist()
  const { port } = api.app.server.address() as AddressInfo
  const all: Trade[] = []
  const seams: { symbol: string; interval: BuiltInterval; page: StoredBarPage; client: LiveClient }[] = []
  const look = async (symbol: string, interval: BuiltInterval) => {
    const answer = await api.get(`/api/v1/bars/${symbol}?timeframe=${interval}&limit=5000`, token)
    const page = answer.json() as StoredBarPage
    const client = new LiveClient(`ws://127.0.0.1:${port}/api/v1/market/ws/stock-quotes?token=${token}`)
    await client.frame('welcome')
    client.subscribe([symbol], { stream: 'trades', since: page.cursor })
    seams.push({ symbol, interval, page, client })
  }
  for (let round = 0; round < 15; round++) {
    const trades = Array.from({ length: 40 }, (_, at) => tradeAt(round * 40 + at))
    all.push(...trades)
    // One by one, so that batches end anywhere.
    const appended = trades.map((trade) => api.core.eventLog.append([tradeReport(trade)]))
    if (round === 0) {
      await Promise.all(appended)
      await expect.poll(() => stats.ticks).toBeGreaterThan(0)
    }
    await look(SYMBOLS[round % SYMBOLS.length]!, BUILT_INTERVALS[round % BUILT_INTERVALS.length]!)
    await Promise.all(appended)
  }

  let replayed = 0
  for (const { symbol, interval, page, client } of seams) {
    const own = all.filter((trade) => trade.symbol === symbol)
    const tradesOf = () => client.ofType('trade').map(({ data }) => data['trade'] as Trade)
    await client.until(() => tradesOf().at(-1)?.tradeId === own.at(-1)!.tradeId, `the last trade of ${symbol}`)
    const behind = tradesOf()
    expect(client.ofType('gap')).toEqual([])
    replayed += behind.length
    const expected = withTrades([], interval, own)
    expect([symbol, interval, withTrades(page.bars, interval, behind)]).toEqual([symbol, interval, expected])
  }
  // Neither all of it in the bars, nor all of it behind the cursors.
  expect(replayed).toBeGreaterThan(0)
  expect(seams.some(({ page }) => page.bars.length > 0)).toBe(true)
})
