import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import type { MarketEvent } from '../../src/market/event.ts'
import { runsOf } from '../support/depth.ts'
import { openDoor } from '../support/door.ts'
import { barEvent, quoteEvent, tradeEvent } from '../support/events.ts'
import { startLive, testLog } from '../support/live-server.ts'
import { BEFORE_FIRST, Follower } from './follower.ts'

const SYMBOLS = ['A', 'B', 'C', 'D']
const STREAMS = ['quotes', 'trades', 'bars.1m'] as const
const FOLLOWERS = 4
const SOON = { timeout: 15_000, interval: 5 }

/** Numbers everything that it publishes, by stream and symbol. */
class Market {
  readonly newest = new Map<string, number>()

  events(count: number): MarketEvent[] {
    return Array.from({ length: count }, (_, at) => {
      const symbol = SYMBOLS[at % SYMBOLS.length]!
      const stream = STREAMS[Math.floor(at / SYMBOLS.length) % STREAMS.length]!
      const number = (this.newest.get(`${stream}:${symbol}`) ?? BEFORE_FIRST) + 1
      this.newest.set(`${stream}:${symbol}`, number)
      if (stream === 'quotes') return quoteEvent(symbol, number)
      return stream === 'trades' ? tradeEvent(symbol, number, 1) : barEvent(symbol, number)
    })
  }
}

const action = fc.record({
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constant('publish' as const) },
    { weight: 6, arbitrary: fc.constantFrom('follow' as const, 'add' as const, 'wait' as const) },
    { weight: 3, arbitrary: fc.constantFrom('cut' as const, 'remove' as const) },
    { weight: 1, arbitrary: fc.constantFrom('close' as const, 'restart' as const, 'goOn' as const) }
  ),
  follower: fc.integer({ min: 0, max: FOLLOWERS - 1 }),
  count: fc.integer({ min: 1, max: 200 }),
  stream: fc.constantFrom(...STREAMS),
  symbols: fc.subarray(SYMBOLS, { minLength: 1 })
})
const script = fc.record({
  actions: fc.array(action, { minLength: 10, maxLength: 40, size: 'max' }),
  shards: fc.constantFrom(1, 3)
})

test(
  'whatever is followed, left and cut off, by callbacks and by loops: every trade and bar comes once and in order, and of quotes the newest',
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(script, async ({ actions, shards }) => {
        const { url: redisUrl, log } = await testLog({ shards })
        const door = await openDoor()
        const start = async () => {
          const server = await startLive(redisUrl, { shards })
          door.moveTo(Number(new URL(server.url).port))
          return server
        }
        let server = await start()
        const client = createClient({ url: `http://127.0.0.1:${door.port}`, key: 'ann' })
        const followers = Array.from({ length: FOLLOWERS }, (_, at) => new Follower(client, at % 2 === 0))
        const leave = () => {
          for (const follower of followers) follower.close()
          door.close()
        }
        onTestFinished(leave)
        const areSettled = () =>
          vi.waitFor(() => expect(followers.every(({ isSettled }) => isSettled)).toBe(true), SOON)
        const market = new Market()
        for (const { do: what, follower: at, count, stream, symbols } of actions) {
          const follower = followers[at]!
          if (what === 'publish') await log.append(market.events(count))
          else if (what === 'follow') follower.follow(stream, symbols)
          else if (what === 'add') follower.add(symbols)
          else if (what === 'remove') follower.remove(symbols)
          else if (what === 'close') follower.close()
          else if (what === 'goOn') follower.goOn()
          else if (what === 'cut') door.cut()
          else if (what === 'restart') {
            await server.close()
            server = await start()
          } else await areSettled()
        }
        await areSettled()
        await log.append(market.events(SYMBOLS.length * STREAMS.length))
        for (const follower of followers) {
          await vi.waitFor(() => expect(follower.held).toEqual(follower.expected(market.newest)), SOON)
          expect(follower.wrongs).toEqual([])
        }
        leave()
        await server.close()
      }),
      { numRuns: runsOf(6), endOnFailure: true }
    )
  }
)
