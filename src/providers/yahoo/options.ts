import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { withoutUnknownInterest, type OptionChain, type OptionContract } from '../../market/option-chain.ts'
import { withoutAbsent } from '../../market/absent.ts'
import { finite, notNegative, textOf } from '../parse.ts'
import { ProviderError } from '../provider.ts'
import { oncePer } from '../rows.ts'
import { isRecord, salvage } from '../salvage.ts'
import { priceReader, type PriceReader } from './prices.ts'
import { instantOf, provenanceOfRow, QuoteRow } from './quotes.ts'
import type { YahooClient } from './client.ts'
import { toYahooSymbol } from './symbols.ts'
import { listOf, memberOf, WireNumber } from './wire.ts'

const OPTIONS_URL = 'https://query2.finance.yahoo.com/v7/finance/options/'
/** Yahoo writes 0.00001 where it could not work out a volatility. */
const MIN_VOLATILITY = 0.0001

/** The contracts of one expiry, the nearest where none is named. A symbol without options has an empty chain. */
export async function fetchOptions(
  client: YahooClient,
  symbol: string,
  expiry: string | undefined,
  signal: AbortSignal,
  now: () => number
): Promise<OptionChain> {
  const answer = await client.ask(
    {
      url: OPTIONS_URL + encodeURI(toYahooSymbol(symbol)),
      query: { formatted: false, date: expiry === undefined ? undefined : Date.parse(expiry) / 1000 },
      crumb: true
    },
    signal
  )
  const results = memberOf(memberOf(answer, 'optionChain'), 'result')
  const result = listOf(results)[0]
  if (Array.isArray(results) && results.length === 0) {
    throw new ProviderError('yahoo', 'not_found', `yahoo does not know ${symbol}`)
  }
  if (!isRecord(result)) throw new ProviderError('yahoo', 'bad_payload', 'yahoo sent no chain of options')
  return parseChain(symbol, result, expiry, now())
}

function parseChain(
  symbol: string,
  result: Record<string, unknown>,
  expiry: string | undefined,
  receivedAt: number
): OptionChain {
  const underlying = salvage(QuoteRow, result.quote) ?? { symbol }
  const prices = priceReader({ ...underlying, symbol })
  const expiries = listOf(result.expirationDates).flatMap((date) => dayOf(date) ?? [])
  const all = listOf(result.options).flatMap((chain) => [
    ...contractsOf(memberOf(chain, 'calls'), 'call', prices),
    ...contractsOf(memberOf(chain, 'puts'), 'put', prices)
  ])
  const contracts = oncePer(all, (contract) => contract.symbol).filter(
    (contract) => expiry === undefined || contract.expiry === expiry
  )
  return withoutAbsent({
    symbol,
    expiries: [...new Set(expiries)].sort(),
    underlyingPrice: prices.price(underlying.regularMarketPrice),
    currency: prices.currency,
    contracts: withoutUnknownInterest(contracts),
    provenance: provenanceOfRow(underlying, receivedAt, [prices.note])
  })
}

function contractsOf(list: unknown, side: OptionContract['side'], prices: PriceReader): OptionContract[] {
  return listOf(list).flatMap((entry) => {
    const wire = salvage(Contract, entry)
    const expiry = dayOf(wire?.expiration)
    const strike = prices.price(wire?.strike)
    const symbol = textOf(wire?.contractSymbol)
    return wire && symbol !== undefined && expiry !== undefined && strike !== undefined
      ? [parseContract(wire, { symbol, side, expiry, strike }, prices)]
      : []
  })
}

function parseContract(
  wire: WireContract,
  terms: Pick<OptionContract, 'symbol' | 'side' | 'expiry' | 'strike'>,
  prices: PriceReader
): OptionContract {
  // A bid of 0 under an ask is worth knowing; 0 on both sides is how Yahoo says that the book is empty, and what it
  // then calls the implied volatility follows from no price.
  const quoted = Boolean(wire.bid) || Boolean(wire.ask)
  const volatility = quoted ? finite(wire.impliedVolatility) : undefined
  return withoutAbsent({
    ...terms,
    last: prices.price(wire.lastPrice),
    bid: quoted ? (prices.price(wire.bid) ?? (wire.bid === 0 ? 0 : undefined)) : undefined,
    ask: quoted ? prices.price(wire.ask) : undefined,
    change: prices.change(wire.change, wire.lastPrice),
    changePercent: finite(wire.percentChange),
    volume: notNegative(wire.volume),
    openInterest: notNegative(wire.openInterest),
    impliedVolatility: volatility !== undefined && volatility >= MIN_VOLATILITY ? volatility : undefined,
    inTheMoney: wire.inTheMoney ?? undefined,
    lastTradeAt: instantOf(wire.lastTradeDate)
  })
}

/** Expiries are midnights in UTC of the day that they name. */
function dayOf(seconds: unknown): string | undefined {
  return instantOf(seconds)?.slice(0, 10)
}

const WireContract = Type.Object({
  contractSymbol: Type.String(),
  strike: Type.Number(),
  expiration: Type.Number(), // epoch seconds
  lastPrice: WireNumber,
  bid: WireNumber,
  ask: WireNumber,
  change: WireNumber,
  percentChange: WireNumber,
  volume: WireNumber,
  openInterest: WireNumber,
  impliedVolatility: WireNumber, // 0.32 means 32 %
  inTheMoney: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  lastTradeDate: WireNumber // epoch seconds
})
type WireContract = Static<typeof WireContract>
const Contract = Compile(WireContract)
