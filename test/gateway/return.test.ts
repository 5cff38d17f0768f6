import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../src/gateway/gateway.ts'
import type { Quote } from '../../src/market/quote.ts'
import { createHttpClient, jsonOf, type HttpAnswer } from '../../src/providers/http.ts'
import { ProviderError, type Provider, type ProviderName } from '../../src/providers/provider.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { aQuote, marketOf } from './market.ts'

const SECOND = 1000
/** Three minutes, in steps: who renews values finds the vendors dead so often. */
const OUTAGE_STEPS_MS = [2, 2, 2, 4, 20, 30, 60, 60].map((seconds) => seconds * SECOND)
/** How soon after the return of the first vendor its value has to be there. */
const RETURN_MS = 10 * SECOND
/** Who renews values asks this often. */
const RENEWAL_MS = 2 * SECOND
const UPSTREAM_TIMEOUT_MS = 500
const SYMBOLS = ['AAPL', 'MSFT', 'NVDA']
const ask = { priority: 'background' } as const

let server: TestRedis
let time = 0
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(async () => {
  time = Date.parse('2026-03-02T15:00:00Z')
  await server.redis.flushdb()
})

const answering =
  (status: number, body: string): RequestListener =>
  (_, response) =>
    void response.writeHead(status).end(body)
const WELL = answering(200, '{"price": 231.4}')

/** Vendors on this machine that all do what they are told to. */
async function vendors(names: readonly ProviderName[]) {
  const state = { listener: WELL, requests: 0 }
  const http = createServer((request, response) => {
    state.requests++
    state.listener(request, response)
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const baseUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const clients = names.map((name) => createHttpClient({ provider: name, baseUrl, timeoutMs: UPSTREAM_TIMEOUT_MS }))
  onTestFinished(async () => {
    await Promise.all(clients.map((client) => client.close()))
    http.closeAllConnections()
    await new Promise((done) => http.close(done))
  })
  const providers = names.map((name, index): Provider => ({
    name,
    maxQuotesPerRequest: 1,
    covers: () => true,
    async quotes(symbols, signal) {
      const price = priceOf(name, await clients[index]!.get('/', {}, signal))
      const asOf = new Date(time).toISOString()
      return new Map(symbols.map((symbol) => [symbol, aQuote(symbol, { price, previousClose: 230, asOf }, name)]))
    }
  }))
  return { state, providers }
}

function priceOf(name: ProviderName, answer: HttpAnswer): number {
  const { status, retryAfterMs } = answer
  if (status === 429) throw new ProviderError(name, 'rate_limited', 'says 429', { retryAfterMs, scope: 'address' })
  if (status !== 200) throw new ProviderError(name, 'unavailable', `says ${status}`)
  const json = jsonOf(answer) as { price: number } | undefined
  if (!json) throw new ProviderError(name, 'bad_payload', 'sent no JSON')
  return json.price
}

/** Renews all symbols once; how many were renewed. */
type Renew = () => Promise<number>

async function outage(names: readonly ProviderName[], budgets: Partial<Record<ProviderName, string>>) {
  const { state, providers } = await vendors(names)
  const gateway = createGateway(
    marketOf({
      redis: server.redis,
      providers,
      budgets,
      upstreamTimeoutMs: UPSTREAM_TIMEOUT_MS,
      requestDeadlineMs: 2 * UPSTREAM_TIMEOUT_MS,
      now: () => time
    })
  )
  onTestFinished(() => gateway.close())
  const renew: Renew = async () => {
    const answers = await gateway.quotes(SYMBOLS, ask)
    return [...answers.values()].filter((answer) => !(answer instanceof Error) && isTrusted(answer)).length
  }
  return { state, gateway, renew }
}

const isTrusted = ({ provenance }: Quote) => provenance.state !== 'suspect'

/** How long after now the first value came, asked for as often as values are renewed. */
async function firstValueAfter(renew: Renew): Promise<number> {
  for (let waited = 0; waited <= 60 * SECOND; waited += RENEWAL_MS) {
    time += RENEWAL_MS
    if ((await renew()) > 0) return waited + RENEWAL_MS
  }
  return Infinity
}

describe('after three minutes in which every vendor', () => {
  test.each<[string, RequestListener]>([
    ['refused connections', (request) => void request.socket.destroy()],
    ['was mute', () => undefined],
    ['answered 500', answering(500, 'oops')],
    ['sent a web page', answering(200, '<html>Please verify</html>')],
    ['answered 429 without Retry-After', answering(429, 'slow down')],
    ['sent wrong prices', answering(200, '{"price": 23140}')]
  ])('%s, the first good value comes within seconds and all others with the next renewal', async (_, dead) => {
    const { state, renew } = await outage(['yahoo', 'fmp'], { yahoo: '2000/minute, 100000/day', fmp: '250/minute' })
    expect(await renew()).toBe(SYMBOLS.length)
    state.listener = dead
    for (const step of OUTAGE_STEPS_MS) {
      time += step
      expect(await renew()).toBe(0)
    }
    state.listener = WELL
    expect(await firstValueAfter(renew)).toBeLessThanOrEqual(RETURN_MS)
    time += RENEWAL_MS
    expect(await renew()).toBe(SYMBOLS.length)
  })
})

test('probes cost a vendor that sells few calls a small part of its day, however long it is away', async () => {
  const { state, renew, gateway } = await outage(['alpha-vantage'], { 'alpha-vantage': '5/minute, 500/day' })
  state.listener = answering(500, 'oops')
  for (let passed = 0; passed < 3 * 3600 * SECOND; passed += 60 * SECOND) {
    time += 60 * SECOND
    await renew()
  }
  const [, day] = (await gateway.status())[0]!.budget
  expect(day!.used).toBeLessThanOrEqual(500 * (0.05 + 0.25 * (3 / 24)) + 40)
})

test('a vendor that named when to come back is not asked before', async () => {
  const { state, renew } = await outage(['yahoo'], { yahoo: '2000/minute' })
  state.listener = (_, response) => void response.writeHead(429, { 'retry-after': '60' }).end()
  await renew()
  const { requests } = state
  for (let passed = 0; passed < 58 * SECOND; passed += 2 * SECOND) {
    time += 2 * SECOND
    await renew()
  }
  expect(state.requests).toBe(requests)
})
