import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import { pricePointsOf } from '../../db/market-history.ts'
import { migrate } from '../../db/migrate.ts'
import { createStores, type Stores } from '../../db/stores.ts'
import type { Bar, BarSeries } from '../../src/market/bar.ts'
import { testDatabase, type TestDatabase } from '../support/services.ts'
import { createEmptyDatabase, dropDatabase, migrateUpTo, writeOlderBars } from './older-database.ts'
import { provenance, quote, series } from './values.ts'

const bar = (start: string, parts: Partial<Bar> = {}): Bar => ({
  start,
  open: 10,
  high: 11,
  low: 9,
  close: 10,
  ...parts
})
const starting = (...starts: string[]) => starts.map((start) => bar(start))
const WEEKS = ['2024-01-01', '2024-01-08', '2024-01-15', '2024-01-22']
const MONTHS = ['2024-01-01', '2024-02-01']
const DAYS = ['2024-01-02', '2024-01-03', '2024-01-10', '2024-01-17']
const minute = (time: string) => `2024-01-02T${time}.000Z`

/** What an older version wrote down, and the starts of what is right of it. */
const STORED: Record<string, { told: Partial<BarSeries>; right: string[] }> = {
  MONTHS: { told: { bars: starting(...MONTHS) }, right: [] },
  WEEKS: { told: { bars: starting(...WEEKS) }, right: [] },
  DAYS: { told: { bars: starting(...DAYS) }, right: DAYS },
  'WEEKS.L': { told: { interval: '1wk', bars: starting(...WEEKS, '2024-01-31') }, right: WEEKS },
  'MONTHS.L': { told: { interval: '1mo', bars: starting(...MONTHS, '2024-03-15') }, right: MONTHS },
  TOTAL: { told: { interval: '1wk', adjusted: 'all', bars: starting(...WEEKS) }, right: [] },
  TOTALDAYS: { told: { adjusted: 'all', bars: starting(...DAYS) }, right: DAYS },
  TORN: {
    told: {
      bars: [
        bar('2024-01-02'),
        bar('2024-01-03', { close: 12 }),
        bar('2024-01-04', { open: 5 }),
        bar('2024-01-05', { high: 9.99 })
      ]
    },
    right: ['2024-01-02', '2024-01-05']
  },
  ZERO: { told: { bars: [bar('2024-01-02'), bar('2024-01-03', { low: 0 })] }, right: ['2024-01-02'] },
  'CL=F': { told: { bars: [bar('2024-01-02', { low: -40, close: -37 })] }, right: ['2024-01-02'] },
  'CLK20.NYM': { told: { bars: [bar('2024-01-02', { low: -40, close: -37 })] }, right: ['2024-01-02'] },
  MINUTES: {
    told: { interval: '1m', bars: starting(minute('15:00:00'), minute('15:01:00'), minute('15:01:41')) },
    right: [minute('15:00:00'), minute('15:01:00')]
  },
  FIVES: {
    told: { interval: '5m', bars: starting(minute('15:00:00'), minute('15:05:00'), minute('15:07:00')) },
    right: [minute('15:00:00'), minute('15:05:00')]
  },
  HALVES: {
    told: { interval: '1h', bars: starting(minute('14:30:00'), minute('15:30:00')) },
    right: [minute('14:30:00'), minute('15:30:00')]
  }
}

/** Symbol, what an older version wrote down as the country, and its code. */
const STORED_COUNTRIES: readonly [string, string, string | undefined][] = [
  ['OF.YAHOO', 'United States', 'US'],
  ['OF.FMP', 'gb', 'GB'],
  ['OF.AV', 'USA', 'US'],
  ['OF.KOREA', 'South Korea', 'KR'],
  ['OF.UK', 'UK', 'GB'],
  ['OF.NOWHERE', 'Global', undefined]
]

let server: TestDatabase
let own: Database
let database: Database
let stores: Stores
let url: string

