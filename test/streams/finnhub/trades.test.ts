import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { systemClock } from '../../../src/streams/clock.ts'
import { finnhub } from '../../../src/streams/finnhub/feed.ts'
import { finnhubMapper } from '../../../src/streams/finnhub/mapper.ts'
import { openSocket } from '../../../src/streams/socket.ts'
import { Supervisor } from '../../../src/streams/supervisor.ts'
import { runsOf } from '../../support/depth.ts'

const NOON = Date.parse('2026-11-30T17:00:00Z')
const placeOf = () => ({ tradeDate: '2026-11-30', session: 'regular' }) as const
const map = finnhubMapper({ feed: 'composite', placeOf })
const mapped = (frame: string) => map(frame, { receivedAt: NOON, fence: 3, nextSequence: () => 7 })

test('a documented message is read, one bad trade costs no other, and none passes for another of its instant', () => {
  const sound = { s: 'AAPL', p: 146.75, t: 1_628_238_530_221, v: 0.5, c: ['1', '24', '12'] }
  const data = [
    sound,
    { ...sound, t: null },
    { ...sound, t: -1e300 },
    { ...sound, s: 'BINANCE:BTCUSDT' },
    { ...sound, c: null }
  ]
  const { events, refusals, control } = mapped(JSON.stringify({ type: 'trade', data }))
  expect(refusals.map(({ reason }) => reason)).toEqual(['bad_field', 'bad_field', 'bad_symbol'])
  expect(control).toEqual([{ heard: 'AAPL' }])
  expect(events).toHaveLength(2)
  expect(events[0]).toMatchObject({
    data: {
      trade: { price: 146.75, size: 0.5, conditions: ['#1', '#24', '#12'], asOf: '2021-08-06T08:28:50.221Z', fence: 3 }
    }
  })
  expect(events[1]!.data).not.toHaveProperty('trade.conditions')
})

test('whatever a frame holds, nothing breaks', () => {
  const row = fc.record({ s: fc.constantFrom('AAPL', '', 1), p: fc.double(), t: fc.double(), v: fc.jsonValue() })
  const message = fc.record({
    type: fc.constantFrom('trade', 'ping', 'x'),
    data: fc.oneof(fc.array(row), fc.jsonValue())
  })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        message.map((each) => JSON.stringify(each))
      ),
      (frame) => {
        expect(mapped(frame).news).toEqual([])
      }
    ),
    { numRuns: runsOf(200) }
  )
})

test('trades come with nothing but a key, and what brought something is carried', async () => {
  const sandbox = await startSandbox({ tickMs: 50 })
  let trades = 0
  let carried: string[] = []
  const baseUrl = `${sandbox.url.replace('http', 'ws')}/finnhub-stream`
  const supervisor = new Supervisor({
    feeds: [finnhub({ apiKey: 'K', maxSymbols: 50, baseUrl, placeOf })],
    fence: 1,
    open: openSocket,
    clock: systemClock,
    random: Math.random,
    phaseOf: () => 'closed',
    events: {
      mapped: ({ events }) => (trades += events.length),
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
  supervisor.want(new Set(['trades:AAPL', 'bbo:AAPL']))
  supervisor.start()
  await expect.poll(() => trades).toBeGreaterThan(5)
  expect(carried).toEqual(['trades:AAPL', 'trades:SPY'])
})
