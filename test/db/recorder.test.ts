import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { createRecorder, type Recorder, type RecorderOptions } from '../../db/recorder.ts'
import { createStores, type Stores } from '../../db/stores.ts'
import { testDatabase, type TestDatabase } from '../support/services.ts'
import { createGate, type Gate } from './gate.ts'
import { provenance, quote, quoteAt, series } from './values.ts'

let server: TestDatabase
let gate: Gate
let database: Database
let stores: Stores
let recorder: Recorder
let lines: string[]

const log: RecorderOptions['log'] = {
  info: (_: unknown, message?: string) => void lines.push(`info: ${message}`),
  warn: (_: unknown, message?: string) => void lines.push(`warn: ${message}`),
  error: (_: unknown, message?: string) => void lines.push(`error: ${message}`)
}

beforeEach(async () => {
  lines = []
  server = await testDatabase()
  gate = await createGate(server.url)
  database = createDatabase({ url: gate.url })
  stores = createStores(database)
  recorder = createRecorder({ stores, log, flushMs: 20 })
})
afterEach(async () => {
  await recorder.close(100)
  await gate.shut()
  await database.close()
  await server.close()
})

const MIB = 2 ** 20

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** About half a megabyte of JSON. */
const chain = (seed: number) => ({
  contracts: Array.from({ length: 4000 }, (_, index) => ({
    symbol: `O${seed}260116C${String(index).padStart(8, '0')}`,
    strike: index / 2,
    bid: seed + index / 100,
    ask: seed + index / 100 + 0.05,
    impliedVolatility: 0.2 + index / 1e6
  }))
})

const priceOf = async (symbol: string) => (await stores.quotes.latest([symbol])).get(symbol)?.price

test('everything recorded is written by itself, soon', async () => {
  const now = Date.now()
  const user = await stores.users.createUser({ name: 'ada' })
  const { record } = await stores.keys.createKey({ userId: user!.id, scopes: ['market:read'] })
  const splits = { symbol: 'AAPL', splits: [{ exDate: '2020-08-31', ratio: 4 }], provenance: provenance() }

  recorder.quote(quote())
  recorder.bars(series())
  recorder.bars(series({ bars: [] }))
  recorder.profile({ symbol: 'AAPL', provenance: provenance() })
  recorder.news({ symbol: 'AAPL', items: [], provenance: provenance() })
  recorder.splits(splits)
  recorder.dividends({ symbol: 'AAPL', dividends: [], amountsAdjusted: 'none', provenance: provenance() })
  for (let call = 0; call < 3; call++) recorder.usage({ provider: 'yahoo', capability: 'quotes', outcome: 'answered' })
  recorder.quarantine({ symbol: 'AAPL', provider: 'fmp', rule: 'unit-jump', severity: 'hard', value: { price: 1 } })
  recorder.keyUsed(record.id)

  await expect.poll(() => Object.values(recorder.stats.kinds).every(({ pending }) => pending === 0)).toBe(true)
  expect(await priceOf('AAPL')).toBe(170.12)
  expect(await stores.profiles.find('AAPL')).toBeDefined()
  expect((await stores.corporateActions.find('AAPL'))?.splits).toStrictEqual(splits)
  const today = new Date(now).toISOString().slice(0, 10)
  expect(await stores.providerUsage.list(today, '9999-12-31')).toMatchObject([{ provider: 'yahoo', calls: 3 }])
  const [entry] = await stores.quarantine.list({ limit: 5 })
  expect(Date.parse(entry!.at)).toBeGreaterThanOrEqual(now)
  expect((await stores.keys.list({ userId: user!.id, limit: 10 }))[0]?.lastUsedAt).toBeDefined()
  expect(lines).toEqual([])
})

test('of many prices of a symbol the newest is written, once', async () => {
  for (const second of [5, 9, 7]) recorder.quote(quoteAt(second, second, second))
  expect(await recorder.flush()).toBe(true)
  expect(await priceOf('AAPL')).toBe(9)
  expect(recorder.stats.kinds.quotes).toEqual({
    pending: 0,
    pendingBytes: 0,
    dropped: 0,
    rejected: 0,
    written: 1
  })
})

test('a short range of bars does not stand for the long one that waits', async () => {
  recorder.bars(series())
  recorder.bars(series({ bars: series().bars.slice(1) }))
  await recorder.flush()
  const range = { from: Date.parse('2024-03-01'), to: Date.parse('2024-03-31') }
  const held = await stores.bars.range({ symbol: 'AAPL', interval: '1d', adjusted: 'none', ...range })
  expect(held?.bars).toHaveLength(2)
})

