import { afterAll, beforeAll, expect, test } from 'vitest'
import { documentOf, routesOf } from '../routes/documented-routes.ts'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'

const BODY_BYTES = 60_000
/** What any request may cost beside reading its body. */
const MAX_REQUEST_MS = 4
/** Some kernels count processor time in ticks of four milliseconds: only many requests together say what one costs. */
const ROUNDS = 40

let world: ApiWorld
let api: Api
let admin: string
let userId: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ RATE_LIMIT_PER_MINUTE: '100000' })
  ;({ token: admin, userId } = await api.login(['admin:read', 'admin:write']))
})
afterAll(() => world.close())

const many = (write: (index: number) => string, size: number) =>
  Array.from({ length: Math.floor(BODY_BYTES / size) }, (_, index) => write(index)).join(',')

test.each([
  ['thousands of unknown fields', '/jobs', `{${many((index) => `"f${index}":1`, 10)}}`, 'body'],
  ['objects in objects', '/jobs', `{"job":[${many(() => '{"b":[]}', 9)}]}`, 'job'],
  ['a value said a thousand times', '/keys', `{"scopes":[${many(() => '"market:read"', 14)}]}`, 'scopes'],
  [
    'a long list of symbols',
    '/jobs',
    `{"job":"refresh-quotes","payload":{"symbols":[${many(() => '"AAPL"', 7)}]}}`,
    'payload.symbols'
  ]
])('a body with %s costs about what reading it costs', async (_name, address, payload, field) => {
  const url = address === '/keys' ? `/api/v1/admin/users/${userId}/keys` : '/api/v1/market/jobs'
  const post = { method: 'POST', url, payload, headers: { 'content-type': 'application/json' } } as const
  let answer: Answer | undefined
  const readingMs: number[] = []
  const refusingMs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    readingMs.push(await cpuMsOf(() => Object.keys(JSON.parse(payload) as object)))
    refusingMs.push(await cpuMsOf(async () => (answer = await api.send(post, admin))))
  }
  expect([answer!.status, errorOf(answer!).details?.['field']]).toEqual([400, field])
  expect(mean(refusingMs)).toBeLessThan(3 * mean(readingMs) + MAX_REQUEST_MS)
})

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

async function cpuMsOf(work: () => unknown): Promise<number> {
  const before = process.threadCpuUsage()
  await work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

test('nobody without a key or a token has a large body read', async () => {
  const routes = routesOf(await documentOf(api)).filter(({ isGuarded, body }) => !isGuarded && body)
  expect(routes.length).toBeGreaterThan(0)
  const payload = JSON.stringify({ x: 'x'.repeat(20_000) })
  const headers = { 'content-type': 'application/json' }
  for (const { method, path } of routes) {
    expect([path, (await api.send({ method, url: path, payload, headers })).status]).toEqual([path, 413])
  }
  expect((await api.send({ method: 'PUT', url: '/nowhere', payload: '{', headers })).status).toBe(404)
  expect((await api.send({ method: 'PUT', url: '/api/health', payload: '{', headers })).status).toBe(405)
})

test('true and false are read of an address, and nothing else for them', async () => {
  const { token } = await api.login()
  const asked = (delisted: string) => api.get(`/api/v1/marketdata/instruments?delisted=${delisted}`, token)
  expect((await asked('true')).status).toBe(200)
  expect((await asked('false')).status).toBe(200)
  for (const text of ['TRUE', '1', '', 'constructor']) expect((await asked(text)).status).toBe(400)
})

test('a page of sixteen digits is read, as the document says', async () => {
  const page = (before: string) => api.get(`/api/v1/admin/audit?before=${before}`, admin)
  expect((await page(String(Number.MAX_SAFE_INTEGER))).status).toBe(200)
  expect((await page('9007199254740993')).status).toBe(400)
})
