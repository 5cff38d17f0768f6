import { setImmediate } from 'node:timers/promises'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBarUpdates, type StandingUpdate } from '../../db/bar-updates.ts'
import { createDatabase, type Database } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { createStores } from '../../db/stores.ts'
import type { LatestBar, StoredBar, StoredBarPage } from '../../src/market/stored-bar.ts'
import { pageNamed } from '../support/page-named.ts'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'
import { provenance, series } from '../db/values.ts'

const MINUTE_MS = 60_000
/** A Monday on which New York trades from 14:30 to 21:00 UTC. */
const OPEN = Date.parse('2026-11-16T14:30:00Z')

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

const get = (path: string, headers = {}) => api.get(path, token, headers)
function value(answer: Answer): unknown {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
  return answer.json()
}
const page = async (path: string) => value(await get(`/api/v1/bars/${path}`)) as StoredBarPage

function update(symbol: string, start: number, close: number, over: Partial<StandingUpdate> = {}): StandingUpdate {
  const { interval = '1m' } = over
  const at = new Date(start).toISOString()
  return {
    symbol,
    interval,
    bar: { start: interval === '1d' ? at.slice(0, 10) : at, open: 1, high: 999, low: 1, close, volume: 0.3 },
    state: 'final',
    revision: 0,
    provenance: provenance({ source: 'alpaca-trades', feed: 'iex', receivedAt: at }),
    timestamp: at,
    ...over
  }
}
const write = (...updates: StandingUpdate[]) =>
  inCopyTransaction(database.copyPool, (tx) => writeBarUpdates(tx, updates))
const minutes = (symbol: string, count: number, from = OPEN) =>
  Array.from({ length: count }, (_, index) => update(symbol, from + index * MINUTE_MS, index + 1))
const closes = (bars: readonly StoredBar[]) => bars.map(({ close }) => close)

