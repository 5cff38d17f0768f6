import fc from 'fast-check'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { Answers, carriedTopics } from '../../../src/demand/answers.ts'
import { Carrier } from '../../../src/demand/carrier.ts'
import type { TopicName } from '../../../src/market/event.ts'
import type { Quote } from '../../../src/market/quote.ts'
import type { SessionPhase } from '../../../src/market/session.ts'
import { startSandbox } from '../../../src/sandbox/sandbox.ts'
import { systemClock } from '../../../src/streams/clock.ts'
import { openSocket } from '../../../src/streams/socket.ts'
import { Supervisor } from '../../../src/streams/supervisor.ts'
import { TiingoConversation } from '../../../src/streams/tiingo/conversation.ts'
import { tiingoStream } from '../../../src/streams/tiingo/feed.ts'
import { tiingoMapper } from '../../../src/streams/tiingo/mapper.ts'
import { CarriedTopics } from '../../../workers/ingest/carried-topics.ts'
import { runsOf } from '../../support/depth.ts'
import { testRedis } from '../../support/services.ts'

const SILENT = pino({ level: 'silent' })

const NOON = Date.parse('2026-11-30T17:00:00Z')
const placeOf = () => ({ tradeDate: '2026-11-30', session: 'regular' }) as const
const map = tiingoMapper({ feed: 'iex', service: 'iex', placeOf })
const mapped = (frame: string) => map(frame, { receivedAt: NOON, fence: 1, nextSequence: () => 7 })

test('a documented message is read to the nanosecond, and is a price of one exchange that says it is no trade', () => {
  const frame = '{"messageType":"A","service":"iex","data":["2019-01-30T13:33:45.383129126-05:00","vym",81.585]}'
  const { events, refusals } = mapped(frame)
  expect(refusals).toEqual([])
  expect((events[0]!.data as { quote: Quote }).quote).toMatchObject({
    symbol: 'VYM',
    price: 81.585,
    asOf: '2019-01-30T18:33:45.383129126Z',
    provenance: { source: 'tiingo', feed: 'iex', notes: [expect.stringContaining('reference price')] }
  })
})

test('whatever a frame holds costs that frame alone', () => {
  const data = fc.oneof(fc.jsonValue(), fc.tuple(fc.string(), fc.string(), fc.double()))
  const message = fc.record({ messageType: fc.constantFrom('A', 'I', 'H', 'X'), data })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        message.map((each) => JSON.stringify(each))
      ),
      (frame) => {
        const { events, control, refusals } = mapped(frame)
        expect(events.length + control.length + refusals.length).toBe(1)
      }
    ),
    { numRuns: runsOf(200) }
  )
  const trade = ['T', '2026-11-30T12:00:00-05:00', 1_548_873_225, 'spy', null, null, null, null, null, 250, 10]
  expect(mapped(JSON.stringify({ messageType: 'A', data: trade })).refusals).toMatchObject([{ reason: 'unused' }])
})

test('requests go one at a time and name the subscription, and what the vendor refuses keeps the rest', () => {
  const conversation = new TiingoConversation('T0')
  const sent = (frames: readonly unknown[]) => frames.map((frame) => JSON.parse(String(frame)) as object)
  conversation.opened()
  expect(sent(conversation.subscribe(['quotes:SPY', 'quotes:BRK.B']))).toEqual([
    { eventName: 'subscribe', authorization: 'T0', eventData: { thresholdLevel: 6, tickers: ['spy', 'brk-b'] } }
  ])
  expect(conversation.subscribe(['quotes:MSFT'])).toEqual([])
  const first = conversation.told({ messageType: 'I', data: { subscriptionId: 13_706 }, response: { code: 200 } })
  expect(first.signals).toEqual([{ is: 'carrying', topics: new Set(['quotes:SPY', 'quotes:BRK.B']) }])
  expect(sent(first.send)).toMatchObject([{ eventData: { subscriptionId: 13_706, tickers: ['msft'] } }])
  const refused = conversation.told({ messageType: 'E', response: { code: 400, message: 'not valid' } })
  expect(refused.signals).toMatchObject([{ is: 'refused', topics: ['quotes:MSFT'] }])
  const wrong = conversation.told({ messageType: 'E', response: { code: 401, message: 'Unauthorized' } })
  expect(wrong.signals).toMatchObject([{ is: 'failed', problem: { kind: 'fatal' } }])
})

