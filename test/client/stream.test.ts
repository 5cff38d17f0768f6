import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { createClient, QuotewireError, type StreamEvent, type SubscriptionState } from '../../src/client/client.ts'
import { startWorld, type Api, type ApiWorld } from '../support/api.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'

/** More than wait for a slow loop. */
const MANY = 12_000

let world: ApiWorld
let api: Api
let url: string
beforeAll(async () => {
  world = await startWorld()
  // A second would be over before the notice of its end was read.
  api = await world.startApi({ TOKEN_TTL_SECONDS: '3', RATE_LIMIT_PER_MINUTE: '100000' })
  url = await api.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => world.close())

const login = () => api.login(['market:read', 'stream:read'])

test('a loop that reads slowly gets every trade once, although more come than wait for it', async () => {
  const { key } = await login()
  const stream = createClient({ url, key }).stream({ symbols: ['AAPL'], stream: 'trades' })
  const sizes: number[] = []
  const lost: unknown[] = []
  for await (const event of stream) {
    if (event.type === 'snapshot') {
      const trades = Array.from({ length: MANY }, (_, at) => tradeEvent('AAPL', 1, at + 1))
      for (let at = 0; at < MANY; at += 2000) await api.core.eventLog.append(trades.slice(at, at + 2000))
      // Nothing of it is read before the connection was given up.
      await expect.poll(() => api.app.live.stats.connections).toBe(0)
    }
    if (event.type === 'connection' && event.data.state === 'lost') lost.push(event.data)
    if (event.type === 'trade') sizes.push(event.data.trade.size)
    if (sizes.length >= MANY) break
  }
  expect(sizes).toEqual(Array.from({ length: MANY }, (_, at) => at + 1))
  expect(lost).toEqual([{ state: 'lost', reason: '10000 events wait to be read' }])
})

test('subscriptions share a connection, and each is told of its own symbols, by whatever spelling it asked', async () => {
  const { key } = await login()
  const client = createClient({ url, key })
  const told = { mine: [] as StreamEvent[], theirs: [] as StreamEvent[] }
  const mine = client.subscribe({ symbols: ['brk-b', 'NO SUCH'] }, { onEvent: (event) => told.mine.push(event) })
  const theirs = client.subscribe({ symbols: ['AAPL', 'BRK.B'] }, { onEvent: (event) => told.theirs.push(event) })
  const status = client.subscribe({ channels: ['status'] }, { onEvent: () => undefined })
  onTestFinished(() => [mine, theirs, status].forEach((each) => each.close()))
  // Below 500 the vendor's own prices come.
  const pricesOf = (events: StreamEvent[]) =>
    events
      .flatMap((event) => (event.type === 'quote_update' ? event.data.quote : []))
      .flatMap(({ symbol, price }) => (price < 500 ? [] : `${symbol} ${price}`))
  const publish = (price: number) =>
    api.core.eventLog.append([quoteEvent('BRK.B', price), quoteEvent('AAPL', price + 1)])

  for (const events of Object.values(told)) {
    await expect.poll(() => events.map(({ type }) => type)).toContain('snapshot')
  }
  await expect.poll(() => api.app.live.stats).toMatchObject({ connections: 1, subscriptions: 3 })
  const [answer] = told.mine
  expect(answer).toMatchObject({ data: { accepted: [{ symbol: 'BRK.B' }], rejected: [{ code: 'INVALID_SYMBOL' }] } })
  await publish(500)
  await expect.poll(() => pricesOf(told.theirs)).toEqual(['BRK.B 500', 'AAPL 501'])
  expect(pricesOf(told.mine)).toEqual(['BRK.B 500'])

  mine.remove(['brk-b'])
  mine.add(['aapl'])
  theirs.remove(['AAPL', 'BRK.B'])
  await expect.poll(() => api.app.live.stats.subscriptions).toBe(2)
  await expect.poll(() => told.mine.at(-1)).toMatchObject({ type: 'snapshot', data: { quotes: [{ price: 501 }] } })
  await publish(600)
  await expect.poll(() => pricesOf(told.mine)).toEqual(['BRK.B 500', 'AAPL 601'])
  expect(pricesOf(told.theirs)).toHaveLength(2)
})

test('a stream outlives its tokens without a break, by the notice that each of them ends', async () => {
  const { key } = await login()
  let tokens = 0
  const token = async () => {
    tokens++
    const { token } = await createClient({ url }).post('/api/v1/auth/token', { body: { apiKey: key } })
    return token
  }
  const states: SubscriptionState[] = []
  const notices: StreamEvent[] = []
  const subscription = createClient({ url, token }).subscribe(
    { symbols: ['AAPL'] },
    { onState: (state) => states.push(state), onEvent: (event) => event.type === 'notice' && notices.push(event) }
  )
  onTestFinished(() => subscription.close())
  await vi.waitFor(() => expect(tokens).toBeGreaterThan(4), { timeout: 20_000 })
  expect(states).toEqual([{ state: 'open' }])
  expect(notices[0]).toMatchObject({ data: { code: 'TOKEN_EXPIRES' } })
})

test('a key that is revoked or expires ends what follows by it, with the reason', async () => {
  const { userId, key } = await login()
  const { keys } = api.core.stores
  const scopes = ['stream:read'] as const
  // Long enough that a busy machine has opened the connection before.
  const expiresAt = new Date(Date.now() + 4000).toISOString()
  const expiring = await keys.createKey({ userId, scopes, expiresAt })
  const endOf = async (key: string, opened: () => void) => {
    try {
      for await (const { type } of createClient({ url, key }).stream({ symbols: ['AAPL'] })) {
        if (type === 'snapshot') opened()
      }
    } catch (error) {
      return error as QuotewireError
    }
    return undefined
  }
  const revoke = async () => {
    const [record] = (await keys.list({ userId, limit: 100 })).filter(({ prefix }) => key.startsWith(prefix))
    const admin = await api.login(['admin:write'])
    const options = { method: 'DELETE', path: { id: record!.id } }
    await createClient({ url, key: admin.key }).fetch('/api/v1/admin/keys/{id}', options)
  }
  const ends = await Promise.all([endOf(key, () => void revoke()), endOf(expiring.key, () => undefined)])
  for (const end of ends) {
    expect(end).toBeInstanceOf(QuotewireError)
    expect(end).toMatchObject({ code: 'NOT_AUTHENTICATED', details: { closeCode: 4500 } })
  }
  expect(ends.map((end) => end!.message)).toEqual([
    expect.stringContaining('revoked') as string,
    expect.stringContaining('expired') as string
  ])
})

test('a cursor that is none ends what asked for it, and only that', async () => {
  const { key } = await login()
  const client = createClient({ url, key })
  const states: SubscriptionState[] = []
  client.subscribe(
    { symbols: ['AAPL'], since: 'no cursor' },
    { onEvent: () => undefined, onState: (state) => states.push(state) }
  )
  await expect.poll(() => states.at(-1)).toMatchObject({ state: 'ended', error: { code: 'INVALID_CURSOR' } })
})