describe('stored bars of a symbol', () => {
  beforeAll(() => write(...minutes('IBM', 25)))

  test('are counted from the end, come oldest first, and older ones by page, none twice and none missing', async () => {
    const newest = await page('IBM?limit=10')
    expect(newest).toMatchObject({
      symbol: 'IBM',
      interval: '1m',
      adjusted: 'none',
      provenance: { source: 'alpaca-trades', feed: 'iex' }
    })
    expect(newest.cursor).toBeDefined()
    const pages = [newest]
    while (pages.at(-1)!.next) pages.push(await page(`IBM?limit=10&page=${pages.at(-1)!.next}`))
    expect(pages.map(({ bars }) => bars.length)).toEqual([10, 10, 5])
    expect(closes(pages.toReversed().flatMap(({ bars }) => bars))).toEqual(
      Array.from({ length: 25 }, (_, at) => at + 1)
    )
    expect(pages[1]).not.toHaveProperty('cursor')
  })

  test('say in which session they begin, what state they are in, which revision, and why', async () => {
    const before = OPEN - MINUTE_MS
    await write(
      update('KO', before, 5),
      update('KO', OPEN, 6),
      update('KO', OPEN, 7, { state: 'corrected', revision: 1, reason: 'a trade was reported late' }),
      update('KO', OPEN + MINUTE_MS, 8, { state: 'provisional' })
    )
    const { bars } = await page('KO')
    expect(
      bars.map(({ session, state, revision, reason, complete }) => [session, state, revision, reason, complete])
    ).toEqual([
      ['pre', 'final', 0, undefined, undefined],
      ['regular', 'corrected', 1, 'a trade was reported late', undefined],
      ['regular', 'provisional', 0, undefined, false]
    ])
  })

  test('are of one source and feed, and say which; whoever asks for another one gets it', async () => {
    const told = { provenance: provenance({ source: 'alpaca', feed: 'consolidated' }) }
    await write(...minutes('GE', 3), update('GE', OPEN + 10 * MINUTE_MS, 99, told))
    expect(closes((await page('GE')).bars)).toEqual([99])
    expect(closes((await page('GE?source=alpaca-trades')).bars)).toEqual([1, 2, 3])
    expect(closes((await page('GE?feed=consolidated')).bars)).toEqual([99])
    expect((await page('GE?source=massive')).bars).toEqual([])
    // Of a range the one that has most of it.
    expect(closes((await page('GE/range?start=2026-11-16')).bars)).toEqual([1, 2, 3])
  })

  test('of a range come page by page in each format, or streamed in whole, with the same figures', async () => {
    const whole = await page('IBM/range?start=2026-11-16&end=2026-11-16')
    expect(closes(whole.bars)).toHaveLength(25)
    expect(whole).not.toHaveProperty('cursor')
    const first = await page('IBM/range?start=2026-11-16T14:31:00Z&limit=20')
    const rest = await page(`IBM/range?start=2026-11-16T14:31:00Z&limit=20&page=${first.next}`)
    expect([...first.bars, ...rest.bars]).toEqual(whole.bars.slice(1))

    const csv = await get('/api/v1/bars/IBM/range?start=2026-11-16&format=csv')
    const [head, ...rows] = csv.body.trimEnd().split('\n')
    expect(head).toBe('start,open,high,low,close,volume,state,revision,reason,session,receivedAt,symbol')
    expect(rows).toEqual(
      whole.bars.map(
        ({ start, close, receivedAt }) => `${start},1,999,1,${close},0.3,final,0,,regular,${receivedAt},IBM`
      )
    )
    expect(csv.headers).toMatchObject({ 'quotewire-symbol': 'IBM', 'quotewire-source': 'alpaca-trades' })
    const ndjson = await get('/api/v1/bars/IBM/range?start=2026-11-16', {
      accept: 'text/html, application/x-ndjson;q=0.5'
    })
    const lines = ndjson.body.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      whole.bars.map((bar) => ({ ...bar, symbol: 'IBM' }))
    )

    const answer = await api.app.inject({
      url: '/api/v1/bars/IBM/range?start=2026-11-16&format=parquet',
      headers: { authorization: `Bearer ${token}` }
    })
    expect(answer.headers['content-type']).toBe('application/vnd.apache.parquet')
    const file = Uint8Array.from(answer.rawPayload).buffer
    const read = await parquetReadObjects({ file })
    expect(
      read.map((row) => ({
        start: (row['start'] as Date).toISOString(),
        close: row['close'],
        revision: row['revision']
      }))
    ).toEqual(whole.bars.map(({ start, close }) => ({ start, close, revision: 0n })))
  })

  test('answer under every path that clients of other servers know', async () => {
    for (const path of ['', '/range?start=2026-11-16']) {
      const { cursor: _, ...expected } = await page(`IBM${path}`)
      for (const prefix of ['/bars', '/api/bars']) {
        const { cursor: _cursor, ...answer } = value(await get(`${prefix}/IBM${path}`)) as StoredBarPage
        expect(answer).toEqual(expected)
      }
    }
    expect((await get('/bars/latest')).status).toBe(200)
    expect((await api.get('/bars/IBM')).status).toBe(401)
  })
})

/** Bars are told at a millisecond. */
async function anotherMillisecond(): Promise<void> {
  const now = Date.now()
  while (Date.now() === now) await setImmediate()
}

