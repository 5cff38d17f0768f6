import { beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { commitCursor } from '../../db/log-cursors.ts'
import { dropPartitionsBefore, ensurePartitions } from '../../db/partitions.ts'
import { insertTicks, type TickReport } from '../../db/tick-writes.ts'
import type { StoredTick } from '../../db/ticks.ts'
import { parseInstantNs, type InstantNs } from '../../src/market/instant-ns.ts'
import type { Tick } from '../../src/market/tick.ts'
import type { Trade } from '../../src/market/trade.ts'
import { storesUnderTest } from './stores-under-test.ts'

const under = storesUnderTest()

beforeEach(() => under.database.sql`truncate ticks, log_cursors`)

const AAPL = 7
const at = (text: string): InstantNs => parseInstantNs(text)!
const DAY = { from: at('2026-11-30T00:00:00Z'), to: at('2026-12-01T00:00:00Z') }

function trade(over: Partial<Tick<Trade>> = {}): Tick<Trade> {
  return {
    symbol: 'AAPL',
    asOf: at('2026-11-30T14:30:00.123456789Z'),
    sequence: 1,
    tradeDate: '2026-11-30',
    price: 190.01,
    size: 0.3,
    venue: 'XNAS',
    tape: 'C',
    tradeId: '1',
    source: 'alpaca',
    feed: 'iex',
    receivedAt: Date.parse('2026-11-30T14:30:00.150Z'),
    ...over
  }
}
const reported = (over?: Partial<Tick<Trade>>): TickReport => ({ instrumentId: AAPL, kind: 'trade', tick: trade(over) })

/** Trades a microsecond apart, each with the nanoseconds of its number. */
const many = (count: number, over: Partial<Tick<Trade>> = {}) =>
  Array.from({ length: count }, (_, index) =>
    reported({
      asOf: { ms: DAY.from.ms + 1000 + Math.floor(index / 1000), ns: (index % 1000) * 1000 + (index % 1000) },
      sequence: index,
      tradeId: String(index),
      ...over
    })
  )

const insertInto = async ({ copyPool }: Pick<Database, 'copyPool'>, reports: TickReport[]) =>
  (await inCopyTransaction(copyPool, (tx) => insertTicks(tx, reports))).count
const insert = (...reports: TickReport[]) => insertInto(under.database, reports)
const range = (limit = 100) => under.stores.ticks.range(AAPL, { ...DAY, limit, all: false })
const prices = async () => (await range()).map(({ price }) => price)

test('a trade comes back to the nanosecond, with its fraction of a share, and without what it did not say', async () => {
  const full = trade({ conditions: ['@', 'I', 'ä"{},'], session: 'regular', fence: 3, tradeId: 'ü 7' })
  const bare = trade({ asOf: at('2026-11-30T14:30:00.123456790Z'), sequence: 2 ** 40, conditions: [] })
  delete bare.tradeId
  delete bare.venue
  delete bare.tape
  expect(
    await insert({ instrumentId: AAPL, kind: 'trade', tick: full }, { instrumentId: AAPL, kind: 'trade', tick: bare })
  ).toBe(2)
  const told = ({ receivedAt, ...tick }: Tick<Trade>, key: string) => ({
    ...tick,
    symbol: undefined,
    instrumentId: AAPL,
    kind: 'trade',
    key,
    receivedAt: new Date(receivedAt).toISOString()
  })
  expect(await range()).toEqual([told(full, 'id XNAS C ü 7'), told(bare, `sequence alpaca iex  ${2 ** 40}`)])
})

test('a trade that is told twice, in one batch, in two or by two feeds, is one trade', async () => {
  expect(await insert(reported(), reported({ sequence: 9 }))).toBe(1)
  expect(
    await insert(reported(), reported({ tradeId: '2' }), reported({ source: 'massive', feed: 'consolidated' }))
  ).toBe(1)
  expect(await insert(reported({ venue: 'XNYS' }), reported({ tradeDate: '2026-12-01' }))).toBe(2)
  expect(await range()).toHaveLength(4)
})

test('two processes that write the same trades double none', async () => {
  const other = createDatabase({ url: under.url })
  const reports = many(3000)
  const written = await Promise.all([under.database, other].map((database) => insertInto(database, reports)))
  await other.close()
  expect(written.toSorted((a, b) => a - b)).toEqual([0, 3000])
})

test('a price that is no number, or a size below nothing, is refused as the value at fault', async () => {
  await expect(insert(reported({ price: Number.NaN }))).rejects.toMatchObject({ constraint: 'ticks_price_finite' })
  await expect(insert(reported({ size: -1 }))).rejects.toMatchObject({ constraint: 'ticks_size' })
  expect(await range()).toEqual([])
})

describe('pages', () => {
  test('of trades of the same instants leave none out and tell none twice', async () => {
    const reports = many(2500).concat(many(2500, { asOf: at('2026-11-30T00:00:01.500Z'), venue: 'XNYS' }))
    await insert(...reports)
    const seen: StoredTick[] = []
    for (;;) {
      const after = seen.at(-1)
      const page = await under.stores.ticks.range(AAPL, { ...DAY, limit: 700, all: false, ...(after && { after }) })
      seen.push(...page)
      if (page.length < 700) break
    }
    expect(new Set(seen.map(({ key }) => key)).size).toBe(5000)
    const order = ({ asOf }: StoredTick) => (asOf.ms - DAY.from.ms) * 1e6 + asOf.ns
    expect(seen.every((tick, index) => index === 0 || order(seen[index - 1]!) <= order(tick))).toBe(true)
  })

  test('begin and end to the nanosecond', async () => {
    await insert(...many(3))
    const within = (from: number, to: number) =>
      under.stores.ticks.range(AAPL, {
        from: { ms: DAY.from.ms + 1000, ns: from },
        to: { ms: DAY.from.ms + 1000, ns: to },
        limit: 9,
        all: false
      })
    expect((await within(1001, 2002)).map(({ tradeId }) => tradeId)).toEqual(['1'])
    expect((await within(1002, 2003)).map(({ tradeId }) => tradeId)).toEqual(['2'])
  })
})

test('the newest trade is the newest over all days, by nanosecond and sequence', async () => {
  const { ticks } = under.stores
  expect(await ticks.latest(AAPL)).toBeUndefined()
  await insert(
    reported({ tradeId: 'a', asOf: at('2026-12-01T01:00:00.000000001Z'), tradeDate: '2026-12-01', sequence: 5 }),
    reported({ tradeId: 'b', asOf: at('2026-12-01T01:00:00.000000002Z'), tradeDate: '2026-12-01', sequence: 4 }),
    reported({ tradeId: 'c', asOf: at('2026-12-01T01:00:00.000000002Z'), tradeDate: '2026-12-01', sequence: 3 }),
    { ...reported({ tradeId: 'd', asOf: at('2026-12-02T01:00:00Z') }), instrumentId: 8 }
  )
  await insert(reported({ tradeId: 'e' }))
  expect((await ticks.latest(AAPL))?.tradeId).toBe('b')
})

describe('corrections and cancellations', () => {
  const { symbol: _, ...rest } = trade()
  const replaces = (tradeId: string) => ({ tradeDate: '2026-11-30', venue: 'XNAS', tape: 'C', tradeId })
  const correction = (of: string, over: Partial<Tick<Trade>>): TickReport => ({
    instrumentId: AAPL,
    kind: 'correction',
    tick: { ...trade({ asOf: at('2026-11-30T14:40:00.5Z'), sequence: 50, ...over }), replaces: replaces(of) }
  })
  const cancel = (of: string, asOf: string): TickReport => ({
    instrumentId: AAPL,
    kind: 'cancel',
    tick: {
      ...rest,
      symbol: 'AAPL',
      asOf: at(asOf),
      sequence: 60,
      tradeDate: '2026-12-01',
      replaces: replaces(of),
      reason: 'error'
    }
  })

  const orders: [string, (reports: TickReport[]) => TickReport[][]][] = [
    ['in one batch', (reports) => [reports]],
    ['in the order they happened', (reports) => reports.map((report) => [report])],
    ['twice', (reports) => [reports, reports]],
    ['the other way round', (reports) => reports.toReversed().map((report) => [report])]
  ]
  describe.each(orders)('told %s', (_order, batches) => {
    const tell = async (...reports: TickReport[]) => {
      for (const batch of batches(reports)) await insert(...batch)
    }

    test('a corrected trade counts once, as it is now right', async () => {
      await tell(reported(), correction('1', { price: 180, tradeId: '2' }))
      expect(await range()).toMatchObject([{ price: 180, kind: 'correction', tradeId: '2', replaces: 'id XNAS C 1' }])
    })

    test('a correction under the same id is corrected again', async () => {
      await tell(
        reported(),
        correction('1', { price: 180 }),
        correction('1', { price: 170, asOf: at('2026-11-30T15:00:00Z') })
      )
      expect(await prices()).toEqual([170])
    })

    test('a cancelled trade counts no more, and its neighbour does', async () => {
      await tell(reported(), reported({ tradeId: '9', price: 5 }), cancel('1', '2026-11-30T15:00:00Z'))
      expect(await prices()).toEqual([5])
      expect((await under.stores.ticks.latest(AAPL))?.price).toBe(5)
    })

    test('a corrected trade that is cancelled, by its old id or its new one, counts no more', async () => {
      await tell(reported(), correction('1', { price: 180, tradeId: '2' }), cancel('1', '2026-11-30T15:00:00Z'))
      await tell(
        reported({ tradeId: '5' }),
        correction('5', { price: 180, tradeId: '6' }),
        cancel('6', '2026-11-30T15:00:00Z')
      )
      expect(await prices()).toEqual([])
    })
  })

  test('a correction stands at the instant of the trade that it corrects', async () => {
    await insert(reported())
    await insert(correction('1', { price: 180, tradeId: '2' }))
    expect(await range()).toMatchObject([{ asOf: trade().asOf, correctedAt: at('2026-11-30T14:40:00.5Z') }])
  })
})

describe('with the cursor of the log in one transaction', () => {
  const cursors = () => under.stores.logCursors.of('persist')
  const persist = (position: string, ...reports: TickReport[]) =>
    inCopyTransaction(under.database.copyPool, async (tx) => {
      await insertTicks(tx, reports)
      await commitCursor(tx, { consumer: 'persist', shard: 2, position })
    })

  test('trades and cursor are kept both, or neither', async () => {
    expect(await cursors()).toEqual(new Map())
    await persist('1-5', reported())
    await persist('1-9', reported({ tradeId: '2' }))
    expect(await cursors()).toEqual(new Map([[2, '1-9']]))
    await expect(persist('2-0', reported({ tradeId: '3' }), reported({ tradeId: '4', size: -1 }))).rejects.toThrow()
    expect(await cursors()).toEqual(new Map([[2, '1-9']]))
    expect(await range()).toHaveLength(2)
  })
})

test('days of which no trade is kept are dropped whole, and trades of days without a partition with them', async () => {
  const { sql } = under.database
  const onDay = (tradeDate: string) => reported({ tradeDate, asOf: at(`${tradeDate}T15:00:00Z`) })
  await insert(onDay('2020-01-01'), onDay('2020-01-02'), onDay('2020-01-03'), onDay('2019-06-01'))
  await ensurePartitions(sql, 'ticks', Date.parse('2020-01-03T12:00:00Z'))
  const [moved] = await sql`select count(*)::int as count from ticks_2020_01_02`
  expect(moved).toEqual({ count: 1 })
  await insert(onDay('2020-01-02'))
  const dropped = await dropPartitionsBefore(sql, 'ticks', Date.parse('2020-01-03T00:00:00Z'))
  expect(dropped).toEqual(['ticks_2020_01_01', 'ticks_2020_01_02'])
  const left = await sql`select trade_date::text from ticks`
  expect(left).toEqual([{ trade_date: '2020-01-03' }])
})
