import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { createHttpClient, jsonOf, type HttpAnswer } from '../../src/providers/http.ts'
import { ProviderError, type Provider, type ProviderName } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { aQuote, marketOf } from './market.ts'

const DEADLINE_MS = 2000
const ask = { priority: 'interactive' } as const

let server: TestRedis
const stops: (() => Promise<unknown> | void)[] = []
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(() => server.redis.flushdb())
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function listen(listener: RequestListener): Promise<{ url: string; requests: () => number; http: Server }> {
  let requests = 0
  const http = createServer((request, response) => {
    requests++
    listener(request, response)
  })
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  stops.push(() => {
    http.closeAllConnections()
    http.close()
  })
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, requests: () => requests, http }
}

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body)

/** A vendor whose protocol is `{"price": 1}`. */
function vendor(name: ProviderName, baseUrl: string): Provider {
  const http = createHttpClient({ provider: name, baseUrl, timeoutMs: 1200 })
  stops.push(() => http.close())
  return {
    name,
    maxQuotesPerRequest: 100,
    covers: () => true,
    async quotes(symbols, signal) {
      const price = priceOf(name, await http.get('/quote', { symbols: symbols.join(',') }, signal))
      return new Map(symbols.map((symbol) => [symbol, aQuote(symbol, { price }, name)]))
    }
  }
}

function priceOf(name: ProviderName, answer: HttpAnswer): number {
  const { status, retryAfterMs } = answer
  if (status === 429)
    throw new ProviderError(name, 'rate_limited', `${name} says 429`, { retryAfterMs, scope: 'minute' })
  if (status >= 500) throw new ProviderError(name, 'unavailable', `${name} says ${status}`)
  const json = jsonOf(answer) as { price: number } | undefined
  if (!json) throw new ProviderError(name, 'bad_payload', `${name} sent no JSON`)
  return json.price
}

function open(...providers: Provider[]): Gateway {
  const gateway = createGateway(marketOf({ redis: server.redis, providers }))
  stops.push(() => gateway.close())
  return gateway
}

async function closedPort(): Promise<string> {
  const { url, http } = await listen(answering(200, ''))
  await new Promise((closed) => http.close(closed))
  return url
}

const PACKED = gzipSync(JSON.stringify({ price: 1, names: Array.from({ length: 500 }, (_, place) => `N${place}`) }))
const packed = async (body: string | Uint8Array) =>
  (await listen((_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(body))).url

const healthy = () => listen(answering(200, '{"price": 231.4}'))

describe('a user gets the next vendor within the deadline when the first', () => {
  test.each<[string, () => Promise<string>, string]>([
    ['refuses connections', closedPort, 'unavailable'],
    ['is mute', async () => (await listen(() => undefined)).url, 'unavailable'],
    [
      'stops in the middle of its answer',
      async () => (await listen((_, res) => void res.write('{"pri'))).url,
      'unavailable'
    ],
    ['answers 500', async () => (await listen(answering(500, 'oops'))).url, 'unavailable'],
    ['answers 429', async () => (await listen(answering(429, 'slow down'))).url, 'rate_limited'],
    ['sends a gzip that is cut off', () => packed(PACKED.subarray(0, 200)), 'bad_payload'],
    ['sends a gzip that is damaged', () => packed(PACKED.with(PACKED.length - 6, 0)), 'bad_payload'],
    ['calls plain text a gzip', () => packed('{"price": 1}'), 'bad_payload'],
    ['sends half of its JSON', async () => (await listen(answering(200, '{"price": 23'))).url, 'bad_payload'],
    ['sends a web page', async () => (await listen(answering(200, '<html>Please verify</html>'))).url, 'bad_payload']
  ])('%s', async (_, dead, outcome) => {
    const gateway = open(vendor('yahoo', await dead()), vendor('fmp', (await healthy()).url))
    const startedAt = performance.now()
    const quote = (await gateway.quotes(['AAPL'], ask)).get('AAPL')
    expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS)
    expect(quote).toMatchObject({
      price: 231.4,
      provenance: { source: 'fmp', attempts: [{ provider: 'yahoo', outcome }] }
    })
  })

  test('and the two after it are mute', async () => {
    const mute = await listen(() => undefined)
    const gateway = open(
      vendor('yahoo', mute.url),
      vendor('fmp', mute.url),
      vendor('alpha-vantage', mute.url),
      vendor('tiingo', (await healthy()).url)
    )
    const startedAt = performance.now()
    const quote = (await gateway.quotes(['AAPL'], ask)).get('AAPL')
    expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS)
    expect(quote).toMatchObject({ provenance: { source: 'tiingo', attempts: { length: 3 } } })
  })
})