describe('bars as of', () => {
  test('an instant are what was told then, also of bars that were corrected or withdrawn later', async () => {
    const instants: string[] = []
    const tell = async (...updates: StandingUpdate[]) => {
      await write(...updates)
      await anotherMillisecond()
      instants.push(new Date().toISOString())
      await anotherMillisecond()
    }
    await tell(update('F', OPEN, 1))
    // The same again says nothing new.
    await tell(update('F', OPEN, 1), update('F', OPEN + MINUTE_MS, 5, { state: 'provisional' }))
    await tell(update('F', OPEN, 2, { state: 'corrected', revision: 1, reason: 'a trade was cancelled' }))
    await tell(update('F', OPEN + MINUTE_MS, 6))
    const asOf = async (instant: string) =>
      (await page(`F?asof=${instant}`)).bars.map(({ close, state, revision }) => [close, state, revision])
    expect(await asOf('2026-11-15')).toEqual([])
    expect(await asOf(instants[0]!)).toEqual([[1, 'final', 0]])
    // What a provisional bar said is not kept.
    expect(await asOf(instants[1]!)).toEqual([[1, 'final', 0]])
    expect(await asOf(instants[2]!)).toEqual([[2, 'corrected', 1]])
    expect(await asOf(instants[3]!)).toEqual([
      [2, 'corrected', 1],
      [6, 'final', 0]
    ])
    expect((await page(`F/range?start=2026-11-16&asof=${instants[0]}`)).bars).toHaveLength(1)
  })

  test('an instant are those of who had told any then, although another one has more of them since', async () => {
    const told = (source: string, start: string, close: number) =>
      update('GE', Date.parse(start), close, { interval: '1d', provenance: provenance({ source, receivedAt: start }) })
    await write(told('fmp', '2021-06-01', 7))
    await database.sql`update daily_bars set told_at = '2021-06-02T00:00:00Z' where close = 7`
    await write(told('yahoo', '2021-06-01', 8), told('yahoo', '2021-06-02', 9))
    for (const path of ['GE?', 'GE/range?start=2021-06-01&']) {
      expect(await page(`${path}timeframe=1d&asof=2021-06-03`)).toMatchObject({ bars: [{ close: 7 }] })
      expect(closes((await page(`${path}timeframe=1d`)).bars)).toEqual([8, 9])
    }
  })

  test('a day are those of the instrument that had the symbol then', async () => {
    await write(update('META', OPEN, 7), update('META', Date.parse('2021-06-01'), 8, { interval: '1d' }))
    const { instruments } = createStores(database)
    const id = (await instruments.find(['META'])).get('META')!.id
    await database.sql`update instruments set symbol = 'FB' where id = ${id}`
    await instruments.rename(id, 'META', '2022-06-09')
    await database.sql`update daily_bars set told_at = '2021-06-02T00:00:00Z' where start = '2021-06-01'`
    const then = await page('FB?asof=2022-01-01&timeframe=1d')
    expect(then).toMatchObject({ symbol: 'FB', currentSymbol: 'META', bars: [{ start: '2021-06-01', close: 8 }] })
    expect((await get('/api/v1/bars/FB')).status).toBe(404)
    expect((await get('/api/v1/bars/META?asof=2022-01-01')).status).toBe(404)
    expect(closes((await page('META')).bars)).toEqual([7])
  })
})

test('the newest bar of every symbol comes in one answer, page by page where there are many', async () => {
  await write(...minutes('AA', 2), ...minutes('AAA', 1), ...minutes('AB', 3), ...minutes('AC', 1))
  // What retention leaves of a symbol that is traded no more.
  await database.sql`delete from bars where series_id in (
    select bar_series.id from bar_series join instruments on instruments.id = instrument_id where symbol = 'AAA')`
  const first = value(await get('/api/v1/bars/latest?limit=2')) as { bars: LatestBar[]; next?: string; cursor?: string }
  expect(first.bars.map(({ symbol, close }) => [symbol, close])).toEqual([
    ['AA', 2],
    ['AB', 3]
  ])
  const rest = value(await get(`/api/v1/bars/latest?page=${first.next}`)) as { bars: LatestBar[] }
  expect(rest.bars[0]).toMatchObject({
    symbol: 'AC',
    close: 1,
    source: 'alpaca-trades',
    feed: 'iex',
    session: 'regular'
  })
  const all = value(await get('/api/v1/bars/latest')) as { bars: LatestBar[]; cursor?: string }
  expect(all.bars.map(({ symbol }) => symbol)).toEqual([...first.bars, ...rest.bars].map(({ symbol }) => symbol))
  expect([first.cursor, all.cursor]).toEqual([undefined, expect.any(String)])
})

