import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { pricePointsOf } from '../../db/market-history.ts'
import { claimMarket, migrate, WrongMarketError } from '../../db/migrate.ts'
import { dropPartitionsBefore, ensurePartitions } from '../../db/partitions.ts'
import { createStores } from '../../db/stores.ts'
import { testDatabase, type TestDatabase } from '../support/services.ts'
import { createEmptyDatabase, dropDatabase, migrateUpTo } from './older-database.ts'
import { quote, series } from './values.ts'
import { loadConfig } from '../../src/config/config.ts'
import { keptSince } from '../../db/retention.ts'
import { BARE_ENV } from '../support/processes.ts'

let server: TestDatabase
let database: Database

beforeAll(async () => {
  server = await testDatabase()
  database = createDatabase({ url: server.url })
})
afterAll(async () => {
  await database.close()
  await server.close()
})

const emptyDatabase = () => createEmptyDatabase(server.url, database.sql)
const drop = (url: string) => dropDatabase(url, database.sql)

describe('migrate', () => {
  test('three processes that start at once on an empty database all succeed', async () => {
    const url = await emptyDatabase()
    await Promise.all([1, 2, 3].map(() => migrate(url, 'sandbox')))
    const fresh = createDatabase({ url })
    const [row] = await fresh.sql`select market, count(*) over () as count from installation`
    expect(row).toMatchObject({ market: 'sandbox', count: '1' })
    await fresh.close()
    await drop(url)
  })

  test('users whose names look alike already keep them, and the oldest one its name to itself', async () => {
    const url = await emptyDatabase()
    const old = createDatabase({ url })
    await migrateUpTo(old, '0005_kinds_and_mics')
    await old.sql`insert into users (name, created_at) values
      ('Desk.', '2024-01-02'), ('desk', '2024-01-01'), ('other', '2024-01-03')`
    await migrate(url, 'sandbox')
    const { users } = createStores(old)
    expect((await users.list(10, '')).map(({ name }) => name).toSorted()).toEqual(['Desk.', 'desk', 'other'])
    expect((await users.findByName('DESK'))?.name).toBe('desk')
    expect((await users.findByName('Desk.'))?.name).toBe('Desk.')
    expect(await users.createUser({ name: 'DESK' })).toBeUndefined()
    await old.close()
    await drop(url)
  })

  test('a database of simulated prices is refused to the live market, and left as it was', async () => {
    const url = await emptyDatabase()
    await migrate(url, 'sandbox')
    await expect(migrate(url, 'live')).rejects.toThrow(WrongMarketError)
    await expect(migrate(url, 'live')).rejects.toThrow(/holds the sandbox market, and MARKET is live/)
    await migrate(url, 'sandbox')
    await drop(url)
  })

  test('a process on a database that was never migrated is told what to do', async () => {
    const url = await emptyDatabase()
    const fresh = createDatabase({ url })
    await expect(claimMarket(fresh.sql, 'live')).rejects.toThrow('run `node bin/run.mjs src/commands/migrate.ts` first')
    await fresh.close()
    await drop(url)
  })

  test('a database of the version before keeps its quotes, without the counts that cannot be', async () => {
    const url = await emptyDatabase()
    const fresh = createDatabase({ url })
    await migrateUpTo(fresh, '0002_jobs')
    const { price, asOf, provenance } = quote()
    const row = { price, as_of: asOf, received_at: provenance.receivedAt, provenance: fresh.sql.json(provenance) }
    await fresh.sql`insert into quotes_latest ${fresh.sql([
      { ...row, symbol: 'BOTH', bid_size: -1, ask_size: 300 },
      { ...row, symbol: 'NONE', bid_size: null, ask_size: null }
    ])}`
    await createStores(fresh).marketHistory.addPrices(pricePointsOf(quote({ symbol: 'BOTH', volume: -1 })))
    await migrate(url, 'sandbox')

    const held = await createStores(fresh).quotes.latest(['BOTH', 'NONE'])
    expect(held.get('BOTH')).toStrictEqual(quote({ symbol: 'BOTH', askSize: 300 }))
    expect(held.get('NONE')).toStrictEqual(quote({ symbol: 'NONE' }))
    const [point] = await createStores(fresh).marketHistory.prices('BOTH', 0, Date.now(), 10)
    expect(point).toMatchObject({ price: 170.12 })
    expect(point).not.toHaveProperty('volume')
    await fresh.close()
    await drop(url)
  })

  test('profiles of the version before tell their kind by the one list that quotes and searches use', async () => {
    const url = await emptyDatabase()
    const fresh = createDatabase({ url })
    await migrateUpTo(fresh, '0004_partition_lock_order')
    const { provenance } = quote()
    const row = { received_at: provenance.receivedAt, provenance: fresh.sql.json(provenance) }
    await fresh.sql`insert into profiles ${fresh.sql([
      { ...row, symbol: 'EURUSD=X', kind: 'currency' },
      { ...row, symbol: 'ABCD.W', kind: 'warrant' },
      { ...row, symbol: 'SPY', kind: 'etf' }
    ])}`
    await migrate(url, 'sandbox')

    const kindOf = async (symbol: string) => (await createStores(fresh).profiles.find(symbol))?.kind
    expect(await Promise.all(['EURUSD=X', 'ABCD.W', 'SPY'].map(kindOf))).toEqual(['fx', 'other', 'etf'])
    await fresh.close()
    await drop(url)
  })

  test('what quotes, profiles and lists told of instruments before stays known', async () => {
    const url = await emptyDatabase()
    const fresh = createDatabase({ url })
    await migrateUpTo(fresh, '0009_one_country')
    const { provenance, asOf } = quote()
    const row = { received_at: provenance.receivedAt, provenance: fresh.sql.json(provenance) }
    await fresh.sql`insert into quotes_latest ${fresh.sql([
      { ...row, symbol: 'AAA', price: 1, as_of: asOf, name: 'Quoted', mic: null, exchange: 'AMEX', kind: null },
      { ...row, symbol: 'BBB', price: 1, as_of: asOf, name: null, mic: null, exchange: null, kind: 'etf' }
    ])}`
    await fresh.sql`insert into profiles ${fresh.sql([
      { ...row, symbol: 'AAA', name: 'Profiled', mic: 'ARCX', exchange: 'NYSE Arca', country: 'US', sector: null },
      { ...row, symbol: 'CCC', name: null, mic: null, exchange: null, country: null, sector: 'Energy' }
    ])}`
    const movers = fresh.sql.json({ movers: [{ symbol: 'BBB', name: 'Moved', mic: 'XNAS', exchange: 'NASDAQ' }] })
    await fresh.sql`insert into market_snapshots ${fresh.sql([
      { kind: 'movers:losers', at: asOf, source: 'yahoo', value: movers },
      { kind: 'indices', at: asOf, source: 'yahoo', value: fresh.sql.json({ indices: 'none' }) }
    ])}`
    await migrate(url, 'sandbox')

    const { identities, instruments } = createStores(fresh)
    expect(await identities.find(['AAA', 'BBB', 'CCC'])).toEqual(
      new Map([
        ['AAA', { name: 'Quoted', mic: 'ARCX', exchange: 'NYSE Arca', country: 'US' }],
        ['BBB', { name: 'Moved', kind: 'etf', mic: 'XNAS', exchange: 'NASDAQ' }],
        ['CCC', { sector: 'Energy' }]
      ])
    )
    expect((await instruments.upsert([{ symbol: 'BBB' }])).get('BBB')).toBe(2)
    await fresh.close()
    await drop(url)
  })

  test('what was stored under several names of one listing is found under its one name, the newest of each', async () => {
    const url = await emptyDatabase()
    const fresh = createDatabase({ url })
    await migrateUpTo(fresh, '0007_stored_bars_and_texts')
    const { sql } = fresh
    const provenance = sql.json(quote().provenance)
    const at = (hour: number) => `2026-11-25T${String(hour).padStart(2, '0')}:00:00.000Z`
    const quoted = (symbol: string, price: number, hour: number, exchange = 'NSE') => {
      return { symbol, price, exchange, as_of: at(hour), received_at: at(hour), provenance }
    }
    await sql`insert into quotes_latest ${sql([
      quoted('RELIANCE.NS', 1380, 10),
      quoted('NSE:RELIANCE', 1375, 9),
      quoted('BAC-PL', 1200, 9, 'NYSE'),
      quoted('BTCUSD', 90_000, 9, 'CRYPTO'),
      quoted('OCDO.L', 3, 9, 'LSE'),
      quoted('ABC-L', 4, 9, 'NasdaqGS')
    ])}`
    await sql`insert into profiles ${sql([
      { symbol: 'RELIANCE.NS', sector: 'Energy', exchange: 'NSE', received_at: at(9), provenance },
      { symbol: 'NSE:RELIANCE', sector: 'Technology', exchange: 'NSE', received_at: at(10), provenance },
      { symbol: 'CAT', sector: 'MANUFACTURING', exchange: 'NYSE', received_at: at(10), provenance }
    ])}`
    const series = { interval: '1d', adjusted: 'none', source: 'yahoo', provenance }
    const ids = await sql`insert into bar_series ${sql([
      { ...series, symbol: 'RELIANCE.NS', received_at: at(8) },
      { ...series, symbol: 'NSE:RELIANCE', received_at: at(9) }
    ])} returning id`
    const prices = { open: 1, high: 1, low: 1 }
    await sql`insert into daily_bars ${sql([
      { ...prices, series_id: ids[0]!['id'], start: '2026-11-24', close: 1, received_at: at(8) },
      { ...prices, series_id: ids[1]!['id'], start: '2026-11-24', close: 1, received_at: at(9) },
      { ...prices, series_id: ids[1]!['id'], start: '2026-11-25', close: 1, received_at: at(9) }
    ])}`
    await sql`insert into corporate_action_lists ${sql([
      { symbol: 'RELIANCE.NS', kind: 'splits', received_at: at(8), provenance },
      { symbol: 'NSE:RELIANCE', kind: 'splits', received_at: at(9), provenance }
    ])}`
    await sql`insert into splits ${sql([
      { symbol: 'RELIANCE.NS', ex_date: '2017-09-07', ratio: 3 },
      { symbol: 'NSE:RELIANCE', ex_date: '2017-09-07', ratio: 2 }
    ])}`
    const point = { as_of: at(8), source: 'yahoo', session: 'regular', price: 1, received_at: at(8) }
    await sql`insert into stock_price_history ${sql([
      { ...point, symbol: 'RELIANCE.NS' },
      { ...point, symbol: 'NSE:RELIANCE' },
      { ...point, symbol: 'ABC-WT' },
      { ...point, symbol: 'ABC-WS' }
    ])}`
    await sql`insert into news ${sql({
      source: 'yahoo',
      id: '1',
      title: 'A story',
      url: 'https://example.com',
      published_at: at(8),
      symbols: ['RELIANCE.NS', 'NSE:RELIANCE'],
      filed_under: ['BAC-PL'],
      received_at: at(8),
      provenance
    })}`
    await migrate(url, 'sandbox')

    const { quotes, profiles, bars, corporateActions, news } = createStores(fresh)
    const symbols = ['NSE:RELIANCE', 'BAC.PRL', 'BTC-USD', 'OCDO.L', 'ABC-L']
    expect((await quotes.symbols()).sort()).toEqual(symbols.toSorted())
    const held = await quotes.latest(symbols)
    expect(held.get('NSE:RELIANCE')).toMatchObject({ price: 1380, mic: 'XNSE', exchange: 'NSE' })
    expect(held.get('OCDO.L')).toMatchObject({ mic: 'XLON', exchange: 'London Stock Exchange' })
    expect(held.get('ABC-L')).toMatchObject({ mic: 'XNAS', exchange: 'NASDAQ' })
    expect(await profiles.find('NSE:RELIANCE')).toMatchObject({ sector: 'Information Technology', mic: 'XNSE' })
    expect(await profiles.find('CAT')).not.toHaveProperty('sector')
    const request = { symbol: 'NSE:RELIANCE', interval: '1d', adjusted: 'none', from: 0, to: Date.now() } as const
    const found = (await bars.range(request))!.bars
    expect(found.map(({ start, complete }) => [start, complete])).toEqual([
      ['2026-11-24', undefined],
      ['2026-11-25', false]
    ])
    expect((await corporateActions.find('NSE:RELIANCE'))?.splits?.splits).toMatchObject([{ ratio: 2 }])
    const [story] = (await news.latest('BAC.PRL', 5))!.items
    expect(story!.symbols).toEqual(['NSE:RELIANCE'])
    const points = await sql`select symbol from stock_price_history order by symbol`
    expect(points.map(({ symbol }) => symbol)).toEqual(['ABC.WS', 'NSE:RELIANCE'])
    await fresh.close()
    await drop(url)
  })

  test('a server that is not there is an error, not a wait', async () => {
    await expect(migrate('postgres://nobody@127.0.0.1:1/none')).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('node src/commands/migrate.ts', () => {
  const run = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, ['src/commands/migrate.ts'], { env: { ...BARE_ENV, ...env } })

  test('a deployment sees from the exit code whether its database is ready', async () => {
    const { stdout } = await run({ DATABASE_URL: server.url, MARKET: 'live' })
    expect(stdout).toContain('holds the live market')

    await expect(run({ DATABASE_URL: server.url, MARKET: 'sandbox' })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('This database holds the live market')
    })
    await expect(run({})).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('DATABASE_URL is not set') })
  })
})

