import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { dropPartitionsBefore, ensurePartitions } from '../../db/partitions.ts'
import { createStores, type Stores } from '../../db/stores.ts'
import type { BarSeries } from '../../src/market/bar.ts'
import { testDatabase, type TestDatabase } from '../support/services.ts'
import { series } from './values.ts'

const ROUNDS = 30
const HOUR_MS = 3_600_000
/** Over the size from which bars are copied: such a write looks at what is held first. */
const HOURS = 250

let server: TestDatabase
/** Two processes: one that writes and reads bars, one that looks after the tables. */
let worker: Database
let keeper: Database
let stores: Stores

beforeAll(async () => {
  server = await testDatabase()
  worker = createDatabase({ url: server.url })
  keeper = createDatabase({ url: server.url })
  stores = createStores(worker)
})
afterAll(async () => {
  await Promise.all([worker.close(), keeper.close()])
  await server.close()
})

/** Bars by the hour from the first instant of a month. */
function hourly(symbol: string, month: number): BarSeries {
  const bars = Array.from({ length: HOURS }, (_, hour) => ({
    start: new Date(month + hour * HOUR_MS).toISOString(),
    open: 1,
    high: 1,
    low: 1,
    close: 1
  }))
  return series({ symbol, interval: '1h', bars })
}

/** Writes one series after another into a month, and reads each, until told to stop; returns how many were whole. */
async function writeBars(name: string, month: number, isOver: () => boolean): Promise<number> {
  let whole = 0
  for (let turn = 0; turn === 0 || !isOver(); turn++) {
    const given = hourly(`${name}-${turn % 3}`, month)
    await stores.bars.upsert(given)
    const held = await stores.bars.range({ ...given, from: month, to: month + HOURS * HOUR_MS })
    if (held?.bars.length === HOURS) whole++
    else throw new Error(`${held?.bars.length} bars of ${given.symbol} are held`)
  }
  return whole
}

describe('while bars are written and read', () => {
  async function duringWrites(round: number, month: number, work: () => Promise<unknown>): Promise<void> {
    let isOver = false
    const writers = [1, 2, 3].map((each) => writeBars(`R${round}W${each}`, month, () => isOver))
    const kept = work().finally(() => (isOver = true))
    const outcomes = await Promise.allSettled([kept, ...writers])
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
  }

  test('making the partition of their month costs no writer its bars', { timeout: 120_000 }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const month = Date.UTC(1980 + round, 5)
      await duringWrites(round, month, () => ensurePartitions(keeper.sql, 'bars', month, month))
    }
  })

  test('dropping old partitions costs no writer its bars', { timeout: 120_000 }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const month = Date.UTC(1940 + round, 5)
      await ensurePartitions(keeper.sql, 'bars', month, month)
      const after = Date.UTC(1940 + round, 9)
      await duringWrites(round, Date.UTC(2040, 0), () => dropPartitionsBefore(keeper.sql, 'bars', after))
    }
  })
})

test('a write of bars that is under way when an old partition is dropped succeeds, and so does the drop', async () => {
  const month = Date.UTC(1930, 5)
  await ensurePartitions(keeper.sql, 'bars', month, month)
  const waiting = () => keeper.sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  const outcomes = await keeper.sql.begin(async (tx) => {
    await tx`lock table bars in access share mode`
    const drop = dropPartitionsBefore(keeper.sql, 'bars', Date.UTC(1930, 9))
    await expect.poll(waiting).toHaveLength(1)
    const write = stores.bars.upsert(hourly('UNDERWAY', Date.UTC(2040, 0)))
    await expect.poll(waiting).toHaveLength(2)
    return { settled: Promise.allSettled([drop, write]) }
  })
  expect((await outcomes.settled).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
})
