import * as fc from 'fast-check'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { inCopyTransaction } from '../../db/copy.ts'
import { getTableColumns } from '../../db/drizzle.ts'
import { isValueAtFault } from '../../db/failures.ts'
import { dailyBars } from '../../db/schema/market-data.ts'
import type { Bar, BarRequest, BarSeries } from '../../src/market/bar.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, series } from './values.ts'
import { runsOf } from '../support/depth.ts'

const under = storesUnderTest()

const LATER = '2024-03-06T00:00:00.000Z'

const FINAL = { state: 'final', revision: 0, reason: null } as const

type Row = typeof dailyBars.$inferInsert

let seriesId: number

beforeEach(async () => {
  await under.database.sql`truncate daily_bars, bars, bar_revisions, bar_series`
  const [row] = await under.database.sql<{ id: number }[]>`
    with instrument as (
      insert into instruments (symbol) values ('COPY') on conflict (symbol) do update set name = 'Copy' returning id
    )
    insert into bar_series (instrument_id, interval, adjusted, source, feed, received_at, provenance)
    select id, '1d', 'none', 'yahoo', 'composite', now(), '{}' from instrument returning id::float8 as id`
  seriesId = row!.id
})

const copy = (rows: Row[]) => inCopyTransaction(under.database.copyPool, (tx) => tx.copy(dailyBars, rows))

/** A row of the day that is so many after 1990-01-01, whose prices are all the same. */
function rowOf(day: number, price = 1): Row {
  const start = new Date(Date.UTC(1990, 0, 1 + day)).toISOString().slice(0, 10)
  return {
    seriesId,
    start,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: null,
    ...FINAL,
    receivedAt: LATER
  }
}
const rowsOf = (count: number) => Array.from({ length: count }, (_, day) => rowOf(day))

async function held(): Promise<number> {
  const [row] = await under.database.sql<{ count: number }[]>`select count(*)::int as count from daily_bars`
  return row!.count
}

test('numbers, days and instants come back as they were, and Postgres shows numbers as it would from their text', async () => {
  const figures = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.integer().map((cents) => cents / 100)
  )
  const instants = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  const edges = [0, 1e21, 123456789012345680000, 5e-324, 1.7e-7, 9999, 10_000, 0.0001, 0.00001, -37.63, 2 ** 53]
  const drawn = fc.sample(fc.record({ figure: figures, instant: instants }), { numRuns: runsOf(4000), seed: 1 })
  const given = [...edges.map((figure) => ({ figure, instant: new Date(-1) })), ...drawn].map(
    ({ figure, instant }, index) => ({
      ...rowOf(index - 10_000, figure + 0),
      receivedAt: instant.toISOString()
    })
  )
  await copy(given)

  const { toldAt: _, ...copied } = getTableColumns(dailyBars)
  expect(await under.database.db.select(copied).from(dailyBars).orderBy(dailyBars.start)).toEqual(given)
  const [shown] = await under.database.sql<{ different: number }[]>`
    select count(*)::int as different
    from daily_bars join unnest(
      ${given.map(({ start }) => start)}::text[]::date[], ${given.map(({ open }) => String(open))}::text[]
    ) as texts (day, text) on day = start where open::text <> text::numeric::text`
  expect(shown).toEqual({ different: 0 })
})

test('what is no value of its column is refused before Postgres sees it', async () => {
  for (const bad of [{ start: '2024-02-30' }, { start: 'soon' }, { receivedAt: 'noon' }]) {
    const failure: unknown = await copy([...rowsOf(20_000), { ...rowOf(0), ...bad }]).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'RangeError', message: expect.stringContaining(Object.values(bad)[0]) })
    expect(isValueAtFault(failure)).toBe(true)
  }
  expect(await held()).toBe(0)
})