test('the stand-in tells prices that move, and stops whoever has a wrong key', async () => {
  const sandbox = await startSandbox({ tickMs: 50 })
  const prices: number[] = []
  let carried: string[] = []
  const feeds = new Set<string>()
  const listen = (token: string, service?: 'boats') =>
    new Supervisor({
      feeds: [tiingoStream({ token, service, baseUrl: `${sandbox.url.replace('http', 'ws')}/tiingo-stream`, placeOf })],
      fence: 1,
      open: openSocket,
      clock: systemClock,
      random: Math.random,
      phaseOf: () => 'closed',
      events: {
        mapped: ({ events }) => {
          for (const { data } of events) {
            if (!('quote' in data)) continue
            feeds.add(data.quote.provenance.feed)
            if (data.symbol === 'BRK.B') prices.push(data.quote.price)
          }
        },
        changed: () => undefined,
        carrying: (topics) => (carried = [...topics].toSorted()),
        gapBegan: () => undefined,
        gapEnded: () => undefined,
        notice: () => undefined
      }
    })
  const [supervisor, refused, boats] = [listen('right'), listen('wrong'), listen('right', 'boats')]
  onTestFinished(async () => {
    supervisor.close()
    refused.close()
    boats.close()
    await sandbox.close()
  })
  supervisor.want(new Set(['quotes:BRK.B', 'trades:AAPL']))
  supervisor.start()
  await expect.poll(() => new Set(prices).size).toBeGreaterThan(3)
  supervisor.want(new Set(['quotes:BRK.B', 'quotes:AAPL']))
  await expect.poll(() => carried).toEqual(['quotes:AAPL', 'quotes:BRK.B', 'quotes:SPY'])
  boats.start()
  await expect.poll(() => feeds).toEqual(new Set(['iex', 'boats']))
  refused.start()
  await expect
    .poll(() => refused.status.text, { timeout: 10_000 })
    .toContain('stopped, the vendor does not know the key')
})

test('by day who listens to the exchange carries a symbol, by night who listens to Blue Ocean, and what neither does is polled', async () => {
  const [sandbox, services] = await Promise.all([startSandbox({ tickMs: 50 }), testRedis()])
  const { redis } = services
  let phase: SessionPhase = 'continuous'
  const answers = new Answers({ redis, log: SILENT, onChange: () => undefined })
  const processes = (['iex', 'boats'] as const).map((service) => {
    const carrier = new Carrier({ redis, log: SILENT, processId: service })
    const carried = new CarriedTopics({
      announce: (topics) => carrier.announce(topics),
      precedence: { servesFrom: (_topic, acknowledgedAt) => acknowledgedAt },
      phaseOf: () => phase
    })
    const supervisor = new Supervisor({
      feeds: [
        tiingoStream({
          token: 'right',
          service,
          baseUrl: `${sandbox.url.replace('http', 'ws')}/tiingo-stream`,
          placeOf
        })
      ],
      fence: 1,
      open: openSocket,
      clock: systemClock,
      random: Math.random,
      phaseOf: () => phase,
      events: {
        mapped: () => undefined,
        changed: () => undefined,
        carrying: (...told) => carried.carrying(...told),
        gapBegan: () => undefined,
        gapEnded: () => undefined,
        notice: () => undefined
      }
    })
    return { carrier, carried, supervisor }
  })
  onTestFinished(async () => {
    for (const { carrier, supervisor } of processes) {
      supervisor.close()
      await carrier.close()
    }
    await answers.close()
    await Promise.all([sandbox.close(), services.close()])
  })
  await answers.start()
  const [exchange, night] = processes
  const wants = (each: (typeof processes)[number], topics: readonly TopicName[]) => {
    each.supervisor.want(new Set(topics))
    each.carried.wanted(topics, new Set(), each.supervisor.feed)
  }
  const turns = (next: SessionPhase) => {
    phase = next
    wants(exchange!, ['quotes:AAPL'])
    wants(night!, ['quotes:AAPL', 'quotes:TSLA'])
  }
  const feedOf = (symbol: string) => {
    const served = answers.served(`quotes:${symbol}`)
    return served.by === 'stream' ? served.feed : served.by
  }
  turns('continuous')
  for (const { supervisor } of processes) supervisor.start()
  await expect.poll(() => feedOf('AAPL')).toBe('iex')
  turns('closed')
  await expect.poll(() => [feedOf('AAPL'), feedOf('TSLA')]).toEqual(['boats', 'boats'])
  turns('overnight')
  expect([feedOf('AAPL'), feedOf('TSLA')]).toEqual(['boats', 'boats'])
  turns('pre')
  await expect.poll(() => [feedOf('AAPL'), feedOf('TSLA')]).toEqual(['iex', 'nobody'])
  expect(await carriedTopics(redis)).toEqual(new Set(['quotes:AAPL']))
})
