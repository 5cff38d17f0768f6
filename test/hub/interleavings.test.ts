import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { EventLog } from '../../src/log/log.ts'
import type { MarketEvent, QuoteUpdate } from '../../src/market/event.ts'
import { runsOf } from '../support/depth.ts'
import { barEvent, quoteEvent, tradeEvent } from '../support/events.ts'
import { startLive, testLog } from '../support/live-server.ts'
import { CarefulClient, type Options } from './careful-client.ts'

const SYMBOLS = ['A', 'B', 'C', 'D']
const STREAMS = ['quotes', 'trades', 'bars.1m']
const CLIENTS = 3
const NAME = 'x'.repeat(5000)
const LIMITS = { connectionsPerUser: 2000, subscriptionsPerUser: 5000, framesPerSecond: 10_000, frameBytes: 262_144 }

/** Everything that was published, as clients must have it in the end. */
class Market {
  readonly quotes = new Map<string, QuoteUpdate['data']['quote']>()
  readonly trades = new Map<string, number>()
  readonly bars = new Map<string, number>()
  sectors = ''
  #price = 100

  events(count: number, isLarge: boolean): MarketEvent[] {
    return Array.from({ length: count }, (_, at) => this.#event(SYMBOLS[at % 4]!, Math.floor(at / 4) % 4, isLarge))
  }

  #event(symbol: string, kind: number, isLarge: boolean): MarketEvent {
    if (kind === 2) return tradeEvent(symbol, next(this.trades, symbol), 1)
    if (kind === 3 && symbol === 'A') return this.#sectorsEvent()
    if (kind === 3) return barEvent(symbol, next(this.bars, symbol))
    const bid = this.#price++ % 3 === 0 ? {} : { bid: 7 }
    const event = quoteEvent(symbol, this.#price, { ...bid, ...(isLarge && { name: NAME }) })
    this.quotes.set(symbol, event.data.quote)
    return event
  }

  #sectorsEvent(): MarketEvent {
    const { provenance } = quoteEvent('A', 1).data.quote
    const data = {
      sectors: [{ sector: 'Energy' as const, changePercent: this.#price++, asOf: '2026-01-05' }],
      provenance
    }
    this.sectors = JSON.stringify(data)
    return { type: 'sectors_update', data }
  }
}

function next(numbers: Map<string, number>, symbol: string): number {
  const number = (numbers.get(symbol) ?? 0) + 1
  numbers.set(symbol, number)
  return number
}

/** What somebody does next; of clients the numbered one. */
type Action = {
  readonly do:
    'publish' | 'subscribe' | 'follow' | 'unsubscribe' | 'pause' | 'read' | 'cut' | 'cutAfter' | 'renew' | 'wait'
  readonly client: number
  readonly count: number
  readonly isLarge: boolean
  readonly stream: string
  readonly symbols: string[]
  readonly options: Options
}

const action: fc.Arbitrary<Action> = fc.record({
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constant('publish' as const) },
    { weight: 4, arbitrary: fc.constantFrom('subscribe' as const, 'read' as const, 'wait' as const) },
    { weight: 2, arbitrary: fc.constantFrom('unsubscribe' as const, 'pause' as const) },
    { weight: 3, arbitrary: fc.constantFrom('follow' as const, 'cut' as const, 'cutAfter' as const, 'renew' as const) }
  ),
  client: fc.integer({ min: 0, max: CLIENTS - 1 }),
  count: fc.integer({ min: 1, max: 300 }),
  isLarge: fc.boolean(),
  stream: fc.constantFrom(...STREAMS),
  symbols: fc.subarray(SYMBOLS, { minLength: 1 }),
  options: fc.record<Options>(
    { conflateMs: fc.constantFrom(0, 5, 20), batch: fc.boolean(), fields: fc.constantFrom('all', 'changed') },
    { requiredKeys: [] }
  )
})
const script = fc.record({
  actions: fc.array(action, { minLength: 5, maxLength: 40, size: 'max' }),
  /** After which action one of the two processes goes down. */
  goneAt: fc.integer({ min: 0, max: 80 }),
  shards: fc.constantFrom(1, 3),
  flushMs: fc.constantFrom(0, 10),
  binary: fc.array(fc.boolean(), { minLength: CLIENTS, maxLength: CLIENTS })
})

async function play(action: Action, client: CarefulClient, log: EventLog, market: Market): Promise<void> {
  const { stream, symbols, options, count, isLarge } = action
  if (action.do === 'publish') void log.append(market.events(count, isLarge))
  else if (action.do === 'subscribe') client.subscribe(stream, symbols, options)
  else if (action.do === 'follow') client.subscribe('channels', ['sectors'], options)
  else if (action.do === 'unsubscribe') client.unsubscribe(stream, symbols)
  else if (action.do === 'pause') client.pause()
  else if (action.do === 'read') client.read()
  else if (action.do === 'cut') client.cut()
  else if (action.do === 'cutAfter') client.cutAfter = count
  else if (action.do === 'renew') client.renewToken()
  else await new Promise((resolve) => setTimeout(resolve, 4))
}

function expectTruth(client: CarefulClient, market: Market): void {
  expect(client.wrongs).toEqual([])
  const { channels, streams } = client.current
  for (const symbol of streams['quotes'] ?? []) {
    // Of binary records only the price was read.
    const held = client.quotes.get(symbol)
    const quote = market.quotes.get(symbol)!
    expect(held).toEqual(held?.['currency'] ? quote : { symbol, price: quote.price })
  }
  const newest = { trades: market.trades, 'bars.1m': market.bars }
  for (const [stream, numbers] of Object.entries(newest)) {
    for (const symbol of streams[stream] ?? []) {
      expect({ stream, symbol, number: client.history.get(`${stream}:${symbol}`) }).toEqual({
        stream,
        symbol,
        number: numbers.get(symbol)
      })
    }
  }
  if (channels.includes('sectors')) expect(client.sectors).toBe(market.sectors)
}

const SOON = { timeout: 15_000, interval: 2 }

test(
  'whatever is asked for, of two processes of which one goes, by clients slow and fast: each ends with the newest values, and with every trade and bar once',
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(script, async ({ actions, goneAt, shards, flushMs, binary }) => {
        const { url, log } = await testLog({ shards })
        const open = () =>
          startLive(url, { shards, flushMs, path: join(tmpdir(), `${randomUUID()}.sock`), limits: LIMITS })
        const servers = [await open(), await open()] as const
        const addresses = servers.map((server) => `${server.url}?token=ann`)
        const clients = binary.map((each) => new CarefulClient(addresses, each, shards))
        const leave = () => clients.forEach((client) => client.leave())
        onTestFinished(leave)
        const areSettled = () => expect(clients.map(({ isSettled }) => isSettled)).not.toContain(false)
        await vi.waitFor(areSettled, SOON)

        const market = new Market()
        for (const [at, each] of actions.entries()) {
          await play(each, clients[each.client]!, log, market)
          if (at === goneAt) void servers[0].close()
        }
        for (const client of clients) {
          client.cutAfter = Infinity
          client.read()
        }
        await vi.waitFor(areSettled, SOON)
        await log.append(market.events(32, false))
        for (const client of clients) await vi.waitFor(() => expectTruth(client, market), SOON)
        leave()
        await Promise.all(servers.map((server) => server.close()))
      }),
      { numRuns: runsOf(15), endOnFailure: true }
    )
  }
)
