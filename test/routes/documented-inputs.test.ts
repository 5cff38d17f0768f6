import { Compile } from 'typebox/schema'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { documentOf, routesOf, type DocumentedRoute } from './documented-routes.ts'

/** Where the document and the server must say the same of what may be sent, for programs are generated from the document. */
let world: ApiWorld
let api: Api
let token: string
let routes: DocumentedRoute[]

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi()
  token = (await api.login(['market:read', 'admin:read', 'admin:write'], 'pro')).token
  routes = routesOf(await documentOf(api))
})
afterAll(() => world.close())

const routeOf = (operationId: string) => routes.find(({ operation }) => operation.operationId === operationId)!
const isAllowed = (schema: object, value: unknown) => Compile(schema as Parameters<typeof Compile>[0]).Check(value)

const TEXTS = Object.values({
  taken: [
    '1900-01-01',
    '2000-02-29',
    '2024-02-29',
    '2400-02-29',
    '2026-12-31',
    '9999-12-31',
    '2024-04-30',
    '2024-02-29T23:59Z',
    '2024-01-31T00:00:00.123456789+14:00',
    '1900-01-01T00:00:00+23:59'
  ],
  noDay: [
    '0000-00-00',
    '1899-12-31',
    '1900-02-29',
    '2023-02-29',
    '2100-02-29',
    '2024-02-30',
    '2024-04-31',
    '2024-13-01',
    '2024-00-10',
    '2024-1-1'
  ],
  noInstant: [
    '02024-01-01',
    '2024-01-31T24:00:00Z',
    '2024-01-31T23:60Z',
    '2024-01-31T10:00',
    '2024-01-31T10:00:00+24:00',
    '2024-01-31T10:00:00+99:99',
    '٢٠٢٤-01-01',
    ' 2024-01-01'
  ]
}).flat()

test('every day and instant that the document allows is taken, and no other', async () => {
  const route = routeOf('listJobRuns')
  const { schema } = route.queryParameters.find(({ name }) => name === 'before')!
  const taken: string[] = []
  for (const text of TEXTS) {
    const answer = await api.get(route.url({}, { before: encodeURIComponent(text) }), token)
    expect([text, answer.status === 200]).toEqual([text, isAllowed(schema, text)])
    if (answer.status === 200) taken.push(text)
  }
  expect(taken).toHaveLength(10)
})

test('every payload that the document allows of a job is taken, and no other', async () => {
  const route = routeOf('runJob')
  const url = route.url()
  const backfill = { symbols: ['AAPL'], interval: '1d', from: '2024-01-02' }
  const outcomes: boolean[] = []
  for (const given of [
    { job: 'cleanup' },
    { job: 'cleanup', payload: {} },
    { job: 'cleanup', payload: { symbols: ['AAPL'] } },
    { job: 'refresh-quotes' },
    { job: 'refresh-quotes', payload: { symbols: ['AAPL', '^GSPC'] } },
    { job: 'refresh-quotes', payload: { symbols: ['aapl'] } },
    { job: 'refresh-quotes', payload: { symbols: ['AAPL', 'AAPL'] } },
    { job: 'warm-cache', payload: { limit: 1000, onlyWhenQuiet: false } },
    { job: 'warm-cache', payload: { limit: 1001 } },
    { job: 'backfill-history' },
    { job: 'backfill-history', payload: {} },
    { job: 'backfill-history', payload: backfill },
    { job: 'backfill-history', payload: { ...backfill, from: '2024-02-30' } },
    { job: 'backfill-history', payload: { ...backfill, interval: '2d' } }
  ]) {
    const { status } = await api.send({ method: 'POST', url, payload: given }, token)
    expect([given, status === 202]).toEqual([given, isAllowed(route.body!, given)])
    outcomes.push(status === 202)
  }
  expect(outcomes.filter(Boolean)).toHaveLength(6)
  const wrong = { job: 'backfill-history', payload: { ...backfill, symbols: [] } }
  const told = await api.send({ method: 'POST', url, payload: wrong }, token)
  expect(told.json()).toMatchObject({ error: { code: 'INVALID_REQUEST', details: { field: 'payload.symbols' } } })
})
