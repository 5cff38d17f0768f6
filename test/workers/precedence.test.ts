import { expect, test } from 'vitest'
import type { CarrierAnswer } from '../../src/demand/answers.ts'
import type { MarketEvent, TopicName } from '../../src/market/event.ts'
import { isoOf } from '../../src/market/time.ts'
import { Precedence } from '../../workers/ingest/precedence.ts'

const ORDER = ['massive', 'alpaca', 'yahoo']
const TOPIC = 'trades:AAPL'

/** Streams of several vendors in one installation: what one says the others hear at once. */
class Installation {
  now = Date.parse('2026-11-30T15:00:00Z')
  readonly #said = new Map<string, CarrierAnswer>()
  readonly streams = new Map(
    ORDER.map((vendor) => [
      vendor,
      new Precedence({
        vendor,
        betters: () => ORDER.slice(0, ORDER.indexOf(vendor)),
        said: () => this.#said.values(),
        now: () => this.now
      })
    ])
  )

  due(): string[] {
    return ORDER.filter((vendor) => this.streams.get(vendor)!.due([{ topic: TOPIC }]).length > 0)
  }

  /** The vendor has acknowledged it; since when, beside now, it is said to be served. */
  acknowledges(vendor: string): number | undefined {
    const stream = this.streams.get(vendor)!
    stream.well(true)
    const since = stream.servesFrom(TOPIC, this.now)
    if (since !== undefined) this.#say(vendor, { state: 'carried', source: vendor, feed: 'iex', since, by: vendor })
    return since === undefined ? undefined : since - this.now
  }

  loses(vendor: string): void {
    this.streams.get(vendor)!.well(false)
    this.#say(vendor, { state: 'refused', reason: 'stream_away', by: vendor })
  }

  leaves(vendor: string): void {
    this.#said.delete(vendor)
    this.#heard()
  }

  /** Those of which an event would enter. */
  admitted(at: number): string[] {
    const event = { type: 'trade', data: { symbol: 'AAPL', timestamp: isoOf(at) } } as MarketEvent
    return ORDER.filter((vendor) => this.streams.get(vendor)!.admits(event))
  }

  #say(vendor: string, answer: CarrierAnswer): void {
    this.#said.set(vendor, answer)
    this.#heard()
  }

  #heard(topics: TopicName[] = [TOPIC]): void {
    for (const stream of this.streams.values()) stream.heard(topics)
  }
}

/** The first of three serves, as after a while it does. */
function served(): Installation {
  const market = new Installation()
  expect(market.due()).toEqual(['massive'])
  market.acknowledges('massive')
  market.now += 60_000
  expect(market.due()).toEqual(['massive'])
  return market
}

test('where the first feed is lost the next one takes over at once, and no other', () => {
  const market = served()
  market.loses('massive')
  expect(market.due()).toEqual(['massive', 'alpaca'])
  market.acknowledges('alpaca')
  market.now += 10_000
  expect(market.due()).toEqual(['massive', 'alpaca'])
})

test('where the next feed does not bring it either, the one behind it does within 4 seconds', () => {
  const market = served()
  market.loses('massive')
  expect(market.due()).not.toContain('yahoo')
  market.now += 4000
  expect(market.due()).toContain('yahoo')
  const refused = served()
  refused.loses('alpaca')
  refused.loses('massive')
  expect(refused.due()).toContain('yahoo')
})

test('a better feed takes back once it is stable, and each tick is told by one of both, whenever it comes', () => {
  const market = served()
  market.loses('massive')
  market.due()
  market.acknowledges('alpaca')
  market.now += 5000
  expect(market.acknowledges('massive')).toBeUndefined()
  expect(market.admitted(market.now)).toEqual(['alpaca'])
  market.now += 15_000
  const inMs = market.acknowledges('massive')!
  const handover = market.now + inMs
  expect(inMs).toBeGreaterThan(0)
  expect(market.due()).toEqual(['massive', 'alpaca'])
  for (const at of [handover - 3000, handover - 1, handover, handover + 1, handover + 3000]) {
    expect(market.admitted(at)).toEqual([at < handover ? 'alpaca' : 'massive'])
  }
  market.now = handover + 2000
  expect(market.due()).toEqual(['massive'])
  market.leaves('alpaca')
  expect(market.admitted(market.now)).toEqual(['massive'])
})

test('a feed that is lost again while it proves itself takes nothing back', () => {
  const market = served()
  market.loses('massive')
  market.due()
  market.acknowledges('alpaca')
  for (let attempt = 0; attempt < 5; attempt++) {
    market.now += 10_000
    expect(market.acknowledges('massive')).toBeUndefined()
    market.loses('massive')
  }
  expect(market.admitted(market.now)).toEqual(['alpaca'])
})

test('halts are taken from all, and what only keeps a stream watched is told by none that stands by', () => {
  const market = served()
  const alpaca = market.streams.get('alpaca')!
  expect(alpaca.due([{ topic: 'halts:AAPL' }])).toHaveLength(1)
  alpaca.planned(new Set(['halts:AAPL']), ['trades:SPY'])
  const at = isoOf(market.now)
  expect(alpaca.admits({ type: 'halt', data: { symbol: 'AAPL', timestamp: at } } as MarketEvent)).toBe(true)
  expect(alpaca.admits({ type: 'trade', data: { symbol: 'SPY', timestamp: at } } as MarketEvent)).toBe(false)
  alpaca.planned(new Set(['trades:SPY']), ['trades:SPY'])
  expect(alpaca.admits({ type: 'trade', data: { symbol: 'SPY', timestamp: at } } as MarketEvent)).toBe(true)
})
