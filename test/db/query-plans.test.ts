import { beforeAll, describe, expect, test } from 'vitest'
import { inCopyTransaction } from '../../db/copy.ts'
import type { Database } from '../../db/client.ts'
import type { Stores } from '../../db/stores.ts'
import { insertTicks, type TickReport } from '../../db/tick-writes.ts'
import { DAY_MS } from '../../src/market/time.ts'
import { storesUnderTest } from './stores-under-test.ts'

const INSTRUMENTS = 3000
/** A table with fewer rows is read whole with good reason. */
const LARGE_ROWS = 1000
const PROVENANCE = `{"source":"yahoo","feed":"consolidated","receivedAt":"2026-01-01T00:00:00.000Z","state":"live","attempts":[]}`

const under = storesUnderTest()
const now = Date.now()
const [day, tomorrow] = [now, now + DAY_MS].map((ms) => new Date(ms).toISOString().slice(0, 10)) as [string, string]
const from = { ms: Date.parse(day), ns: 0 }
const to = { ms: Date.parse(tomorrow), ns: 0 }

beforeAll(async () => {
  const { sql } = under.database
  const symbols = `from generate_series(1, ${INSTRUMENTS}) as number`
  await sql.unsafe(`
    insert into instruments (symbol, name, kind) select 'S' || number, 'Company ' || number, 'equity' ${symbols};
    insert into quotes_latest (symbol, price, as_of, received_at, value_order, provenance)
      select 'S' || number, 1, now(), now(), '{1}', '${PROVENANCE}' ${symbols};
    insert into profiles (symbol, received_at, provenance) select 'S' || number, now(), '${PROVENANCE}' ${symbols};
    insert into last_good (key, value, bytes, received_at) select 'options:S' || number, '{}', 2, now() ${symbols};
    insert into news (source, id, title, url, published_at, symbols, filed_under, received_at, provenance)
      select 'yahoo', number, 'T', 'https://example.com', now() - number * interval '1 minute', array['S' || number],
        array['S' || number], now(), '${PROVENANCE}' ${symbols};
    insert into gaps (source, feed, instrument_id, from_at, until_at, reason, state)
      select 'alpaca', 'iex', number, now() - interval '1 hour', now(), 'outage', 'filled' ${symbols};
    insert into ticks (instrument_id, trade_date, key, kind, as_of, ns, sequence, price, size, feed, source, received_at)
      select 1 + number % 100, date '${day}', number, 'trade', date '${day}' + number * interval '1 second', 0, number, 1, 1,
        'iex', 'alpaca', now() from generate_series(1, 20000) as number;
    insert into bbo (instrument_id, trade_date, as_of, ns, sequence, fence, bid, ask, feed, source, received_at)
      select 1 + number % 100, date '${day}', date '${day}' + number * interval '1 second', 0, number, 0, 1, 2,
        'iex', 'alpaca', now() from generate_series(1, 20000) as number;
    insert into stock_price_history (symbol, as_of, source, session, price, received_at)
      select 'S' || number % 100, date '${day}' + number * interval '1 second', 'yahoo', 'regular', 1, now()
      from generate_series(1, 20000) as number;
    insert into bar_series (instrument_id, interval, adjusted, source, feed, received_at, provenance)
      select number, kind, 'none', 'alpaca', 'iex', now(), '${PROVENANCE}'
      from generate_series(1, 1500) as number, unnest(array['1m', '1d']) as kind;
    insert into bars (series_id, start, open, high, low, close, state, revision, received_at)
      select id, date '${day}' + minute * interval '1 minute', 1, 1, 1, 1, 'final', 0, now()
      from bar_series, generate_series(1, 10) as minute where interval = '1m';
    insert into daily_bars (series_id, start, open, high, low, close, state, revision, received_at)
      select id, date '${day}' - days, 1, 1, 1, 1, 'final', 0, now()
      from bar_series, generate_series(1, 10) as days where interval = '1d'`)
})

