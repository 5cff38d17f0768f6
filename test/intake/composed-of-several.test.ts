import { describe, expect, test } from 'vitest'
import { Composer } from '../../src/intake/composer.ts'
import type { Bbo } from '../../src/market/bbo.ts'
import { figuresToldAt } from '../../src/market/derivative-figures.ts'
import type { Feed, Provenance } from '../../src/market/provenance.ts'
import type { Quote } from '../../src/market/quote.ts'
import type { Trade } from '../../src/market/trade.ts'
import { quoteOf } from '../support/events.ts'
import { shippedHours } from '../support/hours.ts'

/** A Monday: the Thursday before was a holiday. */
const MONDAY = '2026-11-30'
const at = (time: string, date = MONDAY) => `${date}T${time}.000Z`

const provenance = (source: string, feed: Feed, delivery?: 'stream'): Provenance => ({
  source,
  feed,
  ...(delivery && { delivery }),
  receivedAt: at('15:30:01'),
  state: 'live',
  attempts: []
})

let sequence = 0
const tick = (source: string, feed: Feed) => ({
  symbol: 'AAPL',
  asOf: at('15:30:00'),
  sequence: ++sequence,
  tradeDate: MONDAY,
  source,
  feed,
  receivedAt: at('15:30:01')
})

function composing() {
  const told: Quote[] = []
  const composer = new Composer({
    accept: (event) => event.type === 'quote_update' && told.push(event.data.quote),
    intervalMs: 60_000,
    hoursOf: shippedHours
  })
  return {
    composer,
    traded: (price: number, more: Partial<Trade> = {}) => {
      const trade: Trade = { ...tick('alpaca', 'iex'), price, size: 10, tape: 'C', ...more }
      composer.took({ type: 'trade', data: { symbol: 'AAPL', trade, timestamp: trade.asOf } })
    },
    quoted: (sides: Partial<Bbo>) => {
      const bbo: Bbo = { ...tick('massive', 'consolidated'), bid: 99, ask: 101, ...sides }
      composer.took({ type: 'bbo', data: { symbol: 'AAPL', bbo, timestamp: bbo.asOf } })
    },
    /** As it stands now. */
    quote: (): Quote => {
      composer.close()
      return told.at(-1)!
    }
  }
}

const ofYahoo = (more: Partial<Quote>) =>
  quoteOf('AAPL', 100, { asOf: at('15:00:00'), provenance: provenance('yahoo', 'delayed'), ...more })
const tellerOfYahoo = { source: 'yahoo', feed: 'delayed', asOf: at('15:00:00') }

