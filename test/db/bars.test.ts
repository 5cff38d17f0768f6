import postgres from 'postgres'
import { expect, onTestFinished, test } from 'vitest'
import { createBarReadStore } from '../../db/bar-reads.ts'
import type { BarRequest, BarSeries } from '../../src/market/bar.ts'
import { createStoredBars } from '../../src/market-data/stored-bars.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, series } from './values.ts'

const under = storesUnderTest()

function requestOf({ symbol, interval, adjusted }: BarSeries, from: string, to: string): BarRequest {
  return { symbol, interval, adjusted, from: Date.parse(from), to: Date.parse(to) }
}

const daily = (symbol: string, closes: Record<string, number>, over: Partial<BarSeries> = {}) =>
  series({
    symbol,
    bars: Object.entries(closes).map(([start, close]) => ({ start, open: close, high: close, low: close, close })),
    ...over
  })

const closesOf = (held: BarSeries | undefined) =>
  held && Object.fromEntries(held.bars.map(({ start, close }) => [start, close]))

test('a daily series comes back with its session dates, zone and currency, labelled stale', async () => {
  const given = series({ symbol: 'DAILY', currency: 'USD', timeZone: 'America/New_York' })
  await under.stores.bars.upsert(given)

  expect(await under.stores.bars.range(requestOf(given, '2024-03-04', '2024-03-06'))).toStrictEqual({
    ...given,
    provenance: provenance({ state: 'stale', notes: ['2 stored bars, 2024-03-04 to 2024-03-05'] })
  })
})

