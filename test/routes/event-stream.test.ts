import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Quote } from '../../src/market/quote.ts'
import { hasProgram } from '../deploy/programs.ts'
import { errorOf, startWorld, type Answer, type Api, type ApiWorld } from '../support/api.ts'
import { EventStreamClient } from '../support/event-stream-client.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'

const STREAM = '/api/v1/market/stream'

let world: ApiWorld
let api: Api
let host: string
let key: string

beforeAll(async () => {
  world = await startWorld()
  api = await world.startApi({ WS_HEARTBEAT_MS: '1000', WS_CONNECTIONS_PER_USER: '6' })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  host = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
  key = (await api.login(['market:read', 'stream:read'])).key
})
afterAll(() => world.close())

const open = (query: string, headers: Record<string, string> = {}, credential = key) =>
  new EventStreamClient(`${host}${STREAM}?${query}`, { headers: { 'x-api-key': credential, ...headers } })
const pricesOf = (client: EventStreamClient) =>
  client.ofType('quote_update').map(({ data }) => (data['quote'] as Quote).price)
const sizesOf = (client: EventStreamClient) =>
  client.ofType('trade').map(({ data }) => (data['trade'] as { size: number }).size)

describe('a page with server-sent events', () => {
  test('gets the state, then each change with its type and the place to go on from', async () => {
    const client = open('symbols=aapl,MSFT,??')
    const snapshot = await client.frame('snapshot')
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff'
    })
    expect(client.ofType('subscribed')[0]!.data).toMatchObject({
      accepted: [{ symbol: 'AAPL' }, { symbol: 'MSFT' }],
      rejected: [{ symbol: '??', code: 'INVALID_SYMBOL' }]
    })
    expect(snapshot.data['quotes']).toMatchObject([{ symbol: 'AAPL', price: 231.4 }, { symbol: 'MSFT' }])
    await api.core.eventLog.append([quoteEvent('AAPL', 232), quoteEvent('TSLA', 1)])
    await client.until(() => pricesOf(client).includes(232))
    const update = client.ofType('quote_update').at(-1)!
    expect(update.data['symbol']).toBe('AAPL')
    expect(update).toMatchObject({ event: 'quote_update', eventId: update.cursor })
    await client.until(() => client.comments > 0, 'a heartbeat')
    expect(client.hasEnded).toBe(false)
  })

  test('loses and doubles nothing when it goes on from its last event id, trades and channels together', async () => {
    const query = 'symbols=BRK.B&stream=trades&channels=status'
    const first = open(query)
    await first.until(() => first.ofType('snapshot').length === 2)
    await api.core.eventLog.append([1, 2, 3].map((size) => tradeEvent('BRK.B', 100, size)))
    await first.until(() => sizesOf(first).length === 3)
    const place = first.ofType('trade')[1]!.eventId!
    expect(place.split('~')).toHaveLength(2)
    first.leave()
    await api.core.eventLog.append([4, 5].map((size) => tradeEvent('BRK.B', 100, size)))
    const next = open(query, { 'last-event-id': place })
    await next.until(() => next.ofType('resumed').length === 2)
    await api.core.eventLog.append([tradeEvent('BRK.B', 100, 6)])
    await next.until(() => sizesOf(next).includes(6))
    expect(sizesOf(next)).toEqual([3, 4, 5, 6])
    expect(next.ofType('snapshot')).toEqual([])
    const again = open(`${query}&since=${next.lastEventId}`)
    await again.until(() => again.ofType('resumed').length === 2)
    expect(again.ofType('resumed').map(({ data }) => data['replayed'])).toEqual([0, 0])
  })

  test('names no place before all that it begins with was sent', async () => {
    const client = open('symbols=AAPL&channels=status')
    await client.until(() => client.ofType('snapshot').length === 2)
    const ids = client.ofType('snapshot').map(({ eventId }) => eventId)
    expect(ids[0]).toBeUndefined()
    await api.core.eventLog.append([quoteEvent('AAPL', 233)])
    await client.until(() => pricesOf(client).includes(233))
    expect(client.lastEventId!.split('~')).toHaveLength(2)
  })
})

