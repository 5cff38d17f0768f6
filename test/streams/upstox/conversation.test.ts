import { expect, test } from 'vitest'
import type { Reaction } from '../../../src/streams/feed.ts'
import type { Frame } from '../../../src/streams/mapper.ts'
import { UpstoxConversation } from '../../../src/streams/upstox/conversation.ts'
import type { ModeChoice } from '../../../src/streams/upstox/modes.ts'
import { keys, NIFTY, RELIANCE } from './frames.ts'

const LTPC = 0
const FULL = 1

type Request = {
  readonly guid: string
  readonly method: string
  readonly data: { mode?: string; instrumentKeys: string[] }
}

function asked(frames: readonly Frame[]): [string, string | undefined, string[]][] {
  return frames.map((frame) => {
    expect(frame).toBeInstanceOf(Uint8Array)
    const { guid, method, data } = JSON.parse(Buffer.from(frame).toString()) as Request
    expect(guid).toMatch(/^[0-9a-f-]{36}$/)
    return [method, data.mode, data.instrumentKeys]
  })
}
const carriedBy = ({ signals }: Reaction) =>
  signals.flatMap((signal) => (signal.is === 'carrying' ? [[...signal.topics].sort()] : []))
const refusedBy = ({ signals }: Reaction) =>
  signals.flatMap((signal) => (signal.is === 'refused' ? [[signal.topics, signal.reason]] : []))
const feeds = (...modes: [string, number][]) => ({ is: 'feeds', modes: new Map(modes) })

function conversation(modes: ModeChoice = ['full']) {
  const left: string[] = []
  const talk = new UpstoxConversation({ modes, keys, left: (gone) => void left.push(...gone) })
  expect(talk.opened()).toEqual({ send: [], signals: [{ is: 'authenticated' }] })
  return { talk, left }
}

test('what the vendor tells of is carried, and an instrument is asked for once, whatever is wanted of it', () => {
  const { talk, left } = conversation()
  const topics = ['trades:NSE:RELIANCE', 'bbo:NSE:RELIANCE', 'quotes:^NSEI']
  expect(asked(talk.subscribe(topics))).toEqual([['sub', 'full', [RELIANCE, NIFTY]]])
  expect(carriedBy(talk.told(feeds([NIFTY, FULL])))).toEqual([['quotes:^NSEI']])
  expect(carriedBy(talk.told(feeds([RELIANCE, FULL])))).toEqual([topics.toSorted()])
  expect(talk.told(feeds([RELIANCE, FULL]))).toEqual({ send: [], signals: [] })
  expect(talk.unsubscribe(['bbo:NSE:RELIANCE'])).toEqual([])
  expect(carriedBy(talk.told(feeds([NIFTY, FULL])))).toEqual([['quotes:^NSEI', 'trades:NSE:RELIANCE']])
  expect(asked(talk.unsubscribe(['trades:NSE:RELIANCE']))).toEqual([['unsub', undefined, [RELIANCE]]])
  expect(left).toEqual([RELIANCE])
  expect(carriedBy(talk.told(feeds([NIFTY, FULL])))).toEqual([['quotes:^NSEI']])
})

test('what the vendor is silent about is given up, and costs the others nothing', () => {
  const { talk } = conversation()
  talk.subscribe(['trades:NSE:RELIANCE', 'trades:NSE:ICICIBANK'])
  talk.told(feeds([RELIANCE, FULL]))
  const reaction = talk.overdue()
  expect(refusedBy(reaction)).toEqual([[['trades:NSE:ICICIBANK'], 'not_answered']])
  expect(asked(reaction.send)).toEqual([['unsub', undefined, ['NSE_EQ|INE090A01021']]])
  expect(carriedBy(reaction)).toEqual([['trades:NSE:RELIANCE']])
  expect(asked(talk.subscribe(['trades:NSE:ICICIBANK']))).toEqual([['sub', 'full', ['NSE_EQ|INE090A01021']]])
})

test('of two modes an instrument has the one that what is wanted of it needs', () => {
  const { talk } = conversation(['full', 'ltpc'])
  expect(asked(talk.subscribe(['trades:NSE:RELIANCE']))).toEqual([['sub', 'ltpc', [RELIANCE]]])
  talk.told(feeds([RELIANCE, LTPC]))
  expect(asked(talk.subscribe(['bbo:NSE:RELIANCE']))).toEqual([['change_mode', 'full', [RELIANCE]]])
  expect(carriedBy(talk.told(feeds([RELIANCE, LTPC])))).toEqual([])
  expect(carriedBy(talk.told(feeds([RELIANCE, FULL])))).toEqual([['bbo:NSE:RELIANCE', 'trades:NSE:RELIANCE']])
  expect(asked(talk.unsubscribe(['bbo:NSE:RELIANCE']))).toEqual([['change_mode', 'ltpc', [RELIANCE]]])
  expect(carriedBy(talk.told(feeds([RELIANCE, LTPC])))).toEqual([['trades:NSE:RELIANCE']])
})

test('bids and offers that the vendor does not tell are refused, but not those of an instrument that is quiet', () => {
  const { talk } = conversation(['full', 'ltpc'])
  talk.subscribe(['trades:NSE:RELIANCE', 'trades:NSE:ICICIBANK'])
  talk.told(feeds([RELIANCE, LTPC], ['NSE_EQ|INE090A01021', LTPC]))
  talk.subscribe(['bbo:NSE:RELIANCE', 'bbo:NSE:ICICIBANK'])
  talk.told(feeds([RELIANCE, LTPC]))
  const reaction = talk.overdue()
  expect(refusedBy(reaction)).toEqual([[['bbo:NSE:RELIANCE'], 'not_in_the_plan']])
  expect(carriedBy(reaction)).toEqual([['bbo:NSE:ICICIBANK', 'trades:NSE:ICICIBANK', 'trades:NSE:RELIANCE']])
})

test('what is called otherwise from another day on is given up by the name that it was asked for by', () => {
  let key = 'NSE_FO|1'
  const talk = new UpstoxConversation({
    modes: ['full'],
    keys: { keyOf: () => key, symbolOf: () => undefined },
    left: () => undefined
  })
  talk.subscribe(['trades:NSE:X'])
  key = 'NSE_FO|2'
  expect(asked(talk.unsubscribe(['trades:NSE:X']))).toEqual([['unsub', undefined, ['NSE_FO|1']]])
})

test('long lists are asked for in parts, and changes of the market are told', () => {
  const many = { keyOf: (symbol: string) => symbol, symbolOf: (key: string) => key }
  const talk = new UpstoxConversation({ modes: ['full'], keys: many, left: () => undefined })
  const requests = asked(talk.subscribe(Array.from({ length: 1200 }, (_, at) => `trades:NSE:S${at}`)))
  expect(requests.map(([method, , keys]) => [method, keys.length])).toEqual([
    ['sub', 500],
    ['sub', 500],
    ['sub', 200]
  ])
  const market = (status: string) => talk.told({ is: 'market_info', segments: new Map([['NSE_EQ', status]]) })
  expect(market('NORMAL_OPEN').signals).toEqual([])
  expect(market('CLOSING_START').signals).toEqual([{ is: 'notice', text: 'the vendor says: NSE_EQ CLOSING_START' }])
})
