import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { expect, onTestFinished, test } from 'vitest'
import { MarketEvent } from '../../../src/market/event.ts'
import type { Quote } from '../../../src/market/quote.ts'
import { createExchange } from '../../../src/sandbox/exchange.ts'
import { pricingFrame } from '../../../src/sandbox/streams/yahoo/pricing-message.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { systemClock } from '../../../src/streams/clock.ts'
import { openSocket } from '../../../src/streams/socket.ts'
import { Supervisor } from '../../../src/streams/supervisor.ts'
import { yahooStream } from '../../../src/streams/yahoo/feed.ts'
import { yahooMapper } from '../../../src/streams/yahoo/mapper.ts'
import { runsOf } from '../../support/depth.ts'

const NOON = Date.parse('2026-11-30T17:00:00Z')
const map = yahooMapper({ feed: 'composite' })
const mapped = (frame: string) => map(frame, { receivedAt: NOON, fence: 1, nextSequence: () => 7 })
const quoteIn = (frame: string): Quote => {
  const { events, refusals } = mapped(frame)
  expect(refusals).toEqual([])
  return (events[0]!.data as { quote: Quote }).quote
}
const exchange = createExchange({ seed: 1, now: () => NOON, alwaysOpen: false })
const frameOf = (symbol: string, at = NOON) => pricingFrame(exchange.quote(exchange.find(symbol)!, at), at)

const folder = resolve(process.env['RECORDINGS_DIR'] ?? '../shared/recordings', 'yahoo/ws-stream')
const RECORDED: [string, object][] = [
  ['2025-10-02', { price: 119_687.23, dayHigh: 119_800.96, dayLow: 118_416.29, asOf: '2025-10-02T14:19:00.000Z' }],
  ['2025-10-28', { price: 115_135.93, dayHigh: 115_967.17, dayLow: 113_588.09, asOf: '2025-10-28T16:47:00.000Z' }]
]

test.skipIf(!existsSync(folder)).each(RECORDED)(
  'a recorded frame of %s is read to the cent, and a turnover in money is no volume (needs recordings)',
  async (date, expected) => {
    const frame = await readFile(resolve(folder, `ws-pricing-frame-BTC-USD-${date}.json`), 'utf8')
    const quote = quoteIn(frame)
    expect(quote).toMatchObject({ symbol: 'BTC-USD', currency: 'USD', marketState: 'regular', ...expected })
    expect(quote).not.toHaveProperty('volume')
    expect(quoteIn((JSON.parse(frame) as { message: string }).message)).toEqual(quote)
  }
)

test('prices of 32 bits are what they were, and after the close stand beside the regular price', () => {
  const { price, bid, previousClose, volume } = exchange.quote(exchange.find('BRK.B')!, NOON)
  expect(quoteIn(frameOf('BRK.B'))).toMatchObject({ symbol: 'BRK.B', price, bid, previousClose, volume })
  const evening = Date.parse('2026-11-27T20:30:00Z')
  const after = exchange.quote(exchange.find('AAPL')!, evening)
  expect(after.phase).toBe('post')
  expect(quoteIn(frameOf('AAPL', evening))).toMatchObject({
    price: after.price,
    marketState: 'post',
    extendedHours: { session: 'post', price: after.extended!.price }
  })
})

test('whatever a frame holds, it comes to a quote that can be or to a refusal', () => {
  const isEvent = Compile(MarketEvent)
  const sound = Buffer.from((JSON.parse(frameOf('AAPL')) as { message: string }).message, 'base64')
  const spoiled = fc
    .tuple(fc.nat(sound.length), fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 4 }))
    .map(([length, changes]) => {
      const bytes = Buffer.from(sound)
      for (const [at, byte] of changes) bytes[at] = byte
      return bytes.subarray(0, length)
    })
  const text = fc.oneof(spoiled, fc.uint8Array({ maxLength: 60 })).map((bytes) => Buffer.from(bytes).toString('base64'))
  fc.assert(
    fc.property(fc.oneof(text, fc.string(), fc.json()), (message) => {
      for (const frame of [message, JSON.stringify({ type: 'pricing', message })]) {
        const { events, refusals } = mapped(frame)
        expect(events.every((event) => isEvent.Check(event))).toBe(true)
        expect(events.length + refusals.length).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: runsOf(300) }
  )
  expect(mapped(sound.subarray(0, 9).toString('base64')).refusals).toMatchObject([{ reason: 'malformed' }])
  const later = Buffer.concat([sound, Buffer.from([0xa0, 0x02, 1])]).toString('base64')
  expect(mapped(later)).toMatchObject({ refusals: [], unknownFields: ['pricing.36'], events: [{}] })
  expect(mapped('{"type":"news","message":"AA=="}').refusals).toMatchObject([{ reason: 'unknown_type', kind: 'news' }])
})

test('prices move without a key, and a subscription that brought something is carried', async () => {
  const sandbox = await startSandbox({ tickMs: 50 })
  const prices: number[] = []
  let carried: string[] = []
  const supervisor = new Supervisor({
    feeds: [yahooStream({ baseUrl: `${sandbox.url.replace('http', 'ws')}/yahoo-stream`, maxSymbols: 10 })],
    fence: 1,
    open: openSocket,
    clock: systemClock,
    random: Math.random,
    phaseOf: () => 'continuous',
    events: {
      mapped: ({ events }) => {
        for (const { data } of events) if ('quote' in data && data.symbol === 'BRK.B') prices.push(data.quote.price)
      },
      changed: () => undefined,
      carrying: (topics) => (carried = [...topics].toSorted()),
      gapBegan: () => undefined,
      gapEnded: () => undefined,
      notice: () => undefined
    }
  })
  onTestFinished(async () => {
    supervisor.close()
    await sandbox.close()
  })
  supervisor.want(new Set(['quotes:BRK.B', 'trades:AAPL', 'quotes:OCDO.L']))
  supervisor.start()
  await expect.poll(() => new Set(prices).size).toBeGreaterThan(3)
  expect(carried).toEqual(['quotes:BRK.B', 'quotes:SPY'])
  supervisor.want(new Set())
  await expect.poll(() => carried).toEqual(['quotes:SPY'])
})
