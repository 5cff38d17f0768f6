import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../db/client.ts'
import type { TickReport } from '../../db/tick-writes.ts'
import { parseInstantNs } from '../../src/market/instant-ns.ts'
import type { StoreStats } from '../../src/market/store-stats.ts'
import type { LatestTick, StoredTick } from '../../src/market/stored-tick.ts'
import type { Tick } from '../../src/market/tick.ts'
import type { Trade } from '../../src/market/trade.ts'
import { createGate } from '../db/gate.ts'
import { storeReports } from '../db/stored-reports.ts'
import { pageNamed } from '../support/page-named.ts'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'

type Page = { symbol: string; ticks: StoredTick[]; next?: string }

const FIRST_MS = Date.parse('2026-11-16T15:00:00Z')

let world: ApiWorld
let api: Api
let token: string
let database: Database

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ RATE_LIMIT_PER_MINUTE: '100000' })
  token = (await api.login()).token
  database = createDatabase({ url: world.databaseUrl })
})
afterAll(async () => {
  await database.close()
  await world.close()
})

const get = (path: string, headers = {}) => api.get(`/api/v1/marketdata/${path}`, token, headers)
function value(answer: Answer): unknown {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
  return answer.json()
}

function trade(symbol: string, number: number, over: Partial<Tick<Trade>> = {}): Tick<Trade> {
  return {
    symbol,
    asOf: { ms: FIRST_MS + Math.floor(number / 4), ns: (number % 4) * 1000 + 7 },
    sequence: number,
    tradeDate: '2026-11-16',
    price: 190 + (number % 100) / 100,
    size: 0.3,
    venue: 'XNAS',
    tape: 'C',
    conditions: ['@', 'I'],
    tradeId: String(number),
    source: 'alpaca',
    feed: 'iex',
    receivedAt: FIRST_MS + number,
    ...over
  }
}

const insert = (symbol: string, reports: (id: number) => TickReport[]) => storeReports(database, symbol, reports)
const trades = (symbol: string, count: number) =>
  insert(symbol, (instrumentId) =>
    Array.from({ length: count }, (_, at) => ({ instrumentId, kind: 'trade', tick: trade(symbol, at) }))
  )

