import { pino } from 'pino'
import { expect } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createLogLeaseStore } from '../../db/log-leases.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import type { StoredBbo } from '../../src/market/stored-bbo.ts'
import type { Trade } from '../../src/market/trade.ts'
import { createPersistStats } from '../../src/metrics/persist-gauges.ts'
import { ShardOwner } from '../../workers/persist/shard-owner.ts'
import type { History } from '../../src/streams/history.ts'
import type { Stage } from './stage.ts'

/** For histories: every instant belongs to its UTC day. */
export const placeOf = (_symbol: string, ms: number) => ({
  tradeDate: new Date(ms).toISOString().slice(0, 10),
  session: 'regular' as const
})

/** What a vendor's past has of a symbol in [from, until) is written down, with the bars that are made of it. */
export async function remember(
  stage: Stage,
  history: History,
  symbol: string,
  { from, until }: { from: number; until: number }
): Promise<void> {
  const way = history.ways('sandbox', symbol)[0]!
  const trades: Trade[] = []
  for (let page: string | undefined, first = true; first || page; first = false) {
    const request = { symbol, feed: 'sandbox', from, until, way, ...(page !== undefined && { page }) } as const
    const answer = await history.trades!(request, AbortSignal.timeout(5000))
    trades.push(...answer.items)
    page = answer.next
  }
  await history.close()
  await persist(stage, symbol, trades)
}

/** The best bids and offers of a symbol that its stream brought are written down, at least so many. */
export async function rememberedQuotes(stage: Stage, symbol: string, count = 5): Promise<readonly StoredBbo[]> {
  const { archive } = stage.api.core
  const stored = async () => {
    const instrument = await archive.instrument(symbol).catch(() => undefined)
    const range = { from: { ms: 0, ns: 0 }, to: { ms: Date.now() + 1, ns: 0 }, limit: 1000 }
    return instrument ? (await archive.bbo(instrument, range)).bbo : []
  }
  await writing(stage, () => expect.poll(async () => (await stored()).length).toBeGreaterThan(count))
  return stored()
}

async function persist(stage: Stage, symbol: string, trades: readonly Trade[]): Promise<void> {
  const { eventLog, archive } = stage.api.core
  const newest = async () => {
    const instrument = await archive.instrument(symbol).catch(() => undefined)
    return instrument && (await archive.latestTick(instrument))?.asOf
  }
  await writing(stage, async () => {
    await eventLog.append(trades.map((trade) => ({ type: 'trade', data: { symbol, trade, timestamp: trade.asOf } })))
    await expect.poll(newest).toBe(trades.at(-1)!.asOf)
  })
}

/** While something is waited for, all that the log holds is written down. */
async function writing({ api, world }: Stage, work: () => Promise<void>): Promise<void> {
  const { eventLog, intake } = api.core
  const database = createDatabase({ url: world.databaseUrl })
  const owner = new ShardOwner({
    leases: createLogLeaseStore(database),
    eventLog,
    intake,
    database,
    clock: new SessionClock(ALWAYS_OPEN),
    batchSize: 1000,
    batchMs: 20,
    keepsBbo: true,
    stats: createPersistStats(),
    log: pino({ level: 'silent' })
  })
  await work()
  await owner.close()
  await database.close()
}
