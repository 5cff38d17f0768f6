import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { formatCursor } from '../../src/log/cursor.ts'
import type { EventLog } from '../../src/log/log.ts'
import { behind } from '../../src/log/positions.ts'
import type { MarketEvent } from '../../src/market/event.ts'
import type { Quote } from '../../src/market/quote.ts'
import { entryOf } from '../log/entries.ts'
import { quoteEvent, tradeEvent } from '../support/events.ts'
import type { Frame, LiveClient } from '../support/live-client.ts'
import { openLog, startLive, testLog, type LiveServer } from '../support/live-server.ts'
import { privateRedis } from '../log/redis-door.ts'

const STREAM = 'log:1:{0}'
const CLIENTS = 1000
const SYMBOLS = ['AAPL', 'MSFT', 'IBM', 'GE']

const priceOf = ({ data }: Frame): number => ((data['quote'] ?? data['trade']) as Quote).price
const seen = (client: LiveClient): number[] =>
  [...client.ofType('quote_update'), ...client.ofType('trade')].map(priceOf)

/** An entry of the past, so many milliseconds before now. */
type Past = readonly [agoMs: number, events: readonly MarketEvent[]]

/** Appends entries as they were appended long ago: a process that starts now remembers the last minute of them at most. */
async function writePast(url: string, entries: readonly Past[]): Promise<void> {
  const redis = new Redis(url)
  onTestFinished(() => redis.disconnect())
  const now = Date.now()
  const pipeline = redis.pipeline()
  for (const [agoMs, events] of entries) pipeline.xadd(STREAM, `${now - agoMs}-0`, 'e', entryOf(events))
  for (const [error] of (await pipeline.exec())!) if (error) throw error
}

/** The cursor right behind an entry. */
async function cursorBehind(log: EventLog, agoMs: number): Promise<string> {
  const at = await log.at(0, Date.now() - agoMs - 500)
  const [entry] = await log.read(at, 1)
  return formatCursor([{ epoch: await log.epoch(), at: behind(entry!) }])
}

function resumed(server: LiveServer, symbols: readonly string[], options: object): LiveClient {
  const client = server.connect()
  client.socket.once('open', () => client.subscribe(symbols, options))
  return client
}

describe('clients that come back after long', () => {
  test('share what is read of the log, and one that does not read stops nobody', { timeout: 60_000 }, async () => {
    const privately = await privateRedis()
    const url = privately.directUrl()
    const entries = Array.from({ length: 3000 }, (_, at): Past => {
      const symbol = SYMBOLS[at % 100] ?? 'PAD'
      return [120_000 - at * 10, [tradeEvent(symbol, at, 1)]]
    })
    await writePast(url, [...entries, [0, [tradeEvent('PAD', 1, 1)]]])
    const path = join(tmpdir(), `${randomUUID()}.sock`)
    const log = await openLog(url)
    const server = await startLive(url, { log, path })
    const redis = new Redis(url)
    onTestFinished(() => redis.disconnect())
    const reads = async () => Number(/cmdstat_xrange:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)
    const epoch = await log.epoch()
    const places = await log.read(await log.at(0, Date.now() - 200_000), 300)
    const before = await reads()
    const clients = []
    for (let at = 0; at < CLIENTS; at++) {
      const number = (at * 7) % places.length
      const client = server.connect()
      clients.push({ number, client, at })
      // No more at once than a socket listens for.
      if (at % 100 === 99) await client.frame('welcome')
    }
    for (const { client } of clients) await client.frame('welcome')
    for (const { client, number, at } of clients) {
      const since = formatCursor([{ epoch, at: behind(places[number]!) }])
      client.subscribe([SYMBOLS[at % SYMBOLS.length]!], { stream: 'trades', since })
    }
    const [deaf] = clients
    deaf!.client.socket.pause()
    for (const { client } of clients.slice(1)) await client.frame('resumed')
    // Each for itself would read once at least. Sixty to eighty are usual: who is at the end looks whether there is more.
    expect((await reads()) - before).toBeLessThan(CLIENTS / 5)
    expect(deaf!.client.ofType('resumed')).toEqual([])
    deaf!.client.socket.resume()
    for (const { client, number, at } of clients) {
      await client.frame('resumed')
      const missed = entries.flatMap((_, price) =>
        price > number && price % 100 === at % SYMBOLS.length ? [price] : []
      )
      expect(seen(client)).toEqual(missed)
      expect(client.ofType('gap')).toEqual([])
    }
  })
})

describe('a client that comes back between two quotes that were appended in the wrong order', () => {
  const minute = (at: number) => ({ asOf: new Date(Date.UTC(2026, 0, 5, 15, at)).toISOString() })

  test.each([
    ['long ago', 200_000],
    ['before what the process remembers', 65_000],
    ['and the process remembers the later one', 61_000],
    ['and the process remembers no more than where the client was', 58_000]
  ])('is not shown the older one: %s', async (_, agoMs) => {
    const { url, log } = await testLog()
    await writePast(url, [
      [agoMs + 30_000, [quoteEvent('AAPL', 1, minute(1))]],
      [agoMs + 3000, [quoteEvent('AAPL', 2, minute(5))]],
      [agoMs, [tradeEvent('AAPL', 1, 1)]],
      [agoMs - 2000, [quoteEvent('AAPL', 3, minute(4))]],
      [agoMs - 3000, [quoteEvent('AAPL', 4, minute(6)), quoteEvent('AAPL', 5, minute(5))]],
      [agoMs - 4000, [quoteEvent('AAPL', 6, minute(7))]],
      [0, [tradeEvent('PAD', 1, 1)]]
    ])
    const server = await startLive(url)
    const client = resumed(server, ['AAPL'], { since: await cursorBehind(log, agoMs) })
    await client.frame('resumed')
    expect(seen(client)).toEqual([4, 6])
    expect(client.ofType('gap')).toEqual([])
  })
})