test('one impossible value costs no other value, and is counted', async () => {
  for (let index = 1; index <= 50; index++)
    recorder.quote(quote({ symbol: `S${index}`, price: index === 31 ? Number.NaN : index }))
  recorder.bars(series({ bars: [{ start: '2024-02-30', open: 1, high: 1, low: 1, close: 1 }] }))
  recorder.bars(series())
  expect(await recorder.flush()).toBe(true)

  expect(recorder.stats.kinds.quotes).toMatchObject({ rejected: 1, written: 49 })
  expect(recorder.stats.kinds.bars).toMatchObject({ rejected: 1, written: 1 })
  expect(await priceOf('S30')).toBe(30)
  expect(await priceOf('S31')).toBeUndefined()
  // The impossible price is refused as the newest quote and as a point of the history.
  expect(recorder.stats.kinds.prices).toMatchObject({ rejected: 1, written: 49 })
  expect(lines).toEqual(Array(3).fill('error: Postgres refuses a value'))
})

describe('while Postgres is away', () => {
  const outages: Record<string, { begin: () => Promise<unknown>; end: () => Promise<unknown> }> = {
    'cut off from the network': { begin: () => gate.shut(), end: () => gate.open() },
    'behind a proxy that ends connections': { begin: async () => gate.abandon(), end: () => gate.open() },
    'not accepting connections': { begin: () => allowConnections(false), end: () => allowConnections(true) }
  }

  async function allowConnections(allowed: boolean): Promise<void> {
    const name = new URL(server.url).pathname.slice(1)
    const admin = createDatabase({ url: Object.assign(new URL(server.url), { pathname: 'postgres' }).href })
    await admin.sql`alter database ${admin.sql(name)} with allow_connections ${admin.sql.unsafe(String(allowed))}`
    await admin.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
    await admin.close()
  }

  test.each(Object.keys(outages))('(%s) no value is lost, and two lines of log tell the whole story', async (kind) => {
    const { begin, end } = outages[kind]!
    recorder.quote(quote({ symbol: 'BEFORE' }))
    await recorder.flush()

    await begin()
    for (let index = 1; index <= 3; index++) {
      recorder.quote(quote({ symbol: `DURING${index}`, price: index }))
      recorder.usage({ provider: 'yahoo', capability: 'quotes', outcome: 'answered' })
      expect(await recorder.flush()).toBe(false)
    }
    expect(recorder.stats.kinds.quotes).toMatchObject({ pending: 3, dropped: 0 })
    expect(recorder.stats.awaySince).toBeTypeOf('number')
    await end()

    await expect.poll(() => recorder.stats.kinds.usage.pending).toBe(0)
    expect([await priceOf('DURING1'), await priceOf('DURING2'), await priceOf('DURING3')]).toEqual([1, 2, 3])
    const today = new Date().toISOString().slice(0, 10)
    expect(await stores.providerUsage.list('2024-01-01', today)).toMatchObject([{ calls: 3 }])
    expect(recorder.stats.awaySince).toBeUndefined()
    expect(lines).toEqual(['warn: Postgres takes no values; they are kept', 'info: Postgres takes values again'])
  })

  test('memory stays bounded: the oldest values give way and are counted', async () => {
    await gate.shut()
    const told = provenance({ notes: ['x'.repeat(3000)] })
    for (let index = 0; index < 15_000; index++) recorder.quote(quote({ symbol: `S${index}`, provenance: told }))
    expect(await recorder.flush()).toBe(false)
    const { pending, pendingBytes, dropped } = recorder.stats.kinds.quotes
    expect(pending + dropped).toBe(15_000)
    expect(dropped).toBeGreaterThan(0)
    expect(pendingBytes).toBeLessThanOrEqual(32 * MIB)
    await gate.open()
    await expect.poll(() => recorder.flush()).toBe(true)
    expect(await priceOf(`S${dropped - 1}`)).toBeUndefined()
    expect(await priceOf(`S${dropped}`)).toBe(170.12)
    expect(await priceOf('S14999')).toBe(170.12)
  })

  test(
    'big option chains take no more memory than their bound, and the newest are kept',
    { timeout: 60_000 },
    async () => {
      await gate.shut()
      const before = heapUsed()
      for (let index = 0; index < 150; index++)
        recorder.lastGood({ key: `options:O${index}`, receivedAt: '2024-03-05T21:00:00.000Z', value: chain(index) })
      expect(await recorder.flush()).toBe(false)
      const { pending, pendingBytes, dropped } = recorder.stats.kinds.lastGood
      expect(pendingBytes).toBeLessThanOrEqual(48 * MIB)
      expect(pending).toBeGreaterThan(50)
      expect(dropped).toBe(150 - pending)
      expect(heapUsed() - before).toBeLessThan(1.2 * 48 * MIB)
    }
  )

  test('closing waits no longer than its deadline, and says what was not written', async () => {
    await gate.shut()
    recorder.quote(quote())
    const started = performance.now()
    await recorder.close(300)
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(lines).toContain('error: Stopped before Postgres took all values')
  })
})

test('closing writes what waits, and takes no more', async () => {
  recorder = createRecorder({ stores, log, flushMs: 3_600_000 })
  recorder.quote(quote({ symbol: 'WAITS' }))
  await recorder.close()
  recorder.quote(quote({ symbol: 'LATE' }))
  expect(await priceOf('WAITS')).toBe(170.12)
  expect(recorder.stats.kinds.quotes).toMatchObject({ pending: 0, written: 1 })
  await recorder.close()
})
