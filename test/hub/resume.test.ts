import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import { formatCursor, parseCursor } from '../../src/log/cursor.ts'
import { beginningOf } from '../../src/log/positions.ts'
import type { Quote } from '../../src/market/quote.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import type { Frame, LiveClient } from '../support/live-client.ts'
import { openLog, startLive, testLog, type LiveServer } from '../support/live-server.ts'

const priceOf = ({ data }: Frame): number => ((data['quote'] ?? data['trade']) as Quote).price
const seen = (client: LiveClient): number[] =>
  [...client.ofType('quote_update'), ...client.ofType('trade')].map(priceOf)
const lastCursor = (client: LiveClient): string => client.frames.findLast(({ cursor }) => cursor !== undefined)!.cursor!

async function subscribed(server: LiveServer, symbols: string[], options: object = {}): Promise<LiveClient> {
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(symbols, options))
  await client.frame('since' in options ? 'resumed' : 'snapshot')
  return client
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

describe('a client that moves between two API processes', () => {
  test.each([{ shards: 1 }, { shards: 3 }])(
    'loses nothing and gets nothing twice ($shards shards)',
    async ({ shards }) => {
      const { url } = await testLog()
      const servers = await Promise.all([startLive(url, { shards }), startLive(url, { shards })])
      const log = await openLog(url, { shards })
      const symbols = ['AAPL', 'MSFT', 'TSLA', 'NVDA']
      let price = 0
      const stop = new AbortController()
      const producing = (async () => {
        while (!stop.signal.aborted) {
          await log.append(symbols.map((symbol) => tradeEvent(symbol, ++price, 1)))
          await new Promise(setImmediate)
        }
      })()

      const received = new Map(symbols.map((symbol) => [symbol, [] as number[]]))
      let since: string | undefined
      const follow = (client: LiveClient) => {
        client.socket.on('message', (data: Buffer) => {
          const { type, data: event, cursor } = JSON.parse(data.toString()) as Frame
          since = cursor ?? since
          if (type === 'trade') received.get(event['symbol'] as string)!.push((event['trade'] as Quote).price)
        })
      }
      for (let move = 0; move < 8; move++) {
        const client = servers[move % 2]!.connect()
        follow(client)
        const options = { stream: 'trades', ...(since && { since }) }
        client.socket.once('open', () => client.subscribe(symbols, options))
        const had = [...received.values()].flat().length
        await client.until(() => [...received.values()].flat().length > had + 40)
        client.socket.terminate()
        await client.closing()
        expect(client.ofType('gap')).toEqual([])
      }
      stop.abort()
      await producing
      const last = await subscribed(servers[0], symbols, { stream: 'trades', since })
      const first = received.get('AAPL')![0]!
      const had = [...received.values()].flat().length
      // What the process has not read yet comes live.
      await last.until(() => had + last.ofType('trade').length > price - first, 'the last trade')
      for (const { data } of last.ofType('trade')) {
        received.get(data['symbol'] as string)!.push((data['trade'] as Quote).price)
      }
      const expected = (offset: number) => range(0, (price - first - 3) / 4).map((at) => first + offset + 4 * at)
      for (const [offset, symbol] of symbols.entries()) expect(received.get(symbol)).toEqual(expected(offset))
    }
  )

  test('is given what happened before a process started, from the log', async () => {
    const { url, log } = await testLog()
    const first = await startLive(url)
    const client = await subscribed(first, ['AAPL'])
    await log.append([quoteEvent('AAPL', 1)])
    await client.until(() => seen(client).length === 1)
    await first.close()
    expect(client.closed).toEqual({ code: 4001, reason: expect.any(String) as string })
    // More than a fresh process keeps in memory, so that the log itself is read.
    const padding = 'x'.repeat(40_000)
    for (let price = 2; price <= 1001; price++) {
      await log.append([quoteEvent('AAPL', price), quoteEvent('PAD', price, { name: padding })])
    }
    const second = await startLive(url)
    const moved = await subscribed(second, ['AAPL'], { since: lastCursor(client) })
    expect(seen(moved)).toEqual(range(2, 1001))
    expect(moved.ofType('gap')).toEqual([])
    expect((await moved.frame('resumed')).data).toMatchObject({ replayed: 1000, stream: 'quotes' })
  })

  test('gets each event once although hundreds of others resume at the same moment', { timeout: 60_000 }, async () => {
    const { url, log } = await testLog()
    const server = await startLive(url)
    const client = await subscribed(server, ['AAPL'])
    const cursor = lastCursor(client)
    for (let price = 1; price <= 100; price++)
      await log.append([tradeEvent('AAPL', price, 1), quoteEvent('AAPL', price)])
    const storm = await Promise.all(
      range(1, 300).map(() => subscribed(server, ['AAPL'], { stream: 'trades', since: cursor }))
    )
    await log.append([tradeEvent('AAPL', 101, 1)])
    await Promise.all(storm.map((each) => each.until(() => seen(each).at(-1) === 101)))
    for (const each of storm) expect(seen(each)).toEqual(range(1, 101))
  })
})