describe('a quote says which of its figures another vendor told than its price, and as of when', () => {
  test('of a price, sides and a day that three vendors told', () => {
    const { composer, traded, quoted, quote } = composing()
    composer.begin(ofYahoo({ previousClose: 90, dayHigh: 102, volume: 5000, yearHigh: 120, marketCap: 3e12 }))
    composer.polled(
      quoteOf('AAPL', 100, { asOf: at('15:10:00'), marketCap: 4e12, provenance: provenance('fmp', 'composite') })
    )
    composer.polled(ofYahoo({ previousClose: 90, dayHigh: 102, volume: 5000 }))
    traded(101)
    quoted({ asOf: at('15:30:02') })
    expect(quote().provenance).toMatchObject({
      source: 'alpaca',
      feed: 'iex',
      parts: [
        { ...tellerOfYahoo, groups: ['reference', 'day', 'year'] },
        { source: 'massive', feed: 'consolidated', asOf: at('15:30:02'), groups: ['book'] },
        { source: 'fmp', feed: 'composite', asOf: at('15:10:00'), groups: ['marketCap'] }
      ]
    })
  })

  test('and nothing more where one vendor told all of them', () => {
    const { composer, traded, quoted, quote } = composing()
    composer.begin(ofYahoo({ previousClose: 90, dayHigh: 102, provenance: provenance('alpaca', 'iex') }))
    traded(101)
    quoted({ source: 'alpaca', feed: 'iex' })
    const told = quote()
    expect(told).toMatchObject({ previousClose: 90, bid: 99 })
    expect(told.provenance).not.toHaveProperty('parts')
  })

  test('where another vendor takes a symbol over in the middle of a day', () => {
    const { traded, quote } = composing()
    traded(105, { source: 'massive', feed: 'consolidated', asOf: at('15:20:00') })
    traded(101)
    const { dayHigh, provenance } = quote()
    expect(dayHigh).toBe(105)
    expect(provenance).toMatchObject({
      source: 'alpaca',
      parts: [{ source: 'massive', feed: 'consolidated', asOf: at('15:20:00'), groups: ['day'] }]
    })
  })

  test('where a stream of quotes has its sides from another one', () => {
    const { composer, quoted, quote } = composing()
    quoted({ bidSize: 5 })
    const ofFinnhub = provenance('finnhub', 'consolidated', 'stream')
    composer.told(quoteOf('AAPL', 101, { asOf: at('15:30:00'), ask: 102, provenance: ofFinnhub }))
    // Two vendors' sides are never one book.
    expect(quote()).not.toHaveProperty('bid')
  })

  test('of a regular price that the stream does not know', () => {
    const { composer, quote } = composing()
    const friday = at('18:00:00', '2026-11-27')
    composer.begin(ofYahoo({ asOf: friday, previousClose: 98 }))
    const extendedHours = { session: 'pre', price: 104, asOf: at('13:00:00') } as const
    const ofTiingo = provenance('tiingo', 'iex', 'stream')
    composer.told(quoteOf('AAPL', 104, { asOf: at('13:00:00'), extendedHours, provenance: ofTiingo }))
    const told = quote()
    expect(told).toMatchObject({ price: 100, extendedHours: { price: 104, change: 4 } })
    expect(told.provenance).toMatchObject({
      source: 'tiingo',
      parts: [{ ...tellerOfYahoo, asOf: friday, groups: ['price', 'reference', 'day'] }]
    })
  })

  test('of a regular price that is polled only after the stream began', () => {
    const { composer, quote } = composing()
    const friday = at('18:00:00', '2026-11-27')
    const extendedHours = { session: 'pre', price: 104, asOf: at('13:00:00') } as const
    const ofTiingo = provenance('tiingo', 'iex', 'stream')
    composer.told(quoteOf('AAPL', 104, { asOf: at('13:00:00'), extendedHours, provenance: ofTiingo }))
    const receivedAt = at('15:30:05')
    const ofYahoos = { ...provenance('yahoo', 'delayed'), receivedAt }
    composer.begin(ofYahoo({ asOf: friday, previousClose: 98, provenance: ofYahoos }))
    const told = quote()
    expect(told).toMatchObject({ price: 100, previousClose: 98, change: 2, extendedHours: { price: 104, change: 4 } })
    expect(told.provenance.parts).toEqual([{ ...tellerOfYahoo, asOf: friday, groups: ['price', 'reference', 'day'] }])
    // Else what is stored and cached keeps the quote before: it is of the same instant.
    expect(told.provenance.receivedAt).toBe(receivedAt)
  })

  test('of a close that the next day is compared with, and that the stream did not know', () => {
    const { composer, traded, quote } = composing()
    const friday = at('18:00:00', '2026-11-27')
    composer.begin(ofYahoo({ asOf: friday }))
    const extendedHours = { session: 'post', price: 104, asOf: at('22:00:00', '2026-11-27') } as const
    const ofTiingo = provenance('tiingo', 'iex', 'stream')
    composer.told(quoteOf('AAPL', 104, { asOf: at('22:00:00', '2026-11-27'), extendedHours, provenance: ofTiingo }))
    traded(110)
    const told = quote()
    expect(told).toMatchObject({ price: 110, previousClose: 100, change: 10 })
    expect(told.provenance.parts).toEqual([{ ...tellerOfYahoo, asOf: friday, groups: ['reference'] }])
  })
})

