import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { pricePointsOf } from '../../db/market-history.ts'
import { claimMarket, migrate, WrongMarketError } from '../../db/migrate.ts'
import { dropPartitionsBefore, ensurePartitions } from '../../db/partitions.ts'
import { createStores } from '../../db/stores.ts'
import { testDatabase, type TestDatabase } from '../support/services.ts'
import { createEmptyDatabase, dropDatabase, migrateUpTo } from './older-database.ts'
import { quote, series } from './values.ts'

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
    expect((await users.list()).map(({ name }) => name).toSorted()).toEqual(['Desk.', 'desk', 'other'])
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
    await expect(claimMarket(fresh.sql, 'live')).rejects.toThrow('run `node bin/run.mjs src/migrate.ts` first')
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

  test('a server that is not there is an error, not a wait', async () => {
    await expect(migrate('postgres://nobody@127.0.0.1:1/none')).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('node src/migrate.ts', () => {
  const run = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, ['src/migrate.ts'], { env: { PATH: process.env.PATH, ...env } })

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
    const env = { PATH: process.env.PATH, DATABASE_URL: url, MARKET: 'sandbox' }
    const migrated = promisify(execFile)(process.execPath, ['src/migrate.ts'], { env })
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
  const names = async () => {
    const rows = await database.sql<{ name: string }[]>`
      select inhrelid::regclass::text as name from pg_inherits where inhparent = 'bars'::regclass order by name`
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
    await database.sql.begin(async (tx) => {
      await tx`lock table bars_2011_03 in access share mode`
      const refused = expect(cleanup()).rejects.toMatchObject({ code: '55P03' })
      await vi.waitFor(async () => {
        const waiting = await database.sql`
          select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()`
        expect(waiting).toHaveLength(1)
      })
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
    const since = { bars: Date.parse('2031-11-30T00:00:00Z'), stock_price_history: 0 }
    expect(await partitions.ensure(now, since)).toBe(4 + 4)
    expect(await partitions.ensure(now, since)).toBe(0)
    const made = (await names()).filter((name) => name > 'bars_2031' && name < 'bars_2033')
    expect(made).toEqual(['bars_2031_11', 'bars_2031_12', 'bars_2032_01', 'bars_2032_02'])
    expect(await partitions.ensure(now + 1, since)).toBe(2)
  })
})
