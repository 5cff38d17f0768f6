import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonCodec } from '../../../src/streams/codec.ts'
import { AlpacaConversation } from '../../../src/streams/alpaca/conversation.ts'
import { ALPACA_ENDPOINTS, ALPACA_FEEDS, type AlpacaFeedName } from '../../../src/streams/alpaca/endpoints.ts'
import { problemOfEnding } from '../../../src/streams/alpaca/problems.ts'
import { knownRecordings } from '../../support/known-recordings.ts'

const credential = { key: 'AK', secret: 'SK' }

function conversation(name: AlpacaFeedName = 'sip') {
  const talk = new AlpacaConversation({ endpoint: ALPACA_ENDPOINTS[name], codec: jsonCodec, credential })
  talk.opened()
  talk.told({ T: 'success', msg: 'connected' })
  talk.told({ T: 'success', msg: 'authenticated' })
  return talk
}

const said = (frames: readonly unknown[]) => frames.map((frame) => JSON.parse(String(frame)) as unknown)
const error = (code: number) => ({ T: 'error', code, msg: 'as documented' })

test('the key is told when the vendor has greeted, and only then', () => {
  const talk = new AlpacaConversation({ endpoint: ALPACA_ENDPOINTS.iex, codec: jsonCodec, credential })
  expect(talk.opened().send).toEqual([])
  expect(said(talk.told({ T: 'success', msg: 'connected' }).send)).toEqual([
    { action: 'auth', key: 'AK', secret: 'SK' }
  ])
  expect(talk.told({ T: 'success', msg: 'authenticated' }).signals).toEqual([{ is: 'authenticated' }])
})

test('requests go one at a time, and a topic is carried once each of its channels is acknowledged', () => {
  const talk = conversation()
  expect(said(talk.subscribe(['trades:AAPL', 'halts:BRK.B']))).toEqual([
    { action: 'subscribe', trades: ['AAPL'], statuses: ['BRK.B'], lulds: ['BRK.B'] }
  ])
  expect(talk.unsubscribe(['bbo:MSFT'])).toEqual([])
  const { send, signals } = talk.told({
    T: 'subscription',
    trades: ['AAPL'],
    statuses: ['BRK.B', 'KO'],
    lulds: ['BRK.B']
  })
  expect(said(send)).toEqual([{ action: 'unsubscribe', quotes: ['MSFT'] }])
  expect(signals).toEqual([{ is: 'carrying', topics: new Set(['trades:AAPL', 'halts:BRK.B']) }])
})

test('of a refused list the culprit is found, and all others are carried', () => {
  const talk = conversation()
  const carried = new Set<string>()
  const refused: string[] = []
  const queue = said(talk.subscribe(['trades:A', 'trades:B', 'trades:BAD', 'trades:C', 'trades:D']))
  while (queue.length > 0) {
    const { trades } = queue.shift() as { trades: string[] }
    const isRefused = trades.includes('BAD')
    if (!isRefused) for (const symbol of trades) carried.add(symbol)
    const { send, signals } = talk.told(isRefused ? error(400) : { T: 'subscription', trades: [...carried] })
    for (const signal of signals) if (signal.is === 'refused') refused.push(...signal.topics)
    queue.push(...said(send))
  }
  expect([...carried].sort()).toEqual(['A', 'B', 'C', 'D'])
  expect(refused).toEqual(['trades:BAD'])
})

test.each([
  [400, 'refused', 'unknown_symbol'],
  [405, 'refused', 'over_the_cap'],
  [409, 'refused', 'not_in_the_plan'],
  [410, 'refused', 'not_on_this_feed'],
  [401, 'failed', 'transient'],
  [402, 'failed', 'fatal'],
  [404, 'failed', 'transient'],
  [406, 'failed', 'capacity'],
  [407, 'failed', 'transient'],
  [408, 'failed', 'fatal'],
  [500, 'failed', 'transient'],
  [599, 'failed', 'transient'],
  [403, 'notice', undefined]
])('error %i in the middle of a subscription is sorted', (code, is, what) => {
  const talk = conversation()
  talk.subscribe(['trades:AAPL'])
  const [signal] = talk.told(error(code)).signals
  expect(signal).toMatchObject({ is })
  if (signal?.is === 'refused') expect(signal.reason).toBe(what)
  if (signal?.is === 'failed') expect(signal.problem.kind).toBe(what)
})

test('without a request a feed that is not in the plan is none to stay on', () => {
  expect(conversation().told(error(409)).signals).toEqual([
    { is: 'failed', problem: { kind: 'entitlement', reason: 'the plan does not include this feed', code: 409 } }
  ])
})

test.skipIf(knownRecordings === undefined)('each documented error means something of its own', async () => {
  const file = join(knownRecordings!, 'alpaca/errors/ws-error-frames.json')
  const frames = JSON.parse(await readFile(file, 'utf8')) as string[]
  for (const frame of frames) {
    const [message] = JSON.parse(frame) as { code: number }[]
    const talk = conversation()
    talk.subscribe(['trades:AAPL'])
    const [signal] = talk.told(message).signals
    expect(signal, frame).toBeDefined()
    if (signal?.is === 'failed') expect(signal.problem.reason).not.toContain('the vendor says "')
  }
})

test.each([
  [401, 'fatal'],
  [404, 'fatal'],
  [429, 'capacity'],
  [503, 'transient'],
  [1006, 'transient'],
  [1000, 'transient']
])('an ending by %i is %s', (code, kind) => {
  expect(problemOfEnding(code, '').kind).toBe(kind)
})

test.each(ALPACA_FEEDS)('the endpoint of %s has a path and, where symbols trade, channels', (name) => {
  const { path, market, channels, codec } = ALPACA_ENDPOINTS[name]
  expect(path).toMatch(/^v\d(beta\d)?\//)
  expect(Object.keys(channels).length > 0).toBe(market !== 'news')
  expect(codec).toBe(market === 'options' ? 'msgpack' : 'json')
})

test('anything the vendor might say is borne', () => {
  const talk = conversation()
  for (const message of [null, 7, 'x', [], {}, { T: 'error' }, { T: 'subscription', trades: [1, 'AAPL'], quotes: 7 }]) {
    expect(() => talk.told(message)).not.toThrow()
  }
})
