import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TopicName } from '../../../src/market/event.ts'
import type { Reaction } from '../../../src/streams/feed.ts'
import { MassiveConversation } from '../../../src/streams/massive/conversation.ts'
import { massive } from '../../../src/streams/massive/feed.ts'
import { parameterOf, symbolOf, tickerOf, type MassiveMarket } from '../../../src/streams/massive/symbols.ts'
import { placeOf } from './arrivals.ts'

const status = (name: string, message: string) => ({ ev: 'status', status: name, message })
const AUTHENTICATED = status('auth_success', 'authenticated')
const subscribed = (parameter: string) => status('success', `subscribed to: ${parameter}`)
const unsubscribed = (parameter: string) => status('success', `unsubscribed to: ${parameter}`)
const NOT_AUTHORIZED = status('error', 'not authorized')

const request = (action: string, params: string) => JSON.stringify({ action, params })
const carriedBy = ({ signals }: Reaction) =>
  signals.flatMap((signal) => (signal.is === 'carrying' ? [[...signal.topics].sort()] : []))
const refusedBy = ({ signals }: Reaction) =>
  signals.flatMap((signal) => (signal.is === 'refused' ? [{ topics: signal.topics, reason: signal.reason }] : []))
const problemOf = ({ signals }: Reaction) =>
  signals.flatMap((signal) => (signal.is === 'failed' ? [signal.problem.kind] : []))

function conversation(market: MassiveMarket = 'stocks') {
  const talk = new MassiveConversation({ market, apiKey: 'the key' })
  expect(talk.opened().send).toEqual([request('auth', 'the key')])
  expect(talk.told(status('connected', 'Connected Successfully'))).toEqual({ send: [], signals: [] })
  expect(talk.told(AUTHENTICATED).signals).toEqual([{ is: 'authenticated' }])
  return talk
}

test('what the vendor confirms is carried, once all of a request is confirmed', () => {
  const talk = conversation()
  const topics = ['trades:AAPL', 'bbo:BRK.B', 'halts:BAC.PRL', 'bars.1m:AAPL']
  expect(talk.subscribe(topics)).toEqual([request('subscribe', 'T.AAPL,Q.BRK.B,LULD.BACpL,AM.AAPL')])
  for (const parameter of ['Q.BRK.B', 'LULD.BACpL', 'AM.AAPL']) {
    expect(talk.told(subscribed(parameter))).toEqual({ send: [], signals: [] })
  }
  expect(carriedBy(talk.told(subscribed('T.AAPL')))).toEqual([topics.toSorted()])
  expect(talk.unsubscribe(['bbo:BRK.B'])).toEqual([request('unsubscribe', 'Q.BRK.B')])
  expect(carriedBy(talk.told(unsubscribed('Q.BRK.B')))).toEqual([['bars.1m:AAPL', 'halts:BAC.PRL', 'trades:AAPL']])
})

test('of a request that the plan has in part, the refused part is named although the vendor names nothing', () => {
  const talk = conversation()
  talk.subscribe(['trades:AAPL', 'bars.1m:AAPL', 'bbo:AAPL'])
  expect(talk.told(NOT_AUTHORIZED).signals).toEqual([])
  expect(talk.told(NOT_AUTHORIZED).signals).toEqual([])
  const reaction = talk.told(subscribed('AM.AAPL'))
  expect(carriedBy(reaction)).toEqual([['bars.1m:AAPL']])
  expect(refusedBy(reaction)).toEqual([{ topics: ['trades:AAPL', 'bbo:AAPL'], reason: 'not_in_the_plan' }])
})

test('a channel that the vendor is silent about costs the others nothing, and is given up', () => {
  const talk = conversation()
  talk.subscribe(['trades:AAPL', 'halts:AAPL', 'bbo:AAPL'])
  talk.told(subscribed('T.AAPL'))
  const first = talk.overdue()
  expect(carriedBy(first)).toEqual([['trades:AAPL']])
  expect(first.send).toEqual([request('subscribe', 'LULD.AAPL')])
  const second = talk.overdue()
  expect(refusedBy(second)).toEqual([{ topics: ['halts:AAPL'], reason: 'not_answered' }])
  expect(second.send).toEqual([request('subscribe', 'Q.AAPL')])
  expect(carriedBy(talk.told(subscribed('Q.AAPL')))).toEqual([['bbo:AAPL', 'trades:AAPL']])
  expect(talk.overdue()).toEqual({ send: [], signals: [] })
})

test('what is carried is not asked for again, for the vendor would not answer', () => {
  const talk = conversation()
  talk.subscribe(['trades:AAPL'])
  talk.told(subscribed('T.AAPL'))
  expect(talk.subscribe(['trades:AAPL'])).toEqual([])
  expect(talk.subscribe(['trades:AAPL', 'trades:MSFT'])).toEqual([request('subscribe', 'T.MSFT')])
})

test('requests wait for one another, so that an answer belongs to one', () => {
  const talk = conversation('crypto')
  expect(talk.subscribe(['trades:BTC-USD'])).toEqual([request('subscribe', 'XT.BTC-USD')])
  expect(talk.subscribe(['bbo:BTC-USD'])).toEqual([])
  expect(talk.unsubscribe(['trades:BTC-USD'])).toEqual([])
  expect(talk.told(subscribed('XT.BTC-USD')).send).toEqual([request('subscribe', 'XQ.BTC-USD')])
  expect(talk.told(subscribed('XQ.BTC-USD')).send).toEqual([request('unsubscribe', 'XT.BTC-USD')])
  expect(carriedBy(talk.told(unsubscribed('XT.BTC-USD')))).toEqual([['bbo:BTC-USD']])
})