describe('a COPY that Postgres refuses settles, says why, and leaves nothing behind', () => {
  const cases: [string, number, number][] = [
    ['for its first row, while thousands follow', 0, 150_000],
    ['for its last row, when all are sent', 1000, 0],
    ['for the last of many', 60_000, 0]
  ]
  test.each(cases)('%s', async (_what, before, after) => {
    const rows = rowsOf(before + 1 + after)
    rows[before]!.low = 2
    const failure: unknown = await copy(rows).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: '23514', constraint: 'daily_bars_range' })
    expect(isValueAtFault(failure)).toBe(true)
    expect(await held()).toBe(0)
    expect(await copy(rowsOf(1000))).toBe(1000)
  })

  test('for a column that is not there', async () => {
    await under.database.sql`alter table daily_bars rename volume to size`
    await expect(copy(rowsOf(3))).rejects.toMatchObject({ code: '42703' })
    await under.database.sql`alter table daily_bars rename size to volume`
  })

  /** Takes hold of a COPY when all of its rows were sent, until the test is over. */
  async function afterRows(body: string): Promise<void> {
    await under.database.sql.unsafe(`
      create function copied() returns trigger language plpgsql as $$ begin ${body} return null; end $$;
      create trigger copied after insert on daily_bars for each statement execute function copied()`)
    onTestFinished(async () => {
      await under.database.sql`drop function copied cascade`
    })
  }

  test('for a disk that is full: it is no fault of the rows, which are worth another try', async () => {
    await afterRows("raise exception 'no space left on device' using errcode = '53100';")
    const failure: unknown = await copy(rowsOf(5000)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: '53100' })
    expect(isValueAtFault(failure)).toBe(false)
    expect(await held()).toBe(0)
  })

  test('for a statement that takes too long', async () => {
    await afterRows('perform pg_sleep(20);')
    const impatient = inCopyTransaction(under.database.copyPool, async (tx) => {
      await tx.query('set local statement_timeout = 200')
      return tx.copy(dailyBars, rowsOf(5000))
    })
    await expect(impatient).rejects.toMatchObject({ code: '57014' })
    expect(await held()).toBe(0)
  })

  test('for a connection that is lost in the middle', async () => {
    await afterRows('perform pg_sleep(20);')
    const failure = expect(copy(rowsOf(5000))).rejects.toMatchObject({ code: '57P01' })
    const end = async () => {
      const ended = await under.database.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event = 'PgSleep'`
      expect(ended).toHaveLength(1)
    }
    await vi.waitFor(end, { timeout: 10_000 })
    await failure
    expect(await held()).toBe(0)
  })
})

describe('a first load of history', () => {
  const minutes = (count: number, over: Partial<Bar> = {}): Bar[] =>
    Array.from({ length: count }, (_, index) => ({
      start: new Date(Date.parse('2024-01-31T00:00:00Z') + index * 60_000).toISOString(),
      open: index / 7,
      high: 1e4,
      low: -37.63,
      close: 0.1 + index / 1e8,
      ...over
    }))
  const everything = ({ symbol, interval, adjusted }: BarSeries): BarRequest => {
    return { symbol, interval, adjusted, from: 0, to: Date.parse('2030-01-01') }
  }

  test('is written by two processes at once, and nothing is doubled', async () => {
    const { bars } = under.stores
    const given = series({ symbol: 'TWICE', interval: '1m', bars: minutes(3000) })
    const written = await Promise.all([bars.upsert(given), bars.upsert(given), bars.upsert(given)])
    expect(written).toEqual([3000, 3000, 3000])
    expect((await bars.range(everything(given)))?.bars).toStrictEqual(given.bars)
  })

  test('joins what is held before and after it, and goes over what is held within', async () => {
    const { bars } = under.stores
    const all = minutes(4000)
    const given = series({ symbol: 'JOIN', interval: '1m', bars: all })
    await bars.upsert({ ...given, bars: all.slice(0, 500) })
    await bars.upsert({ ...given, bars: all.slice(3000) })
    expect(await bars.upsert({ ...given, bars: all.slice(500, 3000) })).toBe(2500)
    expect((await bars.range(everything(given)))?.bars).toStrictEqual(all)

    const newer = provenance({ receivedAt: LATER })
    const corrected = minutes(4000, { close: 5, volume: 7 })
    await bars.upsert({ ...given, bars: corrected, provenance: newer })
    expect(await bars.upsert(given)).toBe(0)
    expect((await bars.range(everything(given)))?.bars).toStrictEqual(corrected)
  })

  test('is written once, although the recorder brings again what a job has written', async () => {
    const { bars } = under.stores
    const given = series({ symbol: 'AGAIN', interval: '1m', bars: minutes(1000) })
    const rewritten = async () => {
      const [row] = await under.database.sql<{ count: number }[]>`
        select count(*)::int as count from bars
        where series_id = (
          select bar_series.id from bar_series join instruments on instruments.id = instrument_id where symbol = 'AGAIN'
        ) and bars.xmin::text::bigint <> (select min(xmin::text::bigint) from bars as own where own.series_id = bars.series_id)`
      return row!.count
    }
    expect(await bars.upsert(given)).toBe(1000)
    expect(await bars.upsert(given)).toBe(1000)
    expect(await rewritten()).toBe(0)
    await bars.upsert({ ...given, bars: given.bars.slice(0, 300), provenance: provenance({ receivedAt: LATER }) })
    expect(await rewritten()).toBe(300)
  })

  test('that holds one impossible bar is refused whole, as the one at fault', async () => {
    const given = series({ symbol: 'BADBAR', interval: '1m', bars: [...minutes(999), ...minutes(1, { high: -50 })] })
    given.bars[999]!.start = '2025-01-01T00:00:00.000Z'
    const failure = await under.stores.bars.upsert(given).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: '23514' })
    expect(isValueAtFault(failure)).toBe(true)
    expect(await under.stores.bars.range(everything(given))).toBeUndefined()
  })
})