test('a vendor that fails once is asked again before the next one', async () => {
  let failures = 1
  const shaky = await listen((request, response) =>
    answering(failures-- > 0 ? 503 : 200, '{"price": 5}')(request, response)
  )
  const gateway = open(vendor('yahoo', shaky.url), vendor('fmp', (await healthy()).url))
  expect((await gateway.quotes(['AAPL'], ask)).get('AAPL')).toMatchObject({ price: 5, provenance: { attempts: [] } })
  const [yahoo] = await gateway.status()
  expect(yahoo!.budget[0]).toMatchObject({ used: 2 })
})

test('a vendor that said 429 is left alone by every process until its Retry-After', async () => {
  const limited = await listen(answering(429, 'slow down', { 'retry-after': '30' }))
  let time = Date.now()
  const providers = [vendor('yahoo', limited.url), vendor('fmp', (await healthy()).url)]
  const [here, there] = [0, 1].map(() => {
    const gateway = createGateway(marketOf({ redis: server.redis, providers, now: () => time }))
    stops.push(() => gateway.close())
    return gateway
  })
  await here!.quotes(['AAPL'], ask)
  const next = (await there!.quotes(['AAPL'], ask)).get('AAPL')
  expect(next).toMatchObject({ provenance: { source: 'fmp', attempts: [{ outcome: 'rate_limited' }] } })
  expect(limited.requests()).toBe(1)

  time += 30_001
  await there!.quotes(['AAPL'], ask)
  expect(limited.requests()).toBe(2)
})

test('a dead vendor is soon not asked at all, by no process', async () => {
  const broken = await listen(answering(200, 'not json'))
  const providers = [vendor('yahoo', broken.url), vendor('fmp', (await healthy()).url)]
  const [here, there] = [open(...providers), open(...providers)]
  for (let asked = 0; asked < 6; asked++) await here.quotes(['AAPL'], ask)
  expect(broken.requests()).toBe(3)
  await expect.poll(async () => (await there.status())[0]!.breakers.quotes).toBe('open')
  const quote = (await there.quotes(['AAPL'], ask)).get('AAPL')
  expect(quote).toMatchObject({ provenance: { source: 'fmp', attempts: [{ outcome: 'circuit_open' }] } })
  expect(broken.requests()).toBe(3)
})

test('when every vendor is dead the user learns what was tried and when to come back', async () => {
  const gateway = open(
    vendor('yahoo', await closedPort()),
    vendor('fmp', (await listen(answering(500, ''))).url),
    vendor('alpha-vantage', (await listen(answering(429, '', { 'retry-after': '3' }))).url),
    vendor('tiingo', (await listen(answering(200, '<html>'))).url)
  )
  expect((await gateway.quotes(['AAPL'], ask)).get('AAPL')).toMatchObject({
    code: 'MARKET_DATA_UNAVAILABLE',
    statusCode: 503,
    retryAfterSeconds: 3,
    details: {
      attempts: [
        { provider: 'yahoo', outcome: 'unavailable' },
        { provider: 'fmp', outcome: 'unavailable' },
        { provider: 'alpha-vantage', outcome: 'rate_limited' },
        { provider: 'tiingo', outcome: 'bad_payload' }
      ]
    }
  })
})

test('closing ends the calls under way, and blames no vendor', async () => {
  const mute = await listen(() => undefined)
  const gateway = open(vendor('yahoo', mute.url))
  const asking = gateway.quotes(['AAPL'], ask)
  await expect.poll(mute.requests).toBe(1)
  gateway.close()
  expect((await asking).get('AAPL')).toMatchObject({ statusCode: 503 })
  expect((await gateway.status())[0]!.breakers).toEqual({ quotes: 'closed' })
})
