// https://www.alphavantage.co/documentation/#latestprice
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { exchangeMembers } from '../../market/exchange.ts'
import type { MarketHours } from '../../market/market-hours.ts'
import type { Quote } from '../../market/quote.ts'
import { regularEnd, sessionOn } from '../../market/session.ts'
import { dateIn, instantOf } from '../../market/zoned-time.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { provenanceOf } from '../parse.ts'
import { isRecord } from '../salvage.ts'
import { PROVIDER, refused, type AlphaVantageClient } from './client.ts'
import { isAbout, type Listing } from './listing.ts'
import { inMajorUnit, UNIT_ASSUMED, type PriceUnit } from './price-unit.ts'
import { dateOf, memberOf, notNegativeOf, numberOf, positiveOf } from './wire-value.ts'

/** Without a realtime or delayed entitlement the vendor renews quotes when a session has ended. */
export const END_OF_DAY_DELAY_SECONDS = 86_400
export const END_OF_DAY = 'renewed by the vendor at the end of each session'

/** The quote of one symbol. Rejects with `not_found` for an unknown one, which is `{"Global Quote": {}}` on the wire. */
export async function fetchQuote(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  unit: PriceUnit,
  signal: AbortSignal,
  { now, hours }: { now: () => number; hours: MarketHours | undefined }
): Promise<Quote> {
  const body = await client.ask('GLOBAL_QUOTE', { symbol: listing.wire }, WireAnswer, symbol, signal)
  const [name, wire] = Object.entries(body).find(([member]) => member.startsWith('Global Quote')) ?? []
  if (!isRecord(wire)) throw refused('bad_payload', `sent no quote of ${symbol}`)
  if (Object.keys(wire).length === 0) throw refused('not_found', `does not know ${symbol}`)
  return parseQuote(wire, symbol, listing, unit, { receivedAt: now(), delayedBySeconds: delayIn(name!), hours })
}

/** With an entitlement the member says it: `Global Quote - DATA DELAYED BY 15 MINUTES`. */
function delayIn(name: string): number {
  const minutes = /delayed by (\d+) minutes/i.exec(name)?.[1]
  return minutes === undefined ? END_OF_DAY_DELAY_SECONDS : Number(minutes) * 60
}

function parseQuote(
  wire: Readonly<Record<string, unknown>>,
  symbol: string,
  listing: Listing,
  unit: PriceUnit,
  {
    receivedAt,
    delayedBySeconds,
    hours
  }: { receivedAt: number; delayedBySeconds: number; hours: MarketHours | undefined }
): Quote {
  const field = (name: string) => memberOf(wire, name)
  const priceOf = (name: string) => inMajorUnit(positiveOf(field(name)), unit)
  const session = dateOf(field('latest trading day'))
  const price = priceOf('price')
  if (!isAbout(listing, field('symbol')) || price === undefined || session === undefined) {
    throw refused('bad_payload', `sent a quote without symbol, price or day for ${symbol}`)
  }
  if (session > dateIn(listing.exchange.timeZone, receivedAt)) {
    throw refused('bad_payload', `sent a quote of ${symbol} of a day that is yet to come`)
  }
  const optional = {
    open: priceOf('open'),
    dayHigh: priceOf('high'),
    dayLow: priceOf('low'),
    previousClose: priceOf('previous close'),
    change: inMajorUnit(numberOf(field('change')), unit),
    changePercent: numberOf(field('change percent')),
    volume: notNegativeOf(field('volume')),
    currency: unit.currency,
    ...exchangeMembers(symbol)
  }
  return {
    symbol,
    price,
    ...withoutAbsent(optional),
    asOf: new Date(Math.min(closeOf(session, hours, listing), receivedAt)).toISOString(),
    provenance: provenanceOf(PROVIDER, {
      feed: 'delayed',
      receivedAt,
      delayedBySeconds,
      ...(unit.assumed && { state: 'suspect' }),
      notes: [
        delayedBySeconds === END_OF_DAY_DELAY_SECONDS ? END_OF_DAY : undefined,
        unit.note,
        unit.assumed ? UNIT_ASSUMED : undefined
      ]
    })
  }
}

/** The wire tells a day and no time: the end of that day's regular session where the instrument trades. */
function closeOf(date: string, hours: MarketHours | undefined, { exchange: { timeZone, closes } }: Listing): number {
  const session = hours && sessionOn(hours.calendar, date)
  if (session) return regularEnd(session)
  const [year, month, day] = date.split('-').map(Number)
  const [hour, minute] = closes.split(':').map(Number)
  return instantOf(timeZone, year!, month!, day!, hour, minute)
}

/** `05. price` and its like; empty for an unknown symbol. */
const WireAnswer = Compile(Type.Record(Type.String(), Type.Unknown()))
