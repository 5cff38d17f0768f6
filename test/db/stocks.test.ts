import { beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../db/migrate.ts'
import { createDatabase } from '../../db/client.ts'
import { createStores } from '../../db/stores.ts'
import { fromQuote } from '../../src/market-data/stock-parts.ts'
import type { Quote } from '../../src/market/quote.ts'
import { isoOf, MINUTE_MS } from '../../src/market/time.ts'
import { createEmptyDatabase, dropDatabase, migrateUpTo } from './older-database.ts'
import { storesUnderTest } from './stores-under-test.ts'
import { provenance, quote } from './values.ts'

const STOCKS = 5000
const START = Date.parse('2026-11-30T15:00:00Z')

const held = storesUnderTest()

/** Quotes of all stocks, of an instant (epoch ms); prices in cents. */
function quotesOf(asOf: number, cents: number): Quote[] {
  return Array.from({ length: STOCKS }, (_, at) =>
    quote({
      symbol: `S${at}`,
      price: (cents + at) / 100,
      change: 0.5,
      changePercent: 0.3,
      volume: 1000 + at,
      bid: 10.1,
      ask: 10.2,
      bidSize: 100,
      askSize: 200,
      currency: 'USD',
      kind: 'equity' as const,
      name: `Stock ${at}, "Inc."`,
      marketState: 'regular' as const,
      asOf: isoOf(asOf),
      provenance: provenance({ receivedAt: isoOf(asOf) })
    })
  )
}

describe('updates of thousands of stocks', () => {
  test('are one statement, write what is newer and leave all else as it is', async () => {
    const { stores, database } = held
    expect(await stores.quotes.upsert(quotesOf(START, 1000))).toBe(STOCKS)
    const statements = await database.sql`select distinct xmin from quotes_latest`
    expect(statements).toHaveLength(1)

    const [unchanged, newer, older] = [quotesOf(START, 1000), quotesOf(START + 1000, 2000), quotesOf(START - 1000, 9)]
    const mixed = unchanged.map((same, at) => (at % 50 === 0 ? newer[at]! : at % 3 === 0 ? older[at]! : same))
    expect(await stores.quotes.upsert(mixed)).toBe(STOCKS / 50)
    const rewritten = await database.sql`
      select count(*)::int as count from quotes_latest where xmin <> ${statements[0]!['xmin'] as string}::text::xid`
    expect(rewritten[0]).toEqual({ count: STOCKS / 50 })
    const latest = await stores.quotes.latest(['S0', 'S3', 'S7'])
    expect([...latest.values()].map(({ symbol, price }) => [symbol, price])).toEqual(
      expect.arrayContaining([
        ['S0', 20],
        ['S3', 10.03],
        ['S7', 10.07]
      ])
    )
    expect(latest.get('S7')).toEqual(unchanged[7])
  })

  test('keep texts that SQL and arrays write otherwise, and what is absent', async () => {
    const { stores } = held
    const names = ['a,b', '{x}', '"quoted"', '\\back\\slash', 'NULL', '', ' ', 'line\nbreak', 'Ω 株 🚀']
    const given = names.map((name, at) => quote({ symbol: `T${at}`, name }))
    await stores.quotes.upsert([...given, quote({ symbol: 'T-NONE' })])
    const latest = await stores.quotes.latest([...given.map(({ symbol }) => symbol), 'T-NONE'])
    expect(given.map(({ symbol }) => latest.get(symbol)?.name)).toEqual(names)
    expect(latest.get('T-NONE')).not.toHaveProperty('name')
  })
})

describe('what people ask of stocks is found by an index', () => {
  beforeAll(async () => {
    const { stores, database } = held
    const facts = Array.from({ length: STOCKS }, (_, at) => ({ symbol: `S${at}`, kind: 'equity' as const }))
    const options = Array.from({ length: STOCKS }, (_, at) => ({ symbol: `O${at}`, kind: 'option' as const }))
    await stores.instruments.upsert([...facts, ...options])
    await database.sql`
      insert into instrument_aliases (instrument_id, vendor, alias, held_from)
      select id, 'ibkr', 200000 + substr(symbol, 2)::int, '2024-01-01' from instruments where kind = 'equity' and symbol ~ '^S\\d'`
    await stores.quotes.upsert(quotesOf(START + 2 * MINUTE_MS, 3000).slice(0, 20))
    await database.sql`analyze`
  })

  /** The plans of the statements that some work makes, as Postgres chooses them. */
  async function plansOf(work: (stocks: (typeof held)['stores']['stocks']) => Promise<unknown>): Promise<string> {
    const { database } = held
    const planned: string[] = []
    const sql = new Proxy(database.sql, {
      apply(target, self, given: [TemplateStringsArray, ...unknown[]]) {
        const query = Reflect.apply(target, self, given) as unknown
        const [strings] = given
        if (!strings.raw || !/^\s*select/.test(strings[0]!)) return query
        const explained = Object.assign([`explain ${strings[0]}`, ...strings.slice(1)], {
          raw: [`explain ${strings[0]}`, ...strings.slice(1)]
        })
        const plan = Reflect.apply(target, self, [explained, ...given.slice(1)]) as Promise<{ 'QUERY PLAN': string }[]>
        return plan.then((rows) => {
          planned.push(...rows.map((row) => row['QUERY PLAN']))
          return []
        })
      }
    })
    await work(createStores({ ...database, sql }).stocks)
    return planned.join('\n')
  }
  const order = { by: 'symbol', descending: false, limit: 20 } as const

  test.each([
    ['a symbol', ['instruments_stocks', 'quotes_latest_pkey', 'instrument_aliases_instrument']],
    ["Interactive Brokers' number", ['instrument_aliases_vendor_alias_held_from_pk']],
    ['the time of the last price', ['quotes_latest_as_of']],
    ['a page of all', ['instruments_stocks']]
  ])('%s', async (what, indexes) => {
    const plan = await plansOf((stocks) => {
      if (what === 'a symbol') return stocks.find('S77')
      if (what === "Interactive Brokers' number") return stocks.list({ ibkrContractId: 200_077 }, order)
      if (what === 'the time of the last price') return stocks.list({ updatedSince: START + MINUTE_MS }, order)
      return stocks.list({}, { ...order, after: { value: null, symbol: 'S2' } })
    })
    for (const index of indexes) expect(plan).toContain(index)
    expect(plan).not.toMatch(/Seq Scan on (instruments|quotes_latest|instrument_aliases)/)
  })

  test('and finds the stocks that it is about', async () => {
    const { stocks } = held.stores
    expect((await stocks.list({ updatedSince: START + MINUTE_MS }, { ...order, limit: 100 })).length).toBe(20)
    const [found] = await stocks.list({ ibkrContractId: 200_077 }, order)
    expect(found?.listing).toMatchObject({ symbol: 'S77', ibkrContractId: 200_077 })
    expect(await stocks.find('O1')).toBeUndefined()
  })
})

test('a market value beside a streamed price is there with who told it, as one quote tells it', async () => {
  const { stores } = held
  const streamed = provenance({ source: 'alpaca', delivery: 'stream' })
  const [asOf, groups] = [isoOf(START), ['marketCap' as const]]
  const other = { source: 'fmp', feed: 'delayed' as const, asOf, groups: ['book' as const] }
  const quotes = [
    quote({ symbol: 'M-ASKED', marketCap: 1e12, provenance: provenance({}) }),
    quote({ symbol: 'M-OF-NOBODY', marketCap: 2e12, provenance: streamed }),
    quote({ symbol: 'M-OF-OTHERS', marketCap: 3e12, provenance: { ...streamed, parts: [other] } }),
    quote({
      symbol: 'M-TOLD',
      marketCap: 4e12,
      provenance: { ...streamed, parts: [other, { source: 'yahoo', feed: 'delayed', asOf, groups }] }
    })
  ]
  await stores.instruments.upsert(quotes.map(({ symbol }) => ({ symbol, kind: 'equity' })))
  await stores.quotes.upsert(quotes)
  for (const each of quotes) {
    const { marketCap, marketCapSource } = (await stores.stocks.find(each.symbol))!
    const told = fromQuote(each)
    expect({ marketCap, marketCapSource }).toEqual({
      marketCap: told.marketCap,
      marketCapSource: told.marketCapSource
    })
  }
  const [first] = await stores.stocks.list({}, { by: 'marketCap', descending: true, limit: 1 })
  expect(first?.listing).toMatchObject({ symbol: 'M-TOLD', marketCap: 4e12, marketCapSource: 'yahoo' })
})

test('a database of before has its stocks after the migration, and keeps what it knew of them', async () => {
  const { database, url: serverUrl } = held
  const url = await createEmptyDatabase(serverUrl, database.sql)
  const old = createDatabase({ url })
  try {
    await migrateUpTo(old, '0016_instrument_masters')
    await old.sql`insert into instruments (symbol, kind, name) values ('KO', 'equity', 'Coca-Cola'), ('KO-X', 'option', 'x')`
    await old.sql`
      insert into quotes_latest (symbol, price, as_of, received_at, value_order, provenance)
      values ('KO', 61.5, '2026-11-02T15:00:00Z', '2026-11-02T15:00:01Z', '{1,0,-1,0,1,0,0}', '{"source":"yahoo"}')`
    await migrate(url, 'sandbox')
    const rows = await old.sql`select symbol, name, price::float8 as price, market_cap_source from stocks`
    expect([...rows]).toEqual([{ symbol: 'KO', name: 'Coca-Cola', price: 61.5, market_cap_source: null }])
    await migrate(url, 'sandbox')
  } finally {
    await old.close()
    await dropDatabase(url, database.sql)
  }
})
