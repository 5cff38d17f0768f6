import { afterAll, beforeAll, expect, test } from 'vitest'
import { provenance } from '../db/values.ts'
import { errorOf, startWorld, type Api, type ApiWorld } from '../support/api.ts'

/** Lists in pages, each with a filter where it takes one. */
const LISTS: Readonly<Record<string, Record<string, string>>> = {
  '/api/v1/stocks': { sector: 'Energy' },
  '/api/v1/market/symbols': { q: 'known' },
  '/api/v1/marketdata/instruments': { q: 'known' },
  '/api/v1/admin/users': {},
  '/api/v1/market/news': {}
}
const IS_OF_PAGE = expect.objectContaining({ field: 'page' }) as unknown

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login(['admin:read', 'market:read'])).token
  await api.login()
  const { instruments, news } = api.core.stores
  await instruments.upsert(
    ['KNA', 'KNB', 'KNC'].map((symbol) => ({ symbol, name: `Known ${symbol}`, kind: 'equity', sector: 'Energy' }))
  )
  const items = ['x', 'y', 'z'].map((id) => ({
    id,
    title: id,
    url: `https://example.com/${id}`,
    publishedAt: '2026-01-05T00:00:00.000Z',
    symbols: ['KNA']
  }))
  await news.upsert({ symbol: 'KNA', items, provenance: provenance() })
})
afterAll(() => world.close())

const read = (path: string, parameters: Record<string, string>) =>
  api.get(`${path}?${new URLSearchParams(parameters).toString()}`, token)

async function nextOf(path: string, parameters: Record<string, string> = {}): Promise<string> {
  const { next } = (await read(path, { ...parameters, limit: '1' })).json() as { next?: string }
  return next!
}

test('a page of one list is none of another: never rows behind a place that means nothing there', async () => {
  for (const path of Object.keys(LISTS)) {
    const page = await nextOf(path)
    expect([path, (await read(path, { page, limit: '2' })).status]).toEqual([path, 200])
    for (const other of Object.keys(LISTS).filter((each) => each !== path)) {
      const answer = await read(other, { page })
      expect([path, other, answer.status, errorOf(answer).details]).toEqual([path, other, 400, IS_OF_PAGE])
    }
  }
})

test.each(Object.entries(LISTS).filter(([, filter]) => Object.keys(filter).length > 0))(
  'a page of %s is of its filter and order alone: with others nothing is left out unseen',
  async (path, filter) => {
    const page = await nextOf(path, filter)
    expect((await read(path, { page, ...filter, limit: '7' })).status).toBe(200)
    const ofStocks: Record<string, string>[] = [{ sector: 'Technology' }, { ...filter, order: 'desc' }]
    for (const others of [{}, ...(path.endsWith('stocks') ? ofStocks : [{ q: 'kn' }])]) {
      const answer = await read(path, { page, ...others })
      expect([answer.status, errorOf(answer).details]).toEqual([400, IS_OF_PAGE])
    }
  }
)