test('each way in which the vendor ends a talk calls for what it needs', () => {
  expect(problemOf(conversation().told(status('auth_failed', 'authentication failed')))).toEqual(['fatal'])
  expect(problemOf(conversation().told(status('auth_timeout', 'No authentication request received.')))).toEqual([
    'transient'
  ])
  const eviction = status('max_connections', 'Maximum number of websocket connections exceeded. ')
  expect(problemOf(conversation().told(eviction))).toEqual(['capacity'])
  const feed = massive({ market: 'stocks', apiKey: () => 'k', placeOf })
  expect([1008, 1006, 1000, 401, 503].map((code) => feed.endingOf(code, '').kind)).toEqual([
    'capacity',
    'transient',
    'transient',
    'fatal',
    'transient'
  ])
})

test('each market of a key has its own connection, and no key stands in what names it', () => {
  const feeds = (['stocks', 'options', 'crypto'] as const).map((market) =>
    massive({ market, apiKey: () => 'SECRET', placeOf })
  )
  expect(new Set(feeds.map(({ leaseKey }) => leaseKey)).size).toBe(3)
  expect(JSON.stringify(feeds)).not.toContain('SECRET')
  expect(feeds.map((feed) => feed.endpoint())).toMatchObject([
    { url: 'wss://socket.massive.com/stocks' },
    { url: 'wss://socket.massive.com/options' },
    { url: 'wss://socket.massive.com/crypto' }
  ])
  const delayed = massive({ market: 'stocks', isDelayed: true, apiKey: () => 'k', placeOf })
  expect(delayed).toMatchObject({ feed: 'delayed' })
  expect(delayed.endpoint()).toMatchObject({ url: 'wss://delayed.massive.com/stocks' })
  const former = massive({ market: 'crypto', baseUrl: 'wss://socket.polygon.io/', apiKey: () => 'k', placeOf })
  expect(former.endpoint()).toMatchObject({ url: 'wss://socket.polygon.io/crypto' })
})

test('only what a market has is asked for', () => {
  const serves = (market: MassiveMarket, topic: TopicName) =>
    massive({ market, apiKey: () => 'k', placeOf }).serves(topic)
  expect(['trades:AAPL', 'bbo:BRK.B', 'halts:AAPL', 'bars.1m:AAPL'].every((topic) => serves('stocks', topic))).toBe(
    true
  )
  for (const topic of [
    'quotes:AAPL',
    'bars.1d:AAPL',
    'trades:OCDO.L',
    'trades:^GSPC',
    'trades:BTC-USD',
    'indices',
    'toString:A'
  ]) {
    expect(serves('stocks', topic)).toBe(false)
  }
  expect(serves('options', 'trades:SPY261218C00650000')).toBe(true)
  expect(serves('options', 'halts:SPY261218C00650000')).toBe(false)
  expect(serves('options', 'trades:SPY')).toBe(false)
  expect(serves('crypto', 'trades:BTC-USD')).toBe(true)
})

test('a symbol comes back from the vendor as the one that was asked for', () => {
  const letters = fc.stringMatching(/^[A-Z]{1,5}$/)
  const stock = fc.oneof(
    letters,
    fc.tuple(letters, fc.constantFrom('.A', '.B', '.PRC', '.WS', '.WSA', '.U')).map(([root, issue]) => root + issue)
  )
  fc.assert(
    fc.property(stock, (symbol) => {
      const ticker = tickerOf('stocks', symbol)
      expect(ticker && symbolOf('stocks', ticker)).toBe(symbol)
      expect(parameterOf('stocks', `trades:${symbol}`)).toBe(`T.${ticker}`)
    })
  )
})

test('whatever the vendor says, nothing is thrown, and nothing is carried that was not asked for', () => {
  const parameter = fc.constantFrom('T.AAPL', 'Q.AAPL', 'T.MSFT', 'X', '')
  const message = fc.oneof(
    parameter.map(subscribed),
    parameter.map(unsubscribed),
    fc.constantFrom(NOT_AUTHORIZED, AUTHENTICATED, status('error', 'odd'), status('news', 'of a kind')),
    fc.jsonValue({ maxDepth: 2 })
  )
  const step = fc.oneof(
    message.map((told) => ({ told })),
    fc.subarray(['trades:AAPL', 'bbo:AAPL', 'trades:MSFT']).map((subscribe) => ({ subscribe })),
    fc.subarray(['trades:AAPL', 'bbo:AAPL', 'trades:MSFT']).map((unsubscribe) => ({ unsubscribe })),
    fc.constant({ overdue: true })
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const talk = conversation()
      const asked = new Set<TopicName>()
      for (const each of steps) {
        if ('subscribe' in each) for (const topic of each.subscribe) asked.add(topic)
        if ('subscribe' in each) talk.subscribe(each.subscribe)
        if ('unsubscribe' in each) talk.unsubscribe(each.unsubscribe)
        const reaction = 'told' in each ? talk.told(each.told) : 'overdue' in each ? talk.overdue() : undefined
        for (const topic of reaction ? carriedBy(reaction).flat() : []) expect(asked).toContain(topic)
      }
      // Whatever happened, what is asked for from here on gets its answer in the end.
      talk.subscribe(['trades:NVDA'])
      const last = Array.from({ length: 200 }, () => talk.overdue())
        .flatMap(refusedBy)
        .flatMap(({ topics }) => topics)
      expect(last).toContain('trades:NVDA')
    })
  )
})
