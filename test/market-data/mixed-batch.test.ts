import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Quote } from '../../src/market/quote.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let token: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login()).token
})
afterAll(() => world.close())

type Batch = { quotes: Quote[]; errors: { symbol: string; code: string }[] }
const batch = async (symbols: string) => {
  api.vendor.asked.length = 0
  const answer = await api.get(`/api/v1/market/quotes?symbols=${encodeURIComponent(symbols)}`, token)
  const { quotes, errors } = answer.json() as Batch
  const told = {
    status: answer.status,
    quotes: quotes.map(({ symbol }) => symbol),
    errors: errors.map(({ symbol, code }) => [symbol, code])
  }
  return { ...told, asked: [...api.vendor.asked] }
}

test('known, cold, unknown and impossible symbols of one batch each get their own answer, for one upstream call', async () => {
  await api.get('/api/v1/market/quote/AAPL', token)
  const errors = [
    ['no symbol!', 'INVALID_REQUEST'],
    ['NOPE', 'SYMBOL_NOT_FOUND']
  ]
  const quotes = ['MSFT', 'AAPL', 'BRK.B']
  const symbols = 'MSFT,no symbol!,AAPL,NOPE,brk-b,msft'
  expect(await batch(symbols)).toEqual({ status: 200, quotes, errors, asked: ['quotes MSFT,NOPE,BRK.B'] })
  expect(await batch(symbols)).toEqual({ status: 200, quotes, errors, asked: [] })
})

test('while no vendor answers, what is held is served and what never was is told, in one answer', async () => {
  api.vendor.isDown = true
  expect(await batch('AAPL,BTC-USD,NOPE')).toMatchObject({
    status: 200,
    quotes: ['AAPL'],
    errors: [
      ['BTC-USD', 'MARKET_DATA_UNAVAILABLE'],
      ['NOPE', 'SYMBOL_NOT_FOUND']
    ]
  })
})
