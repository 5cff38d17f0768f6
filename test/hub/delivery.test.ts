import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Quote } from '../../src/market/quote.ts'
import { barEvent, quoteEvent, tradeEvent } from '../support/events.ts'
import type { Frame, LiveClient } from '../support/live-client.ts'
import { startLive, testLog, type LiveServer } from '../support/live-server.ts'
import { runsOf } from '../support/depth.ts'

const server = async (options = {}): Promise<LiveServer> => startLive((await testLog()).url, options)
const priceOf = ({ data }: Frame): number => (data['quote'] as Quote).price
const prices = (client: LiveClient, symbol: string): number[] =>
  client
    .ofType('quote_update')
    .filter(({ data }) => data['symbol'] === symbol)
    .map(priceOf)

async function subscribed(server: LiveServer, symbols: string[], options: object = {}): Promise<LiveClient> {
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(symbols, options))
  await client.frame('snapshot')
  return client
}

describe('a client', () => {
  test('gets the events it subscribed to, in order, and no others', async () => {
    const live = await server()
    const client = await subscribed(live, ['AAPL'])
    for (let price = 1; price <= 50; price++) {
      await live.log.append([quoteEvent('AAPL', price), quoteEvent('MSFT', price)])
    }
    await client.until(() => prices(client, 'AAPL').length === 50)
    expect(prices(client, 'AAPL')).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
    expect(prices(client, 'MSFT')).toEqual([])
    client.send({ type: 'unsubscribe', data: { type: 'stock_quotes', symbols: ['AAPL'] } })
    expect((await client.frame('unsubscribed')).data).toMatchObject({ removed: ['AAPL'], count: 0 })
    await live.log.append([quoteEvent('AAPL', 99)])
    const other = await subscribed(live, ['AAPL'])
    expect((await other.frame('snapshot')).data['quotes']).toMatchObject([{ price: 99 }])
    expect(prices(client, 'AAPL')).toHaveLength(50)
  })

  test('shares what is encoded with those who want the same, and leaves without disturbing them', async () => {
    const live = await server()
    const [first, second, third] = await Promise.all([
      subscribed(live, ['AAPL', 'MSFT']),
      subscribed(live, ['MSFT', 'AAPL']),
      subscribed(live, ['AAPL'])
    ])
    await live.log.append([quoteEvent('AAPL', 1), quoteEvent('MSFT', 2)])
    await Promise.all([first, second].map((client) => client.until(() => client.ofType('quote_update').length === 2)))
    await first.leave()
    second.subscribe(['TSLA'])
    await second.frame('snapshot', 1)
    await live.log.append([quoteEvent('TSLA', 3), quoteEvent('AAPL', 4)])
    await second.until(() => second.ofType('quote_update').length === 4)
    await third.until(() => third.ofType('quote_update').length === 2)
    expect(second.ofType('quote_update').map(priceOf)).toEqual([1, 2, 3, 4])
    expect(third.ofType('quote_update').map(priceOf)).toEqual([1, 4])
  })

  test('finds the symbols of its answers by the spellings that it sent', async () => {
    const live = await server()
    const client = await subscribed(live, ['brk-b', 'AAPL', 'RELIANCE.NS', '??'])
    const [{ data }] = client.ofType('subscribed') as [Frame]
    expect(data).toMatchObject({
      accepted: [{ symbol: 'BRK.B' }, { symbol: 'AAPL' }],
      rejected: [{ symbol: '??' }, { symbol: 'NSE:RELIANCE', code: 'SYMBOL_NOT_FOUND' }],
      requested: { 'brk-b': 'BRK.B', 'RELIANCE.NS': 'NSE:RELIANCE' }
    })
    client.subscribe(['BRK.B'])
    expect((await client.frame('subscribed', 1)).data).not.toHaveProperty('requested')
    client.send({ type: 'unsubscribe', data: { type: 'stock_quotes', symbols: ['BRK/B'] } })
    expect((await client.frame('unsubscribed')).data).toMatchObject({ removed: ['BRK.B'] })
  })

  test('gets trades, bars and channels beside quotes', async () => {
    const live = await server()
    const client = await subscribed(live, ['AAPL'])
    client.subscribe(['AAPL'], { stream: 'trades' })
    client.subscribe(['AAPL'], { stream: 'bars.1m' })
    client.send({ type: 'subscribe', data: { type: 'market_data', channels: ['sectors', 'status', 'weather'] } })
    const { data } = await client.frame('subscribed', 3)
    expect(data).toMatchObject({
      accepted: [
        { channel: 'sectors', servedBy: 'polling' },
        { channel: 'status', servedBy: 'calendar' }
      ],
      rejected: [{ channel: 'weather', code: 'UNKNOWN_CHANNEL' }],
      count: 5
    })
    client.send({ type: 'list' })
    expect((await client.frame('subscriptions')).data).toEqual({
      channels: ['sectors', 'status'],
      streams: { quotes: ['AAPL'], trades: ['AAPL'], 'bars.1m': ['AAPL'] },
      count: 5
    })
    expect(client.ofType('subscribed')[1]!.data['accepted']).toEqual([{ symbol: 'AAPL', servedBy: 'nobody' }])
    await live.log.append([
      tradeEvent('AAPL', 5, 10),
      barEvent('AAPL', 6),
      { type: 'market_status', data: { exchanges: [] } }
    ])
    expect((await client.frame('trade')).data).toMatchObject({ symbol: 'AAPL', trade: { price: 5, size: 10 } })
    expect((await client.frame('bar_update')).data).toMatchObject({ symbol: 'AAPL', interval: '1m', bar: { close: 6 } })
    expect((await client.frame('market_status')).data).toEqual({ exchanges: [] })
  })

  test('gets arrays when it asks for batches', async () => {
    const live = await server()
    const client = await subscribed(live, ['AAPL'], { batch: true })
    const arrays: number[] = []
    client.socket.on('message', (data: Buffer) => {
      const parsed: unknown = JSON.parse(data.toString())
      if (Array.isArray(parsed)) arrays.push(parsed.length)
    })
    await live.log.append(Array.from({ length: 40 }, (_, at) => quoteEvent('AAPL', at + 1)))
    await client.until(() => prices(client, 'AAPL').length === 40)
    expect(arrays).toEqual([40])
  })

  test('gets only what changed when it asks for changes, and can rebuild every quote from it', async () => {
    const live = await server()
    const witness = await subscribed(live, ['AAPL'])
    await live.log.append([quoteEvent('AAPL', 1, { bid: 0.9, asOf: '2026-01-05T15:00:00.000Z' })])
    await witness.frame('quote_update')
    const client = await subscribed(live, ['AAPL'], { fields: 'changed' })
    let held = ((await client.frame('snapshot')).data['quotes'] as Quote[])[0] as Record<string, unknown>
    const sent = [2, 2, 3].map((price) => quoteEvent('AAPL', price, price === 3 ? {} : { bid: 0.9 }))
    for (const event of sent) await live.log.append([event])
    await client.until(() => client.ofType('quote_update').length === 3)
    for (const { data } of client.ofType('quote_update')) {
      held = data['quote'] ? (data['quote'] as Quote) : { ...held, ...(data['changed'] as object) }
      for (const field of (data['removed'] ?? []) as string[]) delete held[field]
    }
    expect(held).toEqual(sent[2]!.data.quote)
    expect(client.ofType('quote_update')[0]!.data['changed']).not.toHaveProperty('volume')
    expect(client.ofType('quote_update')[2]!.data['removed']).toEqual(['bid'])
  })

  test('reads fixed-width records in the binary protocol, and whether to trust them', async () => {
    const live = await server()
    const client = live.connect(['quotewire.binary'])
    client.socket.once('open', () => client.subscribe(['AAPL']))
    await client.frame('snapshot')
    const [{ topic }] = (await client.frame('subscribed')).data['accepted'] as [{ topic: number }]
    await live.log.append([quoteEvent('AAPL', 231.5, { bid: 231.4, ask: 231.6, asOf: '2026-01-05T15:00:00.000Z' })])
    await client.until(() => client.binary.length === 1)
    const [message] = client.binary as [Buffer]
    const records = message.readUInt16LE(2)
    expect([message[0], message[1], records % 4]).toEqual([2, 0, 0])
    expect(message.length).toBe(records + 48)
    expect([message.readUInt32LE(records), message[records + 4], message[records + 5]]).toEqual([topic, 1, 1])
    const numbers = Array.from({ length: 5 }, (_, at) => message.readDoubleLE(records + 8 + 8 * at))
    expect(numbers).toEqual([Date.parse('2026-01-05T15:00:00.000Z'), 231.5, 1000, 231.4, 231.6])
    const since = message.toString('latin1', 4, records).replaceAll('\0', '')

    const stale = quoteEvent('AAPL', 232)
    await live.log.append([
      {
        ...stale,
        data: {
          ...stale.data,
          quote: { ...stale.data.quote, provenance: { ...stale.data.quote.provenance, state: 'stale' } }
        }
      }
    ])
    const resumed = live.connect(['quotewire.binary'])
    resumed.socket.once('open', () => resumed.subscribe(['AAPL'], { since }))
    expect((await resumed.frame('resumed')).data['replayed']).toBe(1)
    const [replayed] = resumed.binary as [Buffer]
    expect(replayed.readDoubleLE(replayed.readUInt16LE(2) + 16)).toBe(232)
    expect(replayed[replayed.readUInt16LE(2) + 5]).toBe(4)
  })
})