describe('a cursor', () => {
  test('that the log has outlived becomes a gap and a snapshot', async () => {
    const { url, log } = await testLog()
    const first = await startLive(url)
    const client = await subscribed(first, ['AAPL'])
    await log.append([quoteEvent('AAPL', 1)])
    await client.until(() => seen(client).length === 1)
    const cursor = lastCursor(client)
    await first.close()
    const short = await openLog(url, { maxBytes: 1_000_000 })
    for (let price = 2; price <= 200; price++) {
      await short.append([quoteEvent('AAPL', price, { name: 'x'.repeat(30_000) })])
    }
    const oldest = async () => {
      await short.append([quoteEvent('AAPL', 201)])
      return short.timeOf((await short.reach(0)).first!)
    }
    const reachedMs = short.timeOf(parseCursor(cursor, 1)![0]!.at)
    await expect.poll(oldest).toBeGreaterThan(reachedMs)
    const second = await startLive(url, { log: short })
    const late = await subscribed(second, ['AAPL'], { since: cursor })
    const gap = await late.frame('gap')
    expect(gap.data).toMatchObject({ reason: 'trimmed', stream: 'quotes' })
    expect(Date.parse(gap.data['from'] as string)).toBe(reachedMs)
    expect((await late.frame('snapshot')).data['quotes']).toMatchObject([{ symbol: 'AAPL', price: 201 }])
    expect(late.frames.map(({ type }) => type)).toEqual(['welcome', 'subscribed', 'gap', 'snapshot', 'resumed'])
    await short.append([quoteEvent('AAPL', 202)])
    await late.until(() => seen(late).at(-1) === 202)
  })

  test('from before anything happened is no gap, whenever the first event comes', async () => {
    const { url, log } = await testLog()
    const server = await startLive(url)
    const since = formatCursor([{ epoch: await log.epoch(), at: beginningOf(0) }])
    const before = await subscribed(server, ['AAPL'], { since })
    await log.append([quoteEvent('AAPL', 7)])
    await before.until(() => seen(before).length === 1)
    for (const each of [server, await startLive(url)]) {
      const client = await subscribed(each, ['AAPL'], { since })
      expect(client.ofType('gap')).toEqual([])
      expect(seen(client)).toEqual([7])
    }
  })

  test('given out by a host whose clock is ahead of that of Redis leaves no gap, before the first event and after', async () => {
    const { url, log } = await testLog()
    const ahead = await startLive(url, { now: () => Date.now() + 300_000 })
    const client = await subscribed(ahead, ['AAPL'])
    const since = lastCursor(client)
    await log.append([quoteEvent('AAPL', 1)])
    await client.until(() => seen(client).length === 1)
    for (const server of [ahead, await startLive(url)]) {
      const resumed = await subscribed(server, ['AAPL'], { since })
      expect(resumed.ofType('gap')).toEqual([])
      expect(seen(resumed)).toEqual([1])
    }
  })

  test('of another epoch, from the future or of no shard becomes a gap too, and nonsense is refused', async () => {
    const { url, log } = await testLog()
    await log.append([quoteEvent('IBM', 1)])
    const server = await startLive(url)
    const epoch = await log.epoch()
    const at = await log.at(0, Date.now() - 1000)
    const future = await log.at(0, Date.now() + 3_600_000)
    for (const [since, reason] of [
      [formatCursor([{ epoch: 'abcdefabcdef', at }]), 'log_replaced'],
      [formatCursor([{ epoch, at: future }]), 'unknown_position'],
      [formatCursor([{ epoch, at }, undefined]), 'unknown_position'],
      [`abcdefabcdef.0.1700000000000-0.0`, 'log_replaced'],
      [`${epoch}.0.99999999999999-0.0`, 'unknown_position'],
      [`${epoch}.7.1700000000000-0.0`, 'unknown_position']
    ]) {
      const client = await subscribed(server, ['AAPL'], { since })
      expect((await client.frame('gap')).data['reason']).toBe(reason)
      expect(await client.frame('snapshot')).toBeDefined()
    }
    const client = server.connect()
    const cut = formatCursor([{ epoch, at }]).slice(0, -1)
    const forged = cut.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    client.socket.once('open', () => {
      for (const since of ["1'; drop table", cut, forged, `${epoch}.0.1-1`]) client.subscribe(['AAPL'], { since })
    })
    await client.frame('error', 3)
    for (const { data } of client.ofType('error')) {
      expect(data).toMatchObject({ code: 'INVALID_CURSOR', details: { field: 'data.since' } })
    }
    client.subscribe(['AAPL'])
    expect(await client.frame('snapshot')).toBeDefined()
  })

  test('outlives the log when Redis loses its data: who had all of it goes on, and is told of a gap where something is missing', async () => {
    const { url, log } = await testLog()
    const server = await startLive(url)
    const client = await subscribed(server, ['AAPL'])
    await log.append([quoteEvent('AAPL', 1)])
    await client.until(() => seen(client).length === 1)
    const redis = new Redis(url)
    onTestFinished(() => redis.disconnect())
    const { hub } = server.live.context
    const before = hub.epoch
    await redis.flushdb()
    await expect.poll(() => hub.epoch).not.toBe(before)
    await log.append([quoteEvent('AAPL', 2)])
    await client.until(() => seen(client).at(-1) === 2)
    expect(client.ofType('gap')).toEqual([])
    const resumed = server.connect()
    resumed.socket.once('open', () => resumed.subscribe(['AAPL'], { since: client.ofType('quote_update')[0]!.cursor }))
    await resumed.frame('resumed')
    expect(seen(resumed)).toEqual([2])

    await redis.xadd('log:1:{0}', '*', 'e', 'what nobody can read')
    expect((await client.frame('gap')).data).toMatchObject({ reason: 'log_replaced', stream: 'quotes' })
    await client.frame('snapshot', 1)
    await resumed.frame('gap')
  })
})