describe('stored trades', () => {
  beforeAll(() => trades('IBM', 2500))

  test('come page by page to the nanosecond, none twice and none missing', async () => {
    const pages: Page[] = []
    const range = 'ticks/IBM?start=2026-11-16&end=2026-11-16&limit=999'
    do {
      const page = pages.at(-1)?.next
      pages.push(value(await get(page === undefined ? range : `${range}&page=${page}`)) as Page)
    } while (pages.at(-1)!.next)
    const ticks = pages.flatMap((page) => page.ticks)
    expect(pages.map((page) => page.ticks.length)).toEqual([999, 999, 502])
    expect(ticks.map(({ tradeId }) => tradeId)).toEqual(Array.from({ length: 2500 }, (_, at) => String(at)))
    const { asOf, key, ...rest } = ticks[1]!
    expect([asOf, key]).toEqual(['2026-11-16T15:00:00.000001007Z', 'id XNAS C 1'])
    expect(rest).toEqual({
      kind: 'trade',
      sequence: 1,
      tradeDate: '2026-11-16',
      price: 190.01,
      size: 0.3,
      venue: 'XNAS',
      tape: 'C',
      conditions: ['@', 'I'],
      tradeId: '1',
      source: 'alpaca',
      feed: 'iex',
      receivedAt: '2026-11-16T15:00:00.001Z'
    })
    const within = 'ticks/IBM?start=2026-11-16T15:00:00.000001007Z&end=2026-11-16T15:00:00.000003007Z'
    expect((value(await get(within)) as Page).ticks.map(({ tradeId }) => tradeId)).toEqual(['1', '2'])
  })

  test('are streamed in whole as csv, ndjson and parquet, with the same values', async () => {
    const whole = 'ticks/IBM?start=2026-11-16&format='
    const lines = (await get(`${whole}ndjson`)).body.trimEnd().split('\n')
    const ticks = lines.map((line) => JSON.parse(line) as StoredTick)
    expect(ticks.map(({ tradeId }) => tradeId)).toEqual(Array.from({ length: 2500 }, (_, at) => String(at)))

    const [head, ...rows] = (await get(`${whole}csv`)).body.trimEnd().split('\n')
    expect(rows).toHaveLength(2500)
    const cells = new Map(
      head!.split(',').map((name, at) => [name, rows[1]!.replaceAll(/"[^"]*"/g, 'quoted').split(',')[at]])
    )
    expect([cells.get('asOf'), cells.get('price'), cells.get('conditions')]).toEqual([
      ticks[1]!.asOf,
      '190.01',
      'quoted'
    ])

    const { rawPayload, headers } = await api.app.inject({
      url: `/api/v1/marketdata/ticks/IBM?start=2026-11-16`,
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.apache.parquet' }
    })
    expect(headers).toMatchObject({ 'content-type': 'application/vnd.apache.parquet', 'quotewire-symbol': 'IBM' })
    const file = Uint8Array.from(rawPayload).buffer
    // Instants as what they are in the file: its reader would make them milliseconds.
    const parsers = { timestampFromNanoseconds: (ns: bigint) => ns, timestampFromMilliseconds: (ms: bigint) => ms }
    const read = await parquetReadObjects({ file, parsers })
    const nanoseconds = (text: string) => {
      const { ms, ns } = parseInstantNs(text)!
      return BigInt(ms) * 1_000_000n + BigInt(ns)
    }
    expect(
      read.map(({ asOf, tradeId, price, size, sequence, conditions }) => [
        asOf,
        tradeId,
        price,
        size,
        sequence,
        conditions
      ])
    ).toEqual(
      ticks.map((tick) => [nanoseconds(tick.asOf), tick.tradeId, tick.price, tick.size, BigInt(tick.sequence), '@,I'])
    )
    expect(read[0]).toMatchObject({ tradeDate: new Date('2026-11-16'), replacedBy: null })
  })

  test('begin with the last day where no range is named', async () => {
    const asOf = { ms: Date.now() - 60_000, ns: 0 }
    const tradeDate = new Date(asOf.ms).toISOString().slice(0, 10)
    await insert('IBM', (instrumentId) => [
      { instrumentId, kind: 'trade', tick: trade('IBM', 9999, { asOf, tradeDate }) }
    ])
    expect((value(await get('ticks/IBM')) as Page).ticks.map(({ tradeId }) => tradeId)).toEqual(['9999'])
    expect(value(await get('ticks/IBM/latest')) as LatestTick).toMatchObject({ symbol: 'IBM', tradeId: '9999' })
  })
})

test('what was corrected or cancelled is shown as such, with what did it and why, or left out', async () => {
  await trades('KO', 3)
  const replaces = (tradeId: string) => ({ tradeDate: '2026-11-16', venue: 'XNAS', tape: 'C', tradeId })
  const at = { ms: FIRST_MS + 60_000, ns: 5 }
  await insert('KO', (instrumentId) => {
    const { price: _, size: _size, ...cancel } = trade('KO', 1, { asOf: at })
    return [
      {
        instrumentId,
        kind: 'correction',
        tick: { ...trade('KO', 50, { price: 180, asOf: at }), replaces: replaces('0'), reason: 'error' }
      },
      { instrumentId, kind: 'cancel', tick: { ...cancel, replaces: replaces('1'), reason: 'cancel' } }
    ]
  })
  const seen = (ticks: readonly StoredTick[]) =>
    ticks.map(({ kind, price, replacedBy, replaces: of, reason }) => [kind, price, replacedBy, of, reason])
  const all: StoredTick[] = []
  let next: string | undefined
  do {
    const page = next === undefined ? '' : `&page=${next}`
    const answer = value(await get(`ticks/KO?start=2026-11-16&limit=1${page}`)) as Page
    all.push(...answer.ticks)
    next = answer.next
  } while (next)
  expect(seen(all)).toEqual([
    ['trade', 190, 'correction', undefined, undefined],
    ['correction', 180, undefined, 'id XNAS C 0', 'error'],
    ['trade', 190.01, 'cancel', undefined, undefined],
    ['cancel', undefined, undefined, 'id XNAS C 1', 'cancel'],
    ['trade', 190.02, undefined, undefined, undefined]
  ])
  const standing = value(await get('ticks/KO?start=2026-11-16&show=standing')) as Page
  expect(standing.ticks.map(({ price }) => price)).toEqual([180, 190.02])
  expect(value(await get('ticks/KO/latest'))).toMatchObject({ price: 190.02 })
})

test('of a symbol that nobody knows, and of one without trades, nothing is told as if it were something', async () => {
  await insert('GE', () => [])
  expect(value(await get('ticks/GE?start=2026-11-16')) as Page).toEqual({ symbol: 'GE', ticks: [] })
  expect(errorOf(await get('ticks/GE/latest'))).toMatchObject({ code: 'NOTHING_STORED' })
  for (const path of ['ticks/GEE', 'ticks/GEE/latest', 'ticks/GEE?format=parquet']) {
    const answer = await get(path)
    expect([answer.status, errorOf(answer).details]).toEqual([404, { symbol: 'GEE', suggestions: ['GE'] }])
  }
})

test('without Postgres the answer is that it cannot be had now, and when to come back', async () => {
  const gate = await createGate(world.databaseUrl)
  const behind = await world.startApi({ DATABASE_URL: gate.url })
  const login = await behind.login()
  await gate.shut()
  for (const path of [
    'marketdata/ticks/IBM',
    'marketdata/ticks/IBM?format=csv',
    'marketdata/gaps',
    'bars/IBM',
    'bars/latest'
  ]) {
    const answer = await behind.get(`/api/v1/${path}`, login.token)
    expect([answer.status, errorOf(answer).code]).toEqual([503, 'STORE_UNAVAILABLE'])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  }
})

test('how much is stored, and how far the log was written, is told without counting', async () => {
  await database.sql`analyze ticks`
  const stats = value(await get('stats')) as StoreStats
  const { estimatedRows, days } = stats.ticks
  expect(estimatedRows).toBeGreaterThan(2500)
  expect(days.map(({ tradeDate }) => tradeDate)).toContain(new Date().toISOString().slice(0, 10))
  expect(stats).toMatchObject({
    gaps: { open: 0, filling: 0, filled: 0, unfillable: 0 },
    written: []
  })
})

const pageAt = (place: object) => pageNamed('ticks', place, { params: { symbol: 'IBM' }, query: { show: 'all' } })

test.each([
  ['a limit that is too large', 'limit=10001', 'limit'],
  ['a way to show there is none of', 'show=some', 'show'],
  ['a page that nobody named', 'page=bm9uc2Vuc2U', 'page'],
  ['a page of another time', `page=${pageAt({ asOf: { ms: 1e300, ns: 0 }, sequence: 0, key: '' })}`, 'page'],
  ['a page of a key that is none', `page=${pageAt({ asOf: { ms: 0, ns: 0 }, sequence: 0, key: 'a\0' })}`, 'page'],
  ['a page with odd characters', 'page=a.b', 'page'],
  ['a beginning in the future', 'start=2199-01-01', 'start'],
  ['a range turned round', 'start=2026-11-16T15:00:00.000000002Z&end=2026-11-16T15:00:00.000000001Z', 'end'],
  ['an instant without its zone', 'start=2026-11-16T15:00:00', 'start'],
  ['a parameter that is not known', 'from=2026-11-16', 'from']
])('%s is a 400 that names the field', async (_name, query, field) => {
  const answer = await get(`ticks/IBM?${query}`)
  expect([answer.status, errorOf(answer).details]).toEqual([400, expect.objectContaining({ field })])
})
