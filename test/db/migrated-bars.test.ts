import { expect, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { migrate } from '../../db/migrate.ts'
import { createStores } from '../../db/stores.ts'
import { createEmptyDatabase, dropDatabase, migrateUpTo } from './older-database.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { quote } from './values.ts'

const under = storesUnderTest()

test('bars, option chains and fundamentals of the version before are kept, and say what they are', async () => {
  const url = await createEmptyDatabase(under.url, under.database.sql)
  const fresh = createDatabase({ url })
  await migrateUpTo(fresh, '0009_one_country')
  const { sql } = fresh
  const told = (feed: string, receivedAt: string) => sql.json({ ...quote().provenance, feed, receivedAt })
  await sql`insert into bar_series (symbol, interval, adjusted, source, received_at, provenance) values
    ('OLD', '1d', 'none', 'yahoo', '2026-11-25', ${told('composite', '2026-11-25T00:00:00.000Z')}),
    ('OLD', '1h', 'none', 'tiingo', '2026-11-25', ${told('iex', '2026-11-25T00:00:00.000Z')})`
  await sql`insert into daily_bars (series_id, start, open, high, low, close, complete, received_at)
    select id, day, 1, 2, 0.5, 1.5, complete, '2026-11-25' from bar_series,
      (values ('2026-11-24'::date, null), ('2026-11-25', false)) as days (day, complete) where interval = '1d'`
  await sql`insert into bars (series_id, start, open, high, low, close, received_at)
    select id, '2026-11-24T15:00:00Z', 1, 2, 0.5, 1.5, '2026-11-25' from bar_series where interval = '1h'`
  await sql`insert into market_snapshots (kind, at, source, value) values
    ('options:AAPL 2026-12-18', '2026-11-24', 'yahoo', ${sql.json({ is: 'older' })}),
    ('options:AAPL 2026-12-18', '2026-11-25', 'yahoo',
      ${sql.json({ is: 'newest', provenance: { receivedAt: '2026-11-25T20:00:00.000Z' } })}),
    ('fundamentals:AAPL', '2026-11-20', 'fmp', ${sql.json({ is: 'alone' })}),
    ('indices', '2026-11-25', 'yahoo', ${sql.json({ indices: [] })})`
  await migrate(url, 'sandbox')

  const { bars, lastGood, marketHistory } = createStores(fresh)
  const range = { symbol: 'OLD', adjusted: 'none', from: 0, to: Date.now() } as const
  const daily = (await bars.range({ ...range, interval: '1d' }))!.bars
  expect(daily.map(({ start, complete }) => [start, complete])).toEqual([
    ['2026-11-24', undefined],
    ['2026-11-25', false]
  ])
  expect((await bars.range({ ...range, interval: '1h' }))?.provenance.feed).toBe('iex')
  const states =
    await sql`select feed, state, revision from bar_series join daily_bars on id = series_id order by start`
  expect(states).toEqual([
    { feed: 'composite', state: 'final', revision: 0 },
    { feed: 'composite', state: 'provisional', revision: 0 }
  ])
  expect(await lastGood.find('options:AAPL 2026-12-18')).toMatchObject({ is: 'newest' })
  expect(await lastGood.find('fundamentals:AAPL')).toEqual({ is: 'alone' })
  const held = await sql`select key, bytes, received_at from last_good order by key desc`
  expect(held[0]).toMatchObject({ bytes: 74, received_at: new Date('2026-11-25T20:00:00Z') })
  const [left] = await sql`select array_agg(kind) as kinds from market_snapshots`
  expect(left).toEqual({ kinds: ['indices'] })
  expect(await marketHistory.snapshots('indices', 2)).toHaveLength(1)
  await fresh.close()
  await dropDatabase(url, under.database.sql)
})