describe('a replay that ends early says what it did not finish, and goes on from there', () => {
  /** From before what a fresh process keeps in memory, so that the log itself is read. */
  const longAgo = async (log: EventLog) =>
    formatCursor([{ epoch: await log.epoch(), at: await log.at(0, Date.now() - 600_000) }])
  const PADDING = 'x'.repeat(20_000)

  async function filledLog() {
    const { url, log } = await testLog()
    for (let price = 1; price <= 40; price++) {
      await log.append([quoteEvent('AAPL', price, { name: PADDING }), tradeEvent('MSFT', price, 1)])
    }
    return { url, log }
  }

  async function interrupted(server: LiveServer, log: EventLog) {
    const client = server.connect()
    client.socket.once('open', () => void longAgo(log).then((since) => client.subscribe(['AAPL', 'MSFT'], { since })))
    const { data } = await client.frame('error')
    expect(data['details']).toMatchObject({ stream: 'quotes', removed: ['AAPL', 'MSFT'], count: 0 })
    expect(client.ofType('resumed')).toEqual([])
    client.send({ type: 'list' })
    expect((await client.frame('subscriptions')).data).toEqual({ channels: [], streams: {}, count: 0 })
    const goOn = async () => {
      client.subscribe(['AAPL', 'MSFT'], { since: (data['details'] as { since: string }).since })
      await client.frame('resumed')
      expect(seen(client)).toEqual(range(1, 40))
      expect(client.ofType('gap')).toEqual([])
    }
    return { code: data['code'], client, goOn }
  }

  test('where the log cannot be read', async () => {
    const { url, log } = await filledLog()
    let failures = 1
    const read: EventLog['read'] = (from, maxEntries) =>
      failures-- > 0 ? Promise.reject(new Error('Redis is away')) : log.read(from, maxEntries)
    const server = await startLive(url, { log: { ...log, read } })
    const { code, goOn } = await interrupted(server, log)
    expect(code).toBe('LOG_UNREADABLE')
    await goOn()
  })

  test('where its user has spent what reading may cost', async () => {
    const { url, log } = await filledLog()
    let left = 400_000
    const server = await startLive(url, {
      authenticate: async (token) => ({
        userId: token,
        name: token,
        mayStream: true,
        isOperator: false,
        expiresAt: Date.now() + 600_000,
        knownUntil: Infinity,
        isRevoked: () => false,
        verifyAgain: () => Promise.reject(new Error('nobody asks for it')),
        pay: () => undefined,
        payForReplay(bytes) {
          left -= bytes
          return left < 0 ? { code: 'RATE_LIMITED', message: 'spent', details: { retryAfterSeconds: 3 } } : undefined
        }
      })
    })
    const { code, client, goOn } = await interrupted(server, log)
    expect(code).toBe('RATE_LIMITED')
    expect(client.ofType('error')[0]!.data['details']).toMatchObject({ retryAfterSeconds: 3 })
    expect(seen(client).length).toBeGreaterThan(0)
    expect(seen(client).length).toBeLessThan(40)
    left = 10_000_000
    await goOn()
  })
})