test('the session of a day and the close before come as one value', async () => {
  await createStores(database).bars.upsert(
    series({ symbol: 'T', interval: '1d', adjusted: 'none', bars: [bar('2026-11-13', 10), bar('2026-11-16', 11)] })
  )
  const ohlc = value(await get('/api/v1/marketdata/ohlc/T'))
  expect(ohlc).toMatchObject({ symbol: 'T', date: '2026-11-16', close: 11, session: 'regular' })
  expect(ohlc).toMatchObject({ previousClose: 10, previousDate: '2026-11-13' })
  expect(value(await get('/api/marketdata/ohlc/T?date=2026-11-15'))).toMatchObject({ date: '2026-11-13', close: 10 })
  expect(errorOf(await get('/api/v1/marketdata/ohlc/T?date=2026-11-12'))).toMatchObject({ code: 'NOTHING_STORED' })
})

const bar = (start: string, close: number) => ({ start, open: close, high: close, low: close, close, volume: 1 })

test('of a symbol that nobody knows near ones are named, those too that came since the start', async () => {
  await write(...minutes('ORCL', 1))
  const answer = await get('/api/v1/bars/ORCK')
  expect(answer.status).toBe(404)
  expect(errorOf(answer)).toMatchObject({ code: 'NOTHING_STORED', details: { symbol: 'ORCK', suggestions: ['ORCL'] } })
})

const behind = (place: object, symbol = 'IBM', timeframe = '1m') =>
  pageNamed('bars', place, { params: { symbol }, query: { timeframe, adjusted: 'none' } })

test('behind a page of a day that no calendar has come the newest bars', async () => {
  await write(update('GM', Date.parse('2021-06-01'), 8, { interval: '1d' }))
  expect(
    (await page(`GM?timeframe=1d&page=${behind({ start: '9999-12-31T23:59:59Z' }, 'GM', '1d')}`)).bars
  ).toHaveLength(1)
})

test.each([
  ['a timeframe there is none of', 'IBM?timeframe=2m', 'timeframe'],
  ['a limit of nothing', 'IBM?limit=0', 'limit'],
  ['a limit that is too large', 'IBM?limit=10001', 'limit'],
  ['an adjustment there is none of', 'IBM?adjusted=maybe', 'adjusted'],
  ['a feed there is none of', 'IBM?feed=cnn', 'feed'],
  ['a source that is none', 'IBM?source=A%20B', 'source'],
  ['a format there is none of', 'IBM?format=xml', 'format'],
  ['a page that nobody named', 'IBM?page=bm9uc2Vuc2U', 'page'],
  ['a page of something else', `IBM?page=${behind({ symbol: 'A' })}`, 'page'],
  ['a page of no day', `IBM?page=${behind({ start: '2026-02-30' })}`, 'page'],
  ['a page of a place that no clock has', `IBM?page=${behind({ start: '9999-12-31T23:59:59-23:59' })}`, 'page'],
  ['an instant in the future', 'IBM?asof=2199-01-01', 'asof'],
  ['no day', 'IBM?asof=2026-02-30', 'asof'],
  ['a range without a beginning', 'IBM/range', 'start'],
  ['a range from the future', 'IBM/range?start=2199-01-01', 'start'],
  ['a range turned round', 'IBM/range?start=2026-11-02&end=2026-11-01', 'end'],
  ['a parameter that is not known', 'IBM?interval=1m', 'interval'],
  ['a symbol that is none', '$$$', 'symbol']
])('%s is a 400 that names the field', async (_name, path, field) => {
  const answer = await get(`/api/v1/bars/${path}`)
  expect([answer.status, errorOf(answer).details]).toEqual([400, expect.objectContaining({ field })])
})