describe('conflation', () => {
  test('never loses the last value, whatever comes when', { timeout: 60_000 }, async () => {
    const live = await server()
    const symbols = ['A', 'B', 'C', 'D']
    const ticks = fc.array(fc.record({ symbol: fc.constantFrom(...symbols), turn: fc.boolean() }), { maxLength: 60 })
    let price = 1000
    await fc.assert(
      fc.asyncProperty(ticks, fc.integer({ min: 1, max: 40 }), async (sequence, conflateMs) => {
        const client = await subscribed(live, symbols, { conflateMs })
        const last = new Map<string, number>()
        let sending = Promise.resolve()
        for (const { symbol, turn } of sequence) {
          last.set(symbol, ++price)
          sending = live.log.append([quoteEvent(symbol, price)])
          if (turn) await sending
        }
        await sending
        await client.until(() => [...last].every(([symbol, value]) => prices(client, symbol).at(-1) === value))
        for (const symbol of symbols)
          expect(prices(client, symbol)).toEqual(prices(client, symbol).toSorted((a, b) => a - b))
        await client.leave()
      }),
      { numRuns: runsOf(25) }
    )
  })

  test('sends the newest value of a symbol once per interval, and every trade', async () => {
    const live = await server()
    const client = await subscribed(live, ['AAPL'], { conflateMs: 300 })
    client.subscribe(['AAPL'], { stream: 'trades' })
    await client.frame('snapshot', 1)
    for (let price = 1; price <= 100; price++)
      await live.log.append([quoteEvent('AAPL', price), tradeEvent('AAPL', price, 1)])
    await client.until(() => prices(client, 'AAPL').at(-1) === 100)
    expect(prices(client, 'AAPL').length).toBeLessThan(20)
    expect(client.ofType('trade')).toHaveLength(100)
    expect(live.live.stats.conflated).toBeGreaterThan(50)
  })
})