beforeAll(async () => {
  server = await testDatabase()
  own = createDatabase({ url: server.url })
  url = await createEmptyDatabase(server.url, own.sql)
  database = createDatabase({ url })
  stores = createStores(database)
  await migrateUpTo(database, '0006_key_expiry_and_user_names')
  for (const [symbol, { told }] of Object.entries(STORED)) await writeOlderBars(database, series({ symbol, ...told }))
  // An answer of months among days that came before.
  await writeOlderBars(database, series({ symbol: 'MIXED', bars: starting(...DAYS) }))
  await writeOlderBars(
    database,
    series({
      symbol: 'MIXED',
      bars: starting(...MONTHS),
      provenance: provenance({ receivedAt: '2024-03-06T00:00:00.000Z' })
    })
  )
  await stores.corporateActions.replaceSplits({
    symbol: 'ONE',
    splits: [
      { exDate: '2024-01-02', ratio: 1 },
      { exDate: '2024-02-02', ratio: 4 }
    ],
    provenance: provenance()
  })
  for (const [symbol, name] of [
    ['MKS.L', 'M&amp;S &#8211; Group &eacute;&bogus; &amp;amp;'],
    ['T', 'AT&T']
  ] as const) {
    const { price, asOf, provenance: told } = quote()
    await database.sql`insert into quotes_latest (symbol, name, price, as_of, received_at, provenance)
      values (${symbol}, ${name}, ${price}, ${asOf}, ${told.receivedAt}, ${database.sql.json(told)})`
  }
  await database.sql`
    insert into profiles (symbol, name, description, officers, received_at, provenance)
    values ('MKS.L', 'M&amp;S', 'R&#x26;D &lt;b&gt;', ${database.sql.json([{ name: 'O&#39;Neil &quot;Bo&quot;', title: 'CEO' }])}, now(), '{}')`
  for (const [symbol, told] of STORED_COUNTRIES) {
    await database.sql`
      insert into profiles (symbol, country, received_at, provenance) values (${symbol}, ${told}, now(), '{}')`
  }
  const item = { url: 'https://a.example/', publishedAt: '2024-01-02T00:00:00.000Z', symbols: ['MKS.L'] }
  await stores.news.upsert({
    symbol: 'MKS.L',
    items: [
      { ...item, id: '1', title: 'What&#39;s up&#8238;', summary: '&ldquo;Up&rdquo;&hellip;', publisher: 'S&amp;P' }
    ],
    provenance: provenance()
  })
  await migrate(url)
})
afterAll(async () => {
  await database.close()
  await dropDatabase(url, own.sql)
  await own.close()
  await server.close()
})

describe('what an older version wrote down wrong is gone after the migration, and what was right is there', () => {
  test.each(Object.entries(STORED))('bars of %s', async (symbol, { told, right }) => {
    const { interval = '1d', adjusted = 'none' } = told
    const held = await stores.bars.range({ symbol, interval, adjusted, from: 0, to: Date.now() })
    expect(held?.bars.map(({ start }) => start) ?? []).toEqual(right)
  })

  test('months among days', async () => {
    const held = await stores.bars.range({ symbol: 'MIXED', interval: '1d', adjusted: 'none', from: 0, to: Date.now() })
    expect(held?.bars.map(({ start }) => start)).toEqual(DAYS)
  })

  test('splits of one for one', async () => {
    expect((await stores.corporateActions.splits('ONE'))?.splits).toEqual([{ exDate: '2024-02-02', ratio: 4 }])
  })

  test('entities in names and stories', async () => {
    const names = await stores.quotes.latest(['MKS.L', 'T'])
    expect(['T', 'MKS.L'].map((symbol) => names.get(symbol)?.name)).toEqual(['AT&T', 'M&S – Group é&bogus; &amp;'])
    const [profile] = await database.sql`select name, description, officers from profiles`
    expect(profile).toEqual({ name: 'M&S', description: 'R&D <b>', officers: [{ name: 'O\'Neil "Bo"', title: 'CEO' }] })
    expect((await stores.news.latest('MKS.L', 5))?.items).toMatchObject([
      { title: "What's up", summary: '“Up”…', publisher: 'S&P' }
    ])
  })

  test('prices of the night can be written down', async () => {
    const extendedHours = { session: 'overnight', price: 92, asOf: '2024-03-06T02:00:00.000Z' } as const
    await stores.marketHistory.addPrices(pricePointsOf(quote({ symbol: 'NIGHT', extendedHours })))
    expect(await stores.marketHistory.prices('NIGHT', 0, Date.now(), 5)).toMatchObject([
      { session: 'regular' },
      { session: 'overnight', price: 92 }
    ])
  })
})

test('countries of profiles are told by their codes', async () => {
  for (const [symbol, , code] of STORED_COUNTRIES) {
    expect([symbol, (await stores.profiles.find(symbol))?.country]).toEqual([symbol, code])
  }
})