test('a program gets lines of JSON where it asks for them', async () => {
  const client = open('symbols=MSFT', { accept: 'text/html, application/x-ndjson;q=0.9' })
  await client.frame('snapshot')
  expect(client.headers['content-type']).toBe('application/x-ndjson; charset=utf-8')
  await api.core.eventLog.append([quoteEvent('MSFT', 5)])
  await client.until(() => pricesOf(client).includes(5))
  const { cursor } = client.ofType('quote_update').at(-1)!
  await client.frame('heartbeat')
  client.leave()
  await api.core.eventLog.append([quoteEvent('MSFT', 6)])
  const next = open(`symbols=MSFT&format=ndjson&since=${cursor}`)
  await next.frame('resumed')
  await next.until(() => pricesOf(next).length > 0)
  expect(pricesOf(next)).toEqual([6])
})

describe('who cannot be served', () => {
  const refused = async (query: string, headers: Record<string, string>) => {
    const response = await fetch(`${host}${STREAM}?${query}`, { headers })
    const answer: Answer = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
      json: () => undefined
    }
    return { status: answer.status, code: errorOf(answer).code, details: errorOf(answer).details }
  }

  test('is told so before a stream begins', async () => {
    expect(await refused('symbols=AAPL', {})).toMatchObject({ status: 401, code: 'NOT_AUTHENTICATED' })
    const restOnly = (await api.login(['market:read'])).key
    expect(await refused('symbols=AAPL', { 'x-api-key': restOnly })).toMatchObject({ status: 403 })
    const wrong = (query: string, headers = {}) => refused(query, { 'x-api-key': key, ...headers })
    expect(await wrong('stream=trades')).toMatchObject({ status: 400, details: { field: 'symbols' } })
    expect(await wrong('symbols=AAPL&since=made-up')).toMatchObject({ status: 400, details: { field: 'since' } })
    expect(await wrong('symbols=AAPL', { 'last-event-id': 'made up' })).toMatchObject({
      details: { field: 'Last-Event-ID' }
    })
    expect(await wrong('symbols=AAPL&stream=weather')).toMatchObject({ details: { field: 'stream' } })
  })

  test('counts with its WebSockets against the connections of its user', async () => {
    const { key: own } = await api.login(['stream:read'])
    const clients = Array.from({ length: 6 }, () => open('channels=status', {}, own))
    for (const client of clients) await client.frame('snapshot')
    expect(await refused('symbols=AAPL', { 'x-api-key': own })).toMatchObject({
      status: 429,
      code: 'TOO_MANY_CONNECTIONS'
    })
    clients[0]!.leave()
    const { userId } = await api.app.live.context.authenticate(own, '127.0.0.1')
    await expect.poll(() => api.app.live.context.users.connectionsOf(userId)).toBe(5)
    await open('channels=status', {}, own).frame('snapshot')
  })

  test('is told in the stream, which then ends, where it is refused only there', async () => {
    const { key: own } = await api.login(['stream:read'])
    const many = Array.from({ length: 2000 }, (_, at) => `S${at}`).join(',')
    const small = await world.startApi({ WS_SUBSCRIPTIONS_PER_USER: '1' })
    await small.app.listen({ host: '127.0.0.1', port: 0 })
    const at = `http://127.0.0.1:${(small.app.server.address() as AddressInfo).port}`
    const client = new EventStreamClient(`${at}${STREAM}?symbols=${many}`, { headers: { 'x-api-key': own } })
    expect(await client.ending()).toMatchObject([
      { event: 'error', data: { code: 'SUBSCRIPTION_LIMIT' } },
      { event: 'close', data: { code: 4505 } }
    ])
  })
})

