import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBarUpdates } from '../../db/bar-updates.ts'
import { createDatabase, type Database } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { writeHalts } from '../../db/halts.ts'
import { createStores, type Stores } from '../../db/stores.ts'
import type { Completeness } from '../../src/market/completeness.ts'
import type { Gap } from '../../src/market/gap.ts'
import type { Halt } from '../../src/market/halt.ts'
import type { StoredAudit, StoredDifference } from '../../src/market/stored-audit.ts'
import type { StoredHalt } from '../../src/market/stored-halt.ts'
import { tickOfShape } from '../../src/market/tick.ts'
import { pageNamed } from '../support/page-named.ts'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'
import { provenance } from '../db/values.ts'

let world: ApiWorld
let api: Api
let token: string
let database: Database
let stores: Stores
let ibm: number

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login()).token
  database = createDatabase({ url: world.databaseUrl })
  stores = createStores(database)
  const updates = ['14:30', '14:31', '15:00'].map((time) => ({
    symbol: 'IBM',
    interval: '1m' as const,
    bar: { start: `2026-11-16T${time}:00.000Z`, open: 1, high: 1, low: 1, close: 1 },
    state: 'final' as const,
    revision: 0,
    provenance: provenance({ source: 'alpaca-trades', feed: 'iex' }),
    timestamp: '2026-11-16T15:01:00.000Z'
  }))
  await inCopyTransaction(database.copyPool, (tx) => writeBarUpdates(tx, updates))
  ibm = (await stores.instruments.find(['IBM'])).get('IBM')!.id
})
afterAll(async () => {
  await database.close()
  await world.close()
})

type HaltsPage = { next?: string; halts: StoredHalt[] }

const get = (path: string) => api.get(`/api/v1/marketdata/${path}`, token)
function value(answer: Answer): unknown {
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
  return answer.json()
}

describe('with gaps in the ledger', () => {
  beforeAll(async () => {
    const { gaps } = stores
    const iex = { source: 'alpaca', feed: 'iex' } as const
    const filled = await gaps.add({ ...iex, reason: 'outage' }, '2026-11-16T14:40:00Z', '2026-11-16T14:45:00Z')
    await gaps.move(filled, 'open', 'filled')
    const lost = await gaps.add(
      { ...iex, instrumentId: ibm, reason: 'joined_late' },
      '2026-11-16T14:50:00Z',
      '2026-11-16T14:52:00Z'
    )
    await gaps.move(lost, 'open', 'unfillable')
    await gaps.add(
      { source: 'massive', feed: 'consolidated', reason: 'mute' },
      '2026-11-16T16:00:00Z',
      '2026-11-16T16:00:00.5Z'
    )
    await gaps.begin({ ...iex, reason: 'down' }, '2026-11-17T00:30:00Z')
  })

  const RANGE = 'start=2026-11-16&end=2026-11-18'
  const gapsOf = async (query: string) => (value(await get(`gaps?${RANGE}&${query}`)) as { gaps: Gap[] }).gaps
  const reasons = async (query: string) => (await gapsOf(query)).map(({ reason }) => reason)

  test('they come newest first, by what is asked for, and page by page', async () => {
    expect(await gapsOf('')).toMatchObject([
      { reason: 'down', state: 'open', from: '2026-11-17T00:30:00.000Z' },
      { reason: 'mute', source: 'massive', feed: 'consolidated' },
      { reason: 'joined_late', symbol: 'IBM', state: 'unfillable', until: '2026-11-16T14:52:00.000Z' },
      { reason: 'outage', state: 'filled' }
    ])
    expect((await gapsOf(''))[0]).not.toHaveProperty('until')
    expect(await reasons('symbol=ibm')).toEqual(['down', 'mute', 'joined_late', 'outage'])
    expect(await reasons('state=open&source=alpaca')).toEqual(['down'])
    expect(await reasons('feed=consolidated')).toEqual(['mute'])
    expect(await reasons('reason=outage')).toEqual(['outage'])
    // What grows touches all that comes after it.
    expect((value(await get('gaps')) as { gaps: Gap[] }).gaps.map(({ reason }) => reason)).toContain('down')
    const seen: string[] = []
    let page: string | undefined = ''
    while (page !== undefined) {
      const answer = value(await get(`gaps?${RANGE}&limit=3${page && `&page=${page}`}`)) as {
        gaps: Gap[]
        next?: string
      }
      seen.push(...answer.gaps.map(({ reason }) => reason))
      page = answer.next
    }
    expect(seen).toEqual(await reasons(''))
    const [head, row] = (await get(`gaps?${RANGE}&state=filled&format=csv`)).body.split('\n')
    expect(head).toBe('id,source,feed,symbol,from,until,reason,state,stateAt,detail')
    expect(row).toMatch(/^\d+,alpaca,iex,,2026-11-16T14:40:00.000Z,2026-11-16T14:45:00.000Z,outage,filled,/)
  })

  test('a day adds up, feed by feed and session by session', async () => {
    const day = value(await get('completeness/IBM?date=2026-11-16')) as Completeness
    expect(day).toMatchObject({ symbol: 'IBM', exchange: 'XNYS', timeZone: 'America/New_York', expectedMinutes: 960 })
    // Nobody brought trades of it from the other provider, whose gap concerns all that it carries.
    expect(day.feeds).toMatchObject([
      {
        source: 'alpaca',
        feed: 'iex',
        expectedMinutes: 960,
        receivedMinutes: 960 - 5 - 2 - 30,
        backfilledMinutes: 5,
        unfillableMinutes: 2,
        missingMinutes: 30,
        sessions: [
          { session: 'pre', open: '2026-11-16T09:00:00.000Z', receivedMinutes: 330, tradedMinutes: 0 },
          { session: 'regular', backfilledMinutes: 5, unfillableMinutes: 2, tradedMinutes: 3 },
          { session: 'post', missingMinutes: 30 }
        ],
        gaps: [{ reason: 'down' }, { reason: 'joined_late' }, { reason: 'outage' }]
      }
    ])
    expect(value(await get('completeness/IBM?date=2026-11-15'))).toMatchObject({ expectedMinutes: 0, feeds: [] })
    expect(value(await get('completeness/IBM'))).toMatchObject({ symbol: 'IBM' })
  })
})