const kind = { interval: '1m', adjusted: 'none' } as const
const READS: Record<string, (stores: Stores) => Promise<unknown>> = {
  'the newest quotes of a list': ({ quotes }) => quotes.latest(['S1', 'S2', 'S3']),
  'a profile': ({ profiles }) => profiles.find('S7'),
  'what was good last': ({ lastGood }) => lastGood.find('options:S7'),
  'an instrument by its symbol': ({ instruments }) => instruments.findAsOf(['S7'], day),
  'instruments by the words of their names': ({ directory }) => directory.search({ words: ['company', '77'] }, 10, ''),
  'the newest trade': ({ ticks }) => ticks.latest(7),
  'a page of trades': ({ ticks }) => ticks.range(7, { from, to, limit: 100, all: false }),
  'the newest of trades': ({ ticks }) => ticks.range(7, { from, to, limit: 100, all: false, newestFirst: true }),
  'a page of best bids and offers': ({ bbo }) => bbo.range(7, { from, to, limit: 100 }),
  'the newest best bids and offers of some vendors': ({ bbo }) =>
    bbo.range(7, { from, to, limit: 100, newestFirst: true, feed: 'iex', sources: ['alpaca'] }),
  'bars of a minute': ({ bars }) =>
    bars.range({ symbol: 'S7', interval: '1m', adjusted: 'none', from: from.ms, to: to.ms }),
  'bars of a day': ({ bars }) =>
    bars.range({ symbol: 'S7', interval: '1d', adjusted: 'none', from: from.ms - 5 * DAY_MS, to: to.ms }),
  'own bars, with how many there are': ({ barReads }) =>
    barReads.inSnapshot((reads) => reads.series(7, kind, { from: from.ms, to: to.ms })),
  'when bars start': ({ barReads }) => barReads.starts(7, kind, { from: from.ms, to: to.ms }),
  'prices of a day': ({ marketHistory }) => marketHistory.prices('S7', from.ms, to.ms, 100),
  'news of a symbol': ({ news }) => news.latest('S7', 10),
  'the newest news': ({ news }) => news.newest(10, undefined),
  'gaps of an instrument': ({ gaps }) => gaps.within(7, from.ms, to.ms),
  'splits and dividends': ({ corporateActions }) => corporateActions.find('S7')
}

/** A connection tells what it did when it has been idle for a while, unless it is told to. */
const TELL = 'select pg_stat_force_next_flush()'

const TICK = {
  symbol: 'S7',
  asOf: from,
  tradeDate: day,
  price: 1,
  size: 1,
  source: 'alpaca',
  feed: 'iex',
  receivedAt: now
} as const
const write = ({ copyPool }: Database, reports: readonly TickReport[], areNew = false) =>
  inCopyTransaction(copyPool, async (tx) => {
    await insertTicks(tx, reports, { areNew })
    await tx.query(TELL)
  })
let sequence = 1_000_000
const trade = (): TickReport => ({ instrumentId: 7, kind: 'trade', tick: { ...TICK, sequence: sequence++ } })

const WRITES: Record<string, (database: Database) => Promise<unknown>> = {
  'new trades': (database) => write(database, [trade(), trade()], true),
  'trades that may be there': (database) => write(database, [trade(), trade()]),
  'a correction': (database) => {
    const replaces = { tradeDate: day, sequence: 7 }
    return write(database, [{ instrumentId: 7, kind: 'correction', tick: { ...TICK, sequence: sequence++, replaces } }])
  }
}

/** By table: how often it was read from one end to the other. */
async function wholeReads(): Promise<Map<string, number>> {
  const { sql } = under.database
  const connections = Array.from({ length: 4 }, () => sql.unsafe(`${TELL}, pg_sleep(0.01)`))
  await Promise.all(connections)
  const rows = await sql<{ table: string; scans: number }[]>`
    select pg_class.relname as table, seq_scan::float8 as scans from pg_stat_user_tables
    join pg_class on pg_class.oid = relid where n_live_tup > ${LARGE_ROWS}`
  return new Map(rows.map(({ table, scans }) => [table, scans]))
}

async function readsNoneWhole(work: () => Promise<unknown>): Promise<void> {
  const before = await wholeReads()
  await work()
  const after = await wholeReads()
  expect(after.size).toBeGreaterThan(8)
  expect([...after].filter(([table, scans]) => scans > (before.get(table) ?? 0))).toEqual([])
}

// Of a day that begins, and of a database that was restored, there are none for a while.
describe.each(['without statistics', 'with statistics'])('%s', (title) => {
  beforeAll(() => under.database.sql.unsafe(title === 'with statistics' ? 'analyze' : ''))

  test.each(Object.entries(READS))('%s: no large table is read whole for it', (_, read) =>
    readsNoneWhole(() => read(under.stores))
  )

  test.each(Object.entries(WRITES))('%s: no large table is read whole to write them', (_, work) =>
    readsNoneWhole(() => work(under.database))
  )
})