test.each(['America/Los_Angeles', 'Asia/Tokyo'])('session dates do not shift on a server in %s', async (zone) => {
  const before = process.env.TZ
  process.env.TZ = zone
  try {
    const given = series({ symbol: `TZ:${zone.length}` })
    await under.stores.bars.upsert(given)
    const held = await under.stores.bars.range(requestOf(given, '2024-03-05', '2024-03-06'))
    expect(held?.bars).toStrictEqual(given.bars.slice(1))
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
})

test('intraday bars come back digit by digit, from within the range only', async () => {
  const bars = Array.from({ length: 12_000 }, (_, index) => ({
    start: new Date(Date.parse('2024-01-31T00:00:00Z') + index * 60_000).toISOString(),
    open: index / 7,
    high: 1e4,
    low: -37.63,
    close: 0.1 + index / 1e8,
    ...(index % 2 === 0 && { volume: index })
  }))
  const given = series({ symbol: 'MINUTES', interval: '1m', bars })
  expect(await under.stores.bars.upsert(given)).toBe(12_000)

  const held = await under.stores.bars.range(requestOf(given, '2024-02-01T00:00:00Z', '2024-02-02T00:00:00Z'))
  expect(held?.bars).toStrictEqual(bars.slice(1440, 2880))
})

test('bars too old or too new for any partition are kept all the same', async () => {
  const bars = ['1999-12-31T23:59:00.000Z', '2199-01-01T00:00:00.000Z'].map((start) => ({
    start,
    open: 1,
    high: 1,
    low: 1,
    close: 1
  }))
  const given = series({ symbol: 'FAR', interval: '5m', bars })
  await under.stores.bars.upsert(given)
  const held = await under.stores.bars.range(requestOf(given, '1990-01-01', '2200-01-01'))
  expect(held?.bars).toStrictEqual(bars)
})

test('two providers are never spliced into one series: the one with more of the range answers', async () => {
  const yahoo = daily('SPLICE', { '2024-03-04': 10, '2024-03-05': 11, '2024-03-06': 12 })
  const fmp = daily('SPLICE', { '2024-03-06': 99, '2024-03-07': 98 }, { provenance: provenance({ source: 'fmp' }) })
  await under.stores.bars.upsert(yahoo)
  await under.stores.bars.upsert(fmp)

  const both = await under.stores.bars.range(requestOf(yahoo, '2024-03-01', '2024-03-31'))
  expect(both?.provenance.source).toBe('yahoo')
  expect(closesOf(both)).toEqual({ '2024-03-04': 10, '2024-03-05': 11, '2024-03-06': 12 })
  const late = await under.stores.bars.range(requestOf(yahoo, '2024-03-06', '2024-03-31'))
  expect(late?.provenance.source).toBe('fmp')
})

test('adjustments and intervals are kept apart', async () => {
  await under.stores.bars.upsert(daily('APART', { '2024-03-04': 10 }))
  await under.stores.bars.upsert(daily('APART', { '2024-03-04': 5 }, { adjusted: 'all' }))
  const weekly = daily('APART', {}, { interval: '1wk' })
  expect(await under.stores.bars.range(requestOf(weekly, '2024-03-01', '2024-03-31'))).toBeUndefined()
  const adjusted = daily('APART', {}, { adjusted: 'all' })
  const held = await under.stores.bars.range(requestOf(adjusted, '2024-03-01', '2024-03-31'))
  expect(closesOf(held)).toEqual({ '2024-03-04': 5 })
})

test('a bar received earlier never replaces one received later', async () => {
  const later = provenance({ receivedAt: '2024-03-06T00:00:00.000Z' })
  await under.stores.bars.upsert(daily('ORDER', { '2024-03-04': 2 }, { provenance: later }))
  expect(await under.stores.bars.upsert(daily('ORDER', { '2024-03-04': 1, '2024-03-01': 3 }))).toBe(1)
  const held = await under.stores.bars.range(requestOf(daily('ORDER', {}), '2024-03-01', '2024-03-31'))
  expect(closesOf(held)).toEqual({ '2024-03-01': 3, '2024-03-04': 2 })
})

const MARCH = { '2024-03-01': 400, '2024-03-04': 404, '2024-03-05': 408, '2024-03-06': 412 }
const AFTER_SPLIT = { '2024-03-04': 101, '2024-03-05': 102, '2024-03-06': 103, '2024-03-07': 104 }

test('after a split no bar of the old adjustment remains beside the new ones', async () => {
  const before = daily('SPLIT4', MARCH, { adjusted: 'splits' })
  const after = daily('SPLIT4', AFTER_SPLIT, {
    adjusted: 'splits',
    provenance: provenance({ receivedAt: '2024-03-08T00:00:00.000Z' })
  })
  await under.stores.bars.upsert(before)
  await under.stores.bars.upsert(after)
  const held = await under.stores.bars.range(requestOf(after, '2024-03-01', '2024-03-31'))
  expect(closesOf(held)).toEqual(AFTER_SPLIT)

  expect(await under.stores.bars.upsert(before)).toBe(0)
})

test('a correction of one bar costs no other bar', async () => {
  await under.stores.bars.upsert(daily('CORRECT', MARCH, { adjusted: 'splits' }))
  const correction = { '2024-03-04': 404, '2024-03-05': 409, '2024-03-06': 412.5, '2024-03-07': 413 }
  await under.stores.bars.upsert(daily('CORRECT', correction, { adjusted: 'splits' }))
  const held = await under.stores.bars.range(
    requestOf(daily('CORRECT', {}, { adjusted: 'splits' }), '2024-03-01', '2024-03-31')
  )
  expect(closesOf(held)).toEqual({ '2024-03-01': 400, ...correction })
})

test('bars received before a known split are not served as adjusted for it', async () => {
  const given = daily('KNOWN', MARCH, { adjusted: 'splits' })
  await under.stores.bars.upsert(given)
  await under.stores.corporateActions.replaceSplits({
    symbol: 'KNOWN',
    splits: [{ exDate: '2024-03-20', ratio: 4 }],
    provenance: provenance()
  })
  expect(await under.stores.bars.range(requestOf(given, '2024-03-01', '2024-03-31'))).toBeUndefined()

  const traded = daily('KNOWN', MARCH)
  await under.stores.bars.upsert(traded)
  expect(closesOf(await under.stores.bars.range(requestOf(traded, '2024-03-01', '2024-03-31')))).toEqual(MARCH)
})

test.each([3, 300])('an unfinished bar says so until its finished self replaces it (%i bars)', async (count) => {
  const startOf = (index: number) => new Date(Date.UTC(2024, 5, 3, 14) + index * 60_000).toISOString()
  const price = { open: 1, high: 1, low: 1, close: 1 }
  const bars = Array.from({ length: count }, (_, index) => ({ start: startOf(index), ...price }))
  const running = { ...bars.at(-1)!, complete: false as const }
  const received = (second: string) => provenance({ receivedAt: `2024-06-04T00:00:0${second}.000Z` })
  const given = series({ symbol: `RUN${count}`, interval: '1m', bars: [...bars.slice(0, -1), running] })
  const request = requestOf(given, '2024-06-03', '2024-06-04')

  await under.stores.bars.upsert({ ...given, provenance: received('1') })
  expect((await under.stores.bars.range(request))?.bars).toStrictEqual(given.bars)
  const finished = { ...bars.at(-1)!, high: 2, close: 2 }
  await under.stores.bars.upsert({ ...given, bars: [finished], provenance: received('2') })
  expect((await under.stores.bars.range(request))?.bars).toStrictEqual([...bars.slice(0, -1), finished])
})

test('an export reads each bar of a long range once, not the rest of the range again for each page', async () => {
  const first = Date.parse('2024-01-01T00:00:00Z')
  const bars = Array.from({ length: 12_000 }, (_, index) => ({
    start: new Date(first + index * 60_000).toISOString(),
    open: 1,
    high: 1,
    low: 1,
    close: 1
  }))
  await under.stores.bars.upsert(series({ symbol: 'LONG', interval: '1m', bars }))
  const instrument = (await under.stores.instruments.findAsOf(['LONG'], '2026-01-01')).get('LONG')!
  const sql = postgres(under.url, { max: 1 })
  onTestFinished(() => sql.end())
  const readsOf = async () => {
    await sql`select pg_stat_force_next_flush()`
    const [row] = await sql<{ reads: number }[]>`
      select (select sum(idx_tup_read) from pg_stat_user_indexes where relname like 'bars%')::float8
        + (select sum(seq_tup_read) from pg_stat_user_tables where relname like 'bars%')::float8 as reads`
    return row!.reads
  }
  const { inSnapshot } = createBarReadStore({ sql })
  const stored = createStoredBars({ inSnapshot, cursorOf: async () => undefined, hoursOf: () => undefined })
  const archived = { id: instrument.id, symbol: 'LONG', currentSymbol: 'LONG' }
  const range = { interval: '1m', adjusted: 'none', to: Date.now(), limit: 1000, countedFrom: 'oldest' } as const
  await sql`analyze bars`

  const before = await readsOf()
  let read = 0
  for (let from = first, named = {}, hasMore = true; hasMore;) {
    const page = await stored.page(archived, { ...range, ...named, from })
    read += page.bars.length
    hasMore = page.hasMore
    from = Date.parse(page.bars.at(-1)!.start) + 1
    named = { source: page.series!.provenance.source, feed: page.series!.provenance.feed }
  }
  expect(read).toBe(12_000)
  // Beside that, once for the count by which the series is chosen.
  expect((await readsOf()) - before).toBeLessThan(2.5 * 12_000)
})