test('what was fetched of a symbol is here, although of another one it cannot be had', async () => {
  const { gaps, gapFills } = stores
  const subject = { source: 'alpaca', feed: 'iex', reason: 'outage' } as const
  const id = await gaps.add(subject, '2026-11-12T15:00:00Z', '2026-11-12T15:05:00Z')
  await gapFills.done(id, ibm, { via: 'alpaca/iex', trades: 3 })
  await gapFills.done(id, ibm + 1, { reason: 'alpaca does not know the symbol' })
  await gaps.move(id, 'open', 'unfillable')
  const { feeds } = value(await get('completeness/IBM?date=2026-11-12')) as Completeness
  expect(feeds).toMatchObject([
    { feed: 'iex', backfilledMinutes: 5, unfillableMinutes: 0, gaps: [{ state: 'filled' }] }
  ])
  const told = async (query: string) =>
    (value(await get(`gaps?start=2026-11-12&end=2026-11-12&${query}`)) as { gaps: Gap[] }).gaps.map(
      ({ state }) => state
    )
  expect(await told('')).toEqual(['unfillable'])
  expect(await told('symbol=IBM&state=filled')).toEqual(['filled'])
  expect(await told('symbol=IBM&state=unfillable')).toEqual([])
  // What an audit calls missing in a gap is what was not fetched.
  const within = (instrumentId: number) =>
    gaps.within(instrumentId, Date.parse('2026-11-12T15:00:00Z'), Date.parse('2026-11-12T15:05:00Z'))
  expect((await within(ibm)).map(({ state }) => state)).toEqual(['filled'])
  expect((await within(ibm + 1)).map(({ state }) => state)).toEqual(['unfillable'])
})

test('of an exchange whose hours nobody knows no minutes are made up', async () => {
  await stores.instruments.upsert([{ symbol: 'TEF.MC' }])
  const answer = await get('completeness/TEF.MC?date=2026-11-16')
  expect([answer.status, errorOf(answer).code]).toEqual([404, 'NOTHING_STORED'])
})

const NO_CLOCK = '2026-11-16T10:00:00+23:59'

test.each([
  ['a gap of a time that no clock has', `gaps?page=${pageNamed('gaps', { from: NO_CLOCK, id: 1 }, {})}`, 'page'],
  [
    'a difference of a time that no clock has',
    `audits/IBM/differences?date=2026-11-16&page=${pageNamed('audit-differences', { interval: '1m', start: NO_CLOCK, id: 1 }, { params: { symbol: 'IBM' }, query: { date: '2026-11-16' } })}`,
    'page'
  ],
  [
    'an audit of more instruments than there are',
    `audits?page=${pageNamed('audits', { instrumentId: 2 ** 31, tradeDate: '2026-11-16', interval: '1m', source: 'a', feed: 'iex', official: 'a' }, {})}`,
    'page'
  ],
  ['a state there is none of', 'gaps?state=lost', 'state'],
  ['a reason there is none of', 'gaps?reason=rain', 'reason'],
  ['a symbol that is none', 'gaps?symbol=$$$', 'symbol'],
  ['a limit that is too large', 'gaps?limit=1001', 'limit'],
  ['a page that nobody named', 'gaps?page=e30', 'page'],
  ['a day there is none of', 'completeness/IBM?date=2026-02-30', 'date'],
  ['a day to come', 'completeness/IBM?date=2199-01-01', 'date'],
  ['no day at all', 'completeness/IBM?date=2026-11-16T10:00:00Z', 'date']
])('%s is a 400 that names the field', async (_name, path, field) => {
  const answer = await get(path)
  expect([answer.status, errorOf(answer).details]).toEqual([400, expect.objectContaining({ field })])
})