describe('a migration that fails', () => {
  test('exits with 1, says why, leaves nothing behind, and does not keep others waiting', async () => {
    const url = await emptyDatabase()
    const fresh = createDatabase({ url })
    await fresh.sql`create table job_runs (stood_in_the_way boolean)`
    const env = { ...BARE_ENV, DATABASE_URL: url, MARKET: 'sandbox' }
    const migrated = promisify(execFile)(process.execPath, ['src/commands/migrate.ts'], { env })
    await expect(migrated).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/Not migrated.*job_runs/s) })
    const tables = await fresh.sql`select tablename from pg_tables where schemaname = 'public'`
    expect(tables.map(({ tablename }) => tablename)).toEqual(['job_runs'])

    await fresh.sql`drop table job_runs`
    await migrate(url, 'sandbox')
    await fresh.close()
    await drop(url)
  })
})

const BAR = { open: 1, high: 1, low: 1, close: 1 }

describe('partitions', () => {
  const names = async (table = 'bars') => {
    const rows = await database.sql<{ name: string }[]>`
      select inhrelid::regclass::text as name from pg_inherits where inhparent = ${table}::text::regclass order by name`
    return rows.map(({ name }) => name)
  }

  test('bars that came before their month had a partition move into it, and old months are dropped whole', async () => {
    const stores = createStores(database)
    const bar = (start: string) => ({ ...BAR, start })
    const given = series({
      symbol: 'MOVE',
      interval: '1h',
      bars: [bar('2010-06-30T23:00:00.000Z'), bar('2010-07-01T00:00:00.000Z')]
    })
    await stores.bars.upsert(given)
    const request = { symbol: 'MOVE', interval: '1h', adjusted: 'none', from: 0, to: Date.now() } as const
    await Promise.all([1, 2, 3].map(() => ensurePartitions(database.sql, 'bars', Date.parse('2010-08-15'))))

    expect(await names()).toContain('bars_2010_06')
    const [{ count }] = await database.sql<[{ count: string }]>`select count(*) from bars_2010_06`
    expect(count).toBe('1')
    expect((await stores.bars.range(request))?.bars).toStrictEqual(given.bars)

    const dropped = await dropPartitionsBefore(database.sql, 'bars', Date.parse('2010-07-20'))
    expect(dropped.at(-1)).toBe('bars_2010_06')
    expect((await stores.bars.range(request))?.bars).toStrictEqual(given.bars.slice(1))
    expect(await names()).toContain('bars_default')
  })

  test('a backup that reads a table for hours holds up the cleanup, and nobody who reads or writes', async () => {
    const stores = createStores(database)
    const given = series({ symbol: 'BACKUP', interval: '1h', bars: [{ ...BAR, start: '2011-03-01T00:00:00.000Z' }] })
    await ensurePartitions(database.sql, 'bars', Date.parse('2011-03-15'))
    await stores.bars.upsert(given)
    const cleanup = () => stores.partitions.dropBefore('bars', Date.parse('2011-04-01'))
    const waiting = () => database.sql`
      select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()`
    // The cleanup waits for a second only; on a busy machine a new connection alone can take as long.
    await Promise.all([1, 2, 3, 4].map(waiting))
    await database.sql.begin(async (tx) => {
      await tx`lock table bars_2011_03 in access share mode`
      const refused = expect(cleanup()).rejects.toMatchObject({ code: '55P03' })
      await expect.poll(waiting, { interval: 10 }).toHaveLength(1)
      expect(await stores.bars.upsert({ ...given, symbol: 'BACKUP2' })).toBe(1)
      await refused
    })
    expect(await cleanup()).toContain('bars_2011_03')
  })

  test('a backup that reads a table for hours does not hold up a start', async () => {
    const url = await emptyDatabase()
    await migrate(url, 'sandbox')
    const fresh = createDatabase({ url })
    const last = async () => {
      const [row] = await fresh.sql<{ name: string }[]>`
        select max(inhrelid::regclass::text) as name from pg_inherits
        where inhparent = 'bars'::regclass and inhrelid::regclass::text <> 'bars_default'`
      return row!.name
    }
    const name = await last()
    await fresh.sql`drop table ${fresh.sql(name)}`
    await fresh.sql.begin(async (tx) => {
      await tx`lock table bars in access share mode`
      await migrate(url, 'sandbox')
      expect(await last()).not.toBe(name)
    })
    await migrate(url, 'sandbox')
    expect(await last()).toBe(name)
    await fresh.close()
    await drop(url)
  })

  test('months at the turn of a year are made ahead, once, and none whose rows are not kept', async () => {
    const { partitions } = createStores(database)
    const now = Date.parse('2031-12-31T23:59:59.999Z')
    const since = {
      bars: Date.parse('2031-11-30T00:00:00Z'),
      stock_price_history: 0,
      ticks: Date.parse('2031-12-31'),
      bbo: now
    }
    expect(await partitions.ensure(now, since)).toBe(4 + 4 + 8 + 8)
    expect(await partitions.ensure(now, since)).toBe(0)
    const made = (await names()).filter((name) => name > 'bars_2031' && name < 'bars_2033')
    expect(made).toEqual(['bars_2031_11', 'bars_2031_12', 'bars_2032_01', 'bars_2032_02'])
    const days = (await names('ticks')).filter((name) => name >= 'ticks_2031' && name < 'ticks_2033')
    expect([days.length, days[0], days.at(-1)]).toEqual([8, 'ticks_2031_12_31', 'ticks_2032_01_07'])
    expect(await partitions.ensure(now + 1, since)).toBe(1 + 1 + 1 + 1)
  })

  test('where best bids and offers are no longer kept, cleanup leaves none of those of before, and no day of them is made', async () => {
    const { partitions } = createStores(database)
    const now = Date.now()
    await ensurePartitions(database.sql, 'bbo', now)
    const today = new Date(now).toISOString().slice(0, 10)
    await database.sql`
      insert into bbo (instrument_id, trade_date, as_of, ns, sequence, fence, feed, source, received_at)
      select 1, day, now(), 0, 1, 0, 'iex', 'alpaca', now() from unnest(${[today, '2999-12-31']}::text[]::date[]) as day`
    const since = keptSince(loadConfig({ BBO_DAYS: '0' }), now).partitioned
    await partitions.dropBefore('bbo', since.bbo)
    expect(await database.sql`select trade_date from bbo`).toHaveLength(0)
    await partitions.ensure(now, since)
    expect(await names('bbo')).toEqual(['bbo_default'])
    await migrate(server.url, undefined, since)
    expect(await names('bbo')).toEqual(['bbo_default'])
  })
})