test('a stream ends with the credential that opened it', async () => {
  const user = await api.login(['stream:read'])
  const client = open('channels=status', { authorization: `Bearer ${user.key}` }, user.key)
  await client.frame('snapshot')
  await api.app.revocations.revoke(`user:${user.userId}`)
  expect(await client.ending()).toMatchObject([
    { type: 'error', data: { code: 'NOT_AUTHENTICATED' } },
    { type: 'close', data: { code: 4500 } }
  ])
})

test('a ticket opens one stream', async () => {
  const answer = await api.send({ method: 'POST', url: '/api/v1/auth/ticket' }, key)
  const { ticket } = answer.json() as { ticket: string }
  const url = `${host}${STREAM}?channels=status&ticket=${ticket}`
  const client = new EventStreamClient(url)
  await client.frame('snapshot')
  expect((await fetch(url)).status).toBe(401)
})

describe('a client that reads too slowly', () => {
  const NAME = 'x'.repeat(2000)
  /** At a place where the kernel keeps little. */
  const behind = async (query: string) => {
    const process = await world.startApi()
    const socketPath = join(tmpdir(), `${randomUUID()}.sock`)
    await process.app.listen({ path: socketPath })
    const { key: own } = await process.login(['stream:read'])
    const headers = { 'x-api-key': own }
    const client = new EventStreamClient(`http://localhost${STREAM}?${query}`, { headers, socketPath })
    await client.frame('snapshot')
    client.pause()
    return { process, client }
  }

  test('gets the newest quote of each symbol, and is sent elsewhere when the process goes down', async () => {
    const { process, client } = await behind('symbols=AAPL,MSFT')
    let price = 1000
    while (process.app.live.stats.slow === 0) {
      await process.core.eventLog.append([quoteEvent('AAPL', ++price, { name: NAME }), quoteEvent('MSFT', price)])
    }
    for (let more = 0; more < 50; more++) {
      await process.core.eventLog.append([quoteEvent('AAPL', ++price, { name: NAME })])
    }
    await expect.poll(() => process.app.live.stats.conflated).toBeGreaterThan(0)
    client.resume()
    await client.until(() => pricesOf(client).includes(price), 'the last quote')
    expect(pricesOf(client).length).toBeLessThan(2 * price - 2000)
    await process.app.close()
    expect((await client.ending()).at(-1)).toMatchObject({ event: 'close', data: { code: 4001 } })
  })

  test('of trades is warned, and cut off where it could go on, with no trade passed over', async () => {
    const { process, client } = await behind('symbols=AAPL&stream=trades')
    let size = 0
    while (!process.app.live.stats.closedByCode['4008']) {
      await process.core.eventLog.append(Array.from({ length: 200 }, () => tradeEvent('AAPL', 100, ++size)))
    }
    client.resume()
    await client.ending()
    const got = sizesOf(client)
    expect(got).toEqual(Array.from(got, (_, at) => at + 1))
    expect(client.ofType('notice')[0]?.data['code']).toBe('TOO_SLOW')
    expect(client.ofType('close')[0]?.data['code']).toBe(4008)
    expect(got.length).toBeLessThan(size)
  })
})

describe('docs/server-sent-events.md', () => {
  test.skipIf(!hasProgram('curl', '--version'))('has examples that bring what they say (needs curl)', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs/server-sent-events.md'), 'utf8')
    const examples = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, example]) => example!)
    expect(examples.length).toBeGreaterThan(1)
    for (const example of examples) {
      const env = { PATH: process.env.PATH, QUOTEWIRE_URL: host, QUOTEWIRE_KEY: key }
      const child = spawn('bash', ['-c', `exec ${example}`], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      onTestFinished(() => void child.kill())
      let printed = ''
      child.stdout.on('data', (chunk) => (printed += chunk))
      await expect.poll(() => printed).toContain('"type":"snapshot"')
      child.kill()
    }
  })
})