describe('a symbol that is streamed again', () => {
  const on = (tradeDate: string) => ({ tradeDate, asOf: at('15:30:00', tradeDate) })

  test('after a weekend and a holiday is compared with the close before', () => {
    const { traded, quote } = composing()
    traded(100, on('2026-11-25'))
    traded(90, on('2026-11-27'))
    expect(quote()).toMatchObject({ previousClose: 100, change: -10 })
    const next = composing()
    next.traded(90, on('2026-11-27'))
    next.traded(99, on(MONDAY))
    expect(next.quote()).toMatchObject({ previousClose: 90, change: 9 })
  })

  test('after days is not compared with its price of days ago', () => {
    const { traded, quote } = composing()
    traded(100, on('2026-11-24'))
    traded(120, on('2026-11-27'))
    const told = quote()
    expect(told.price).toBe(120)
    for (const absent of ['previousClose', 'change', 'changePercent']) expect(told).not.toHaveProperty(absent)
  })

  test('nor what it trades at before the session', () => {
    const { traded, quote } = composing()
    traded(100, on('2026-11-24'))
    traded(120, { ...on(MONDAY), asOf: at('13:00:00'), session: 'pre' })
    const { extendedHours } = quote()
    expect(extendedHours).toMatchObject({ price: 120 })
    expect(extendedHours).not.toHaveProperty('change')
  })

  test('nor with what was polled days ago, by a stream that tells quotes', () => {
    const { composer, quote } = composing()
    const friday = at('15:00:00', '2026-11-20')
    composer.begin(ofYahoo({ asOf: friday, previousClose: 98, open: 97, volume: 5000, marketState: 'closed' }))
    const ofFinnhub = provenance('finnhub', 'consolidated', 'stream')
    const { volume: _, ...news } = quoteOf('AAPL', 101, { asOf: at('15:30:00'), provenance: ofFinnhub })
    composer.told(news)
    const told = quote()
    for (const absent of ['previousClose', 'change', 'open', 'volume']) expect(told).not.toHaveProperty(absent)
  })

  test("in New York's evening is in the same day, whatever day it is in London", () => {
    const { composer, quote } = composing()
    const ofYahoos = provenance('yahoo', 'composite', 'stream')
    const told = (price: number, asOf: string, more: Partial<Quote> = {}) =>
      composer.told(quoteOf('EURUSD=X', price, { asOf, provenance: ofYahoos, ...more }))
    told(1.1, at('23:59:00'), { previousClose: 1, dayHigh: 1.2 })
    told(1.15, at('00:01:00', '2026-12-01'))
    expect(quote()).toMatchObject({ price: 1.15, previousClose: 1, dayHigh: 1.2 })
  })
})

test("a contract's open interest and greeks keep the instant that each was told at", () => {
  const { composer, traded, quote } = composing()
  const told = (second: number, figures: Parameters<typeof figuresToldAt>[0], source = 'upstox') =>
    ofYahoo({
      derivative: figuresToldAt(figures, at(`15:00:0${second}`)),
      provenance: provenance(source, 'consolidated')
    })
  composer.begin(told(1, { openInterest: 750, impliedVolatility: 0.2, delta: 0.5 }))
  composer.polled(told(2, { delta: 0.6 }))
  composer.polled(ofYahoo({}))
  traded(101, { source: 'upstox', feed: 'consolidated' })
  const { derivative } = quote()
  expect(derivative).toEqual({
    openInterest: 750,
    openInterestAsOf: at('15:00:01'),
    impliedVolatility: 0.2,
    impliedVolatilityAsOf: at('15:00:01'),
    delta: 0.6,
    greeksAsOf: at('15:00:02')
  })
  const mixed = composing()
  mixed.composer.begin(told(1, { openInterest: 750, delta: 0.5 }))
  mixed.composer.polled(told(2, { delta: 0.6 }, 'ibkr'))
  mixed.traded(101)
  // Of two vendors' figures only the newest one's are one contract's.
  expect(mixed.quote().derivative).toEqual({ delta: 0.6, greeksAsOf: at('15:00:02') })
})