describe('with halts that feeds told', () => {
  const told = (asOf: string, status: 'halted' | 'trading', more: Partial<Halt> = {}) => {
    const tick = { symbol: 'IBM', asOf, sequence: 1, tradeDate: '2026-11-16', source: 'alpaca', feed: 'iex' } as const
    const received = { ...tick, receivedAt: '2026-11-16T15:00:01.000Z', ...more }
    return { instrumentId: ibm, tick: { ...tickOfShape(received), status } }
  }

  test('they come oldest first, with their nanoseconds, page by page, and feed by feed', async () => {
    const halted = told('2026-11-16T15:00:00.000000123Z', 'halted', { reason: 'News pending', reasonCode: 'T1' })
    const sip = told('2026-11-16T15:00:00.000000123Z', 'halted', { feed: 'consolidated' })
    await inCopyTransaction(database.copyPool, (tx) =>
      writeHalts(tx, [told('2026-11-16T15:05:00Z', 'trading'), halted, sip])
    )
    const pages: HaltsPage[] = []
    for (let next: string | undefined = ''; next !== undefined; next = pages.at(-1)!.next) {
      const page = next === '' ? '' : `&page=${next}`
      pages.push(value(await get(`halts/ibm?start=2026-11-16&end=2026-11-16&limit=1${page}`)) as HaltsPage)
    }
    expect(pages.flatMap(({ halts }) => halts)).toEqual([
      expect.objectContaining({ status: 'halted', feed: 'consolidated' }),
      {
        status: 'halted',
        asOf: '2026-11-16T15:00:00.000000123Z',
        sequence: 1,
        tradeDate: '2026-11-16',
        reason: 'News pending',
        reasonCode: 'T1',
        source: 'alpaca',
        feed: 'iex',
        receivedAt: '2026-11-16T15:00:01.000Z'
      },
      expect.objectContaining({ status: 'trading', asOf: '2026-11-16T15:05:00.000Z' })
    ])
    const from = encodeURIComponent('2026-11-16T15:00:00.000000124Z')
    expect((value(await get(`halts/IBM?start=${from}&end=2026-11-16`)) as HaltsPage).halts).toHaveLength(1)
    expect((await get('halts/IBM?start=2026-11-16&format=csv')).body.split('\n')[0]).toMatch(/^status,asOf,/)
    expect(errorOf(await get('halts/IBM?page=abc')).details).toMatchObject({ field: 'page' })
  })
})

test('audits come newest first and page by page, and say of each bar that differs why, with both figures', async () => {
  const series = { instrumentId: ibm, symbol: 'IBM', interval: '1m', source: 'alpaca', feed: 'iex' } as const
  const bar = { open: 1, high: 2, low: 1, close: 2, volume: 10 }
  const differences = ['14:30', '14:31'].map((time, at) => ({
    start: `2026-11-16T${time}:00.000Z`,
    cause: 'odd_lot' as const,
    own: at === 0 ? bar : undefined,
    official: { ...bar, close: 1 }
  }))
  for (const [tradeDate, found] of [
    ['2026-11-13', []],
    ['2026-11-16', differences]
  ] as const) {
    await stores.barAudits.keep({ ...series, tradeDate, official: 'alpaca/sip', compared: 390, differences: found })
  }
  type Page = { next?: string; audits: StoredAudit[]; differences: StoredDifference[] }
  const pagesOf = async (path: string) => {
    const pages = [value(await get(`${path}&limit=1`)) as Page]
    for (let next = pages[0]!.next; next !== undefined; next = pages.at(-1)!.next) {
      pages.push(value(await get(`${path}&limit=1&page=${next}`)) as Page)
    }
    return pages
  }
  expect((await pagesOf('audits?symbol=ibm')).flatMap(({ audits }) => audits)).toMatchObject([
    { symbol: 'IBM', tradeDate: '2026-11-16', official: 'alpaca/sip', compared: 390, differences: 2 },
    { symbol: 'IBM', tradeDate: '2026-11-13', compared: 390, differences: 0 }
  ])
  expect((value(await get('audits?date=2026-11-13')) as Page).audits).toHaveLength(1)
  const found = (await pagesOf('audits/IBM/differences?date=2026-11-16')).flatMap((page) => page.differences)
  expect(found).toMatchObject([
    { start: '2026-11-16T14:30:00.000Z', cause: 'odd_lot', close: 2, officialClose: 1 },
    { start: '2026-11-16T14:31:00.000Z', officialClose: 1 }
  ])
  expect(found[1]).not.toHaveProperty('close')
  expect(errorOf(await get('audits/IBM/differences')).details).toMatchObject({ field: 'date' })
})
