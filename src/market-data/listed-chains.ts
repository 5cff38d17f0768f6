import type { Namespace } from '../cache/namespace.ts'
import type { Source } from '../cache/source.ts'
import { withoutAbsent } from '../market/absent.ts'
import type { Instrument } from '../market/instrument.ts'
import type { OptionChain, OptionContract } from '../market/option-chain.ts'
import { expirationOf } from '../market/option-expiry.ts'
import { combinedProvenance, type Provenance } from '../market/provenance.ts'
import type { Quote } from '../market/quote.ts'
import type { SessionClock } from '../market/session-clock.ts'
import { isoOf } from '../market/time.ts'
import { figuresIn } from './streamed-contracts.ts'

const LISTED = 'contracts as the master file of their exchange lists them; prices are those that this server holds'

export type ListedChainOptions = {
  /** Days (YYYY-MM-DD) on which listed options on an underlying expire, soonest first. */
  readonly expiries: (underlying: string) => Promise<readonly string[]>
  readonly contracts: (underlying: string, expiry: string) => Promise<readonly Instrument[]>
  /** Quotes that are held, of whatever age; no vendor is asked. */
  readonly held: (symbols: readonly string[]) => Promise<ReadonlyMap<string, Quote>>
  /** Undefined where nobody knows it. */
  readonly spot: (symbol: string) => Promise<Quote | undefined>
  /** Of an expiry: whether its contracts still trade. */
  readonly isOpen: (underlying: string, expiry: string) => boolean
}

/** What chains are made of: what is listed, and the quotes of a namespace, else those that were written down. */
export function listingOver(
  listed: Pick<ListedChainOptions, 'expiries' | 'contracts'>,
  quotes: Namespace<Quote>,
  source: Source<Quote>,
  clock: SessionClock
): ListedChainOptions {
  /** What is streamed and was never asked for is in no cache. */
  async function held(symbols: readonly string[]): Promise<Map<string, Quote>> {
    const outcomes = await quotes.heldOutcomes(symbols)
    const found = new Map<string, Quote>()
    for (const [symbol, outcome] of outcomes) if (!(outcome instanceof Error)) found.set(symbol, outcome.value)
    const missing = symbols.filter((symbol) => !found.has(symbol))
    const written = await source.lastGood?.(missing).catch(() => undefined)
    return new Map([...found, ...(written ?? [])])
  }
  return {
    ...listed,
    held,
    async spot(symbol) {
      const asked = await quotes.get(symbol, source).catch(() => undefined)
      return asked?.value ?? (await held([symbol])).get(symbol)
    },
    isOpen: (symbol, expiry) => expirationOf(symbol, symbol, expiry, clock).lastTradingAt > Date.now()
  }
}

/**
 * The chain of an expiry that a master file lists, with the prices that streams bring; where none is named, of the nearest
 * that still trades. Undefined where no options on the underlying are listed.
 */
export async function listedChain(
  options: ListedChainOptions,
  symbol: string,
  expiry: string | undefined,
  now: number
): Promise<OptionChain | undefined> {
  const expiries = await options.expiries(symbol)
  if (expiries.length === 0) return undefined
  const wanted = expiry ?? expiries.find((each) => options.isOpen(symbol, each))
  const listed = wanted === undefined ? [] : await options.contracts(symbol, wanted)
  const [underlying, quotes] = await Promise.all([
    options.spot(symbol),
    options.held(listed.map((contract) => contract.symbol))
  ])
  const contracts = listed.map((contract) => contractOf(contract, quotes.get(contract.symbol), underlying?.price))
  return withoutAbsent<OptionChain>({
    symbol,
    name: underlying?.name,
    mic: underlying?.mic,
    exchange: underlying?.exchange,
    expiries: [...expiries],
    underlyingPrice: underlying?.price,
    currency: listed[0]?.currency,
    contracts: contracts.toSorted((a, b) => (a.side === b.side ? a.strike - b.strike : a.side === 'call' ? -1 : 1)),
    provenance: provenanceOf([...quotes.values(), ...(underlying ? [underlying] : [])], now)
  })
}

function contractOf(contract: Instrument, quote: Quote | undefined, spot: number | undefined): OptionContract {
  const { symbol, right, strike, expiry } = contract
  const isCall = right === 'call'
  return withoutAbsent<OptionContract>({
    symbol,
    side: right!,
    strike: strike!,
    expiry: expiry!,
    last: quote?.price,
    bid: quote?.bid,
    ask: quote?.ask,
    change: quote?.change,
    changePercent: quote?.changePercent,
    volume: quote?.volume,
    ...figuresIn(quote),
    inTheMoney: spot === undefined ? undefined : isCall ? strike! < spot : strike! > spot,
    lastTradeAt: quote?.asOf
  })
}

/** Of prices, as old as the oldest of them; of a list without any, the list's own. */
function provenanceOf(quotes: readonly Quote[], now: number): Provenance {
  if (quotes.length > 0) {
    return combinedProvenance(
      quotes.map(({ provenance }) => provenance),
      [LISTED]
    )
  }
  return { source: 'upstox', feed: 'composite', receivedAt: isoOf(now), state: 'live', attempts: [], notes: [LISTED] }
}
