import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'

let world: ApiWorld
let api: Api
let url: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ RATE_LIMIT_PER_MINUTE: '30' })
  url = `${await api.app.listen({ host: '127.0.0.1', port: 0 })}/api/v1/market/quote/`
})
afterAll(() => world.close())

const ask = (symbol: string, token: string, headers: Record<string, string> = {}) =>
  fetch(url + symbol, { headers: { authorization: `Bearer ${token}`, ...headers } })

/** A query makes the request go the long way. */
const LONG_WAY = '?'

describe('a cached quote answered in front of the router', () => {
  test('is the same answer as the route gives, header by header', async () => {
    const { token } = await api.login()
    await ask('AAPL', token)
    const [short, long] = [await ask('AAPL', token), await ask(`AAPL${LONG_WAY}`, token)]
    expect(await short.text()).toBe(await long.text())
    const comparable = ({ status, headers }: Response) => {
      const {
        date,
        age,
        'ratelimit-remaining': remaining,
        'ratelimit-reset': reset,
        ...same
      } = Object.fromEntries(headers)
      expect([Date.parse(date!), Number(age), Number(remaining), Number(reset)]).not.toContain(Number.NaN)
      return { status, same }
    }
    expect(comparable(short)).toEqual(comparable(long))
  })

  test('is counted, spent from the bucket, and refused when the bucket is empty', async () => {
    const { token } = await api.login()
    await ask('MSFT', token)
    const series =
      /^http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/market\/quote\/:symbol",status="2xx"\} (\d+)$/m
    const counted = async () => Number(series.exec(await api.core.metrics.render())![1])
    const before = await counted()
    const statuses: number[] = []
    for (let asked = 0; asked < 40; asked++) statuses.push((await ask('MSFT', token)).status)
    const served = statuses.filter((status) => status === 200).length
    expect(served).toBeGreaterThanOrEqual(29)
    expect(served).toBeLessThan(34)
    expect(statuses.at(-1)).toBe(429)
    expect(await counted()).toBe(before + served)
  })

  test('asks for the scope, the whole token and nothing older than it lives', async () => {
    const { token } = await api.login(['stream:read'])
    expect((await ask('AAPL', token)).status).toBe(403)
    const { token: good } = await api.login()
    await ask('AAPL', good)
    const [header, , signature] = good.split('.')
    const claims = Buffer.from('{"scopes":["admin:write"]}').toString('base64url')
    expect((await ask('AAPL', `${header}.${claims}.${signature}`)).status).toBe(401)
  })

  test('ends with the key', async () => {
    const { token, userId } = await api.login()
    expect((await ask('AAPL', token)).status).toBe(200)
    await api.app.revocations.revoke(`user:${userId}`)
    expect((await ask('AAPL', token)).status).toBe(401)
  })

  test('leaves conditions, other spellings and other methods to the route', async () => {
    const { token } = await api.login()
    const held = (await ask('AAPL', token)).headers.get('etag')!
    expect((await ask('AAPL', token, { 'if-none-match': held })).status).toBe(304)
    expect((await ask('aapl', token)).status).toBe(200)
    const head = await fetch(`${url}AAPL`, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})
