// https://www.alphavantage.co/documentation/#historical-options
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { OptionChain, OptionContract } from '../../market/option-chain.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { dateIn } from '../../market/zoned-time.ts'
import { provenanceOf, textOf } from '../parse.ts'
import { fittingRows, oncePer } from '../rows.ts'
import { PROVIDER, refused, type AlphaVantageClient } from './client.ts'
import type { Listing } from './listing.ts'
import { END_OF_DAY_DELAY_SECONDS } from './quote.ts'
import { dateOf, notNegativeOf, numberOf, positiveOf } from './wire-value.ts'

/** One expiry of the last session's chain, with greeks; the nearest expiry where none is asked for. */
export async function options(
  client: AlphaVantageClient,
  symbol: string,
  listing: Listing,
  expiry: string | undefined,
  signal: AbortSignal,
  now: () => number
): Promise<OptionChain> {
  const { data } = await client.ask(
    'HISTORICAL_OPTIONS',
    { symbol: listing.wire },
    WireChain,
    `options of ${symbol}`,
    signal
  )
  const rows = fittingRows(PROVIDER, `options of ${symbol}`, data, WireContracts)
  const all = oncePer(
    rows.flatMap((row) => parseContract(row) ?? []),
    (contract) => contract.symbol
  )
  // The chain is of the last session, whose own expiry is over when the next day begins.
  const today = dateIn(listing.exchange.timeZone, now())
  const expiries = [...new Set(all.map((each) => each.expiry))].filter((each) => each >= today).sort()
  if (all.length > 0 && expiries.length === 0)
    throw refused('not_covered', `has only contracts of ${symbol} that are over`)
  const wanted = expiry ?? expiries[0]
  const session = dateOf(rows[0]?.date)
  return {
    symbol,
    expiries,
    currency: 'USD',
    contracts: all.filter((each) => each.expiry === wanted),
    provenance: provenanceOf(PROVIDER, {
      feed: 'delayed',
      receivedAt: now(),
      delayedBySeconds: END_OF_DAY_DELAY_SECONDS,
      notes: [session && `as of the close of ${session}`]
    })
  }
}

/** A bid, ask or last of `0.00` means that there was none; a greek of zero is a value. */
function parseContract(wire: WireContract): OptionContract | undefined {
  const strike = positiveOf(wire.strike)
  const expiry = dateOf(wire.expiration)
  const side = wire.type.toLowerCase()
  const symbol = textOf(wire.contractID)
  if (symbol === undefined || strike === undefined || expiry === undefined || (side !== 'call' && side !== 'put'))
    return undefined
  return {
    symbol,
    side,
    strike,
    expiry,
    ...withoutAbsent({
      last: positiveOf(wire.last),
      bid: positiveOf(wire.bid),
      ask: positiveOf(wire.ask),
      volume: notNegativeOf(wire.volume),
      openInterest: notNegativeOf(wire.open_interest),
      impliedVolatility: positiveOf(wire.implied_volatility),
      delta: numberOf(wire.delta),
      gamma: numberOf(wire.gamma),
      theta: numberOf(wire.theta),
      vega: numberOf(wire.vega),
      rho: numberOf(wire.rho)
    })
  }
}

/** Numbers are texts. */
const Text = Type.Optional(Type.Unknown())

const WireContract = Type.Object({
  contractID: Type.String(),
  expiration: Type.String(),
  strike: Type.Unknown(),
  type: Type.String(),
  date: Text,
  last: Text,
  bid: Text,
  ask: Text,
  volume: Text,
  open_interest: Text,
  implied_volatility: Text,
  delta: Text,
  gamma: Text,
  theta: Text,
  vega: Text,
  rho: Text
})
type WireContract = Static<typeof WireContract>

const WireContracts = Compile(WireContract)

const WireChain = Compile(Type.Object({ data: Type.Array(Type.Unknown()) }))
