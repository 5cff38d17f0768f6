import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertBbo } from '../../db/bbo.ts'
import { createDatabase, type Database } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { instrumentIds } from '../../db/instrument-ids.ts'
import type { Bbo } from '../../src/market/bbo.ts'
import type { StoredBbo } from '../../src/market/stored-bbo.ts'
import type { Tick } from '../../src/market/tick.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

const FIRST_MS = Date.parse('2026-11-16T15:00:00Z')
const COUNT = 700
const RANGE = 'bbo/IBM?start=2026-11-16&end=2026-11-16'

let world: ApiWorld
let api: Api
let token: string
let key: string
let database: Database

/** Four within each millisecond; of every tenth nobody offers. */
const quoted = (number: number): Tick<Bbo> => ({
  symbol: 'IBM',
  asOf: { ms: FIRST_MS + Math.floor(number / 4), ns: (number % 4) * 1000 + 7 },
  sequence: number,
  tradeDate: '2026-11-16',
  session: 'regular',
  bid: 190 + number / 100,
  bidSize: 300,
  bidVenue: 'XNAS',
  ...(number % 10 > 0 && { ask: 190.5 + number / 100, askSize: 0.5, askVenue: 'IEXG' }),
  currency: 'USD',
  conditions: ['R'],
  tape: 'A',
  source: 'alpaca',
  feed: 'iex',
  receivedAt: FIRST_MS + number
})

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ RATE_LIMIT_PER_MINUTE: '100000', LICENCES: 'alpaca=redistribution' })
  ;({ token, key } = await api.login())
  database = createDatabase({ url: world.databaseUrl })
  await inCopyTransaction(database.copyPool, async (tx) => {
    const instrumentId = (await instrumentIds(tx, ['IBM'])).get('IBM')!
    await insertBbo(
      tx,
      Array.from({ length: COUNT }, (_, at) => ({ instrumentId, tick: quoted(at) }))
    )
  })
})
afterAll(async () => {
  await database.close()
  await world.close()
})

const get = (path: string) => api.get(`/api/v1/marketdata/${path}`, token)

test('best bids and offers come page by page to the nanosecond, none twice and none missing', async () => {
  const all: StoredBbo[] = []
  let next: string | undefined
  do {
    const answer = await get(`${RANGE}&limit=299${next === undefined ? '' : `&page=${next}`}`)
    const page = answer.json() as { bbo: StoredBbo[]; next?: string }
    all.push(...page.bbo)
    next = page.next
  } while (next !== undefined)
  expect(all.map(({ sequence }) => sequence)).toEqual(Array.from({ length: COUNT }, (_, at) => at))
  expect(all[1]).toEqual({
    asOf: '2026-11-16T15:00:00.000001007Z',
    sequence: 1,
    tradeDate: '2026-11-16',
    session: 'regular',
    bid: 190.01,
    bidSize: 300,
    bidVenue: 'XNAS',
    ask: 190.51,
    askSize: 0.5,
    askVenue: 'IEXG',
    conditions: ['R'],
    tape: 'A',
    source: 'alpaca',
    feed: 'iex',
    receivedAt: '2026-11-16T15:00:00.001Z'
  })
  expect(all[0]).not.toHaveProperty('ask')
})

test('where two feeds number one instant alike, a page that ends between them loses neither', async () => {
  await inCopyTransaction(database.copyPool, async (tx) => {
    const instrumentId = (await instrumentIds(tx, ['KO'])).get('KO')!
    const told = { ...quoted(1), symbol: 'KO' }
    await insertBbo(tx, [
      { instrumentId, tick: { ...told, source: 'massive', feed: 'consolidated' } },
      { instrumentId, tick: told },
      { instrumentId, tick: { ...told, feed: 'consolidated' } }
    ])
  })
  const range = RANGE.replace('IBM', 'KO')
  const feeds: string[] = []
  let next: string | undefined
  do {
    const answer = await get(`${range}&limit=1${next === undefined ? '' : `&page=${next}`}`)
    const page = answer.json() as { bbo: StoredBbo[]; next?: string }
    feeds.push(...page.bbo.map(({ source, feed }) => `${source} ${feed}`))
    next = page.next
  } while (next !== undefined)
  expect(feeds).toEqual(['alpaca consolidated', 'alpaca iex', 'massive consolidated'])
})

test('clients of vendors get past what may not be served to what may, and are told where there is nothing else', async () => {
  const told = (number: number, symbol: string, source: string) => ({ ...quoted(number), symbol, source })
  await inCopyTransaction(database.copyPool, async (tx) => {
    const ids = await instrumentIds(tx, ['GE', 'F'])
    const both = Array.from({ length: 9 }, (_, at) => told(at, 'GE', at % 4 === 3 ? 'alpaca' : 'massive'))
    const sold = Array.from({ length: 3 }, (_, at) => told(at, 'F', 'massive'))
    await insertBbo(
      tx,
      [...both, ...sold].map((tick) => ({ instrumentId: ids.get(tick.symbol)!, tick }))
    )
  })
  const [alpaca, massive] = ['/drop-in/alpaca/v2/stocks', '/drop-in/massive/v3/quotes']
  const bids: number[] = []
  for (let more = '', first = true; first || more; first = false) {
    const answer = await api.get(`${alpaca}/GE/quotes?start=2026-11-16&end=2026-11-16&limit=2${more}`, key)
    const page = answer.json() as { quotes: { bp: number }[]; next_page_token: string | null }
    bids.push(...page.quotes.map(({ bp }) => bp))
    more = page.next_page_token === null ? '' : `&page_token=${page.next_page_token}`
  }
  expect(bids).toEqual([190.03, 190.07])
  const ofMassive = await api.get(`${massive}/GE?timestamp=2026-11-16&order=asc&limit=2`, key)
  expect(ofMassive.json()).toMatchObject({ results: [{ bid_price: 190.03 }, { bid_price: 190.07 }] })
  expect((await api.get(`${alpaca}/F/quotes?start=2026-11-16&end=2026-11-16&limit=2`, key)).status).toBe(403)
  expect((await api.get(`${massive}/F?timestamp=2026-11-16`, key)).status).toBe(403)
})

test('as csv all of them come at once, with an empty cell where nobody offers', async () => {
  const { body, headers } = await get(`${RANGE}&format=csv`)
  const [head, first, ...others] = body.trim().split('\n')
  expect(head).toBe(
    'asOf,sequence,tradeDate,bid,bidSize,bidVenue,ask,askSize,askVenue,conditions,tape,session,source,feed,receivedAt,fence,symbol'
  )
  expect(first).toMatch(/^2026-11-16T15:00:00\.000000007Z,0,2026-11-16,190,300,XNAS,,,,R,A,regular,alpaca,iex,/)
  expect(others).toHaveLength(COUNT - 1)
  expect(headers).not.toHaveProperty('quotewire-next')
})

test('of a symbol of which nothing is stored there are none, and a page of other rows is refused', async () => {
  expect((await get('bbo/NONE')).status).toBe(404)
  const { next } = (await get(`${RANGE}&limit=1`)).json() as { next: string }
  expect((await get(`ticks/IBM?page=${next}`)).status).toBe(400)
})
