import { answerUnder, freshnessOf, isNegative } from '../cache/entry.ts'
import type { Namespace } from '../cache/namespace.ts'
import type { Policy } from '../cache/policy.ts'
import { withoutAbsent } from '../market/absent.ts'
import type { Answer, Asker } from '../market/market-data.ts'
import { plainFigures } from '../market/derivative-figures.ts'
import type { OptionChain, OptionContract } from '../market/option-chain.ts'
import type { Quote } from '../market/quote.ts'

/** A contract of which nothing was streamed for so long before a chain was asked for is told better by the chain. */
const STREAMED_WITHIN_MS = 300_000
/** What is streamed changes while a chain is cached. */
const FRESH_MS = 1000
/** Contracts of which nothing was streamed before are looked for so often. */
const RECALL_EVERY_MS = 10_000

type AskChain = (symbol: string, expiry: string | undefined, asker?: Asker) => Promise<Answer<OptionChain>>

export type StreamedChainsOptions = {
  /** Answers with chains that are cached for minutes. */
  readonly ask: AskChain
  readonly quotes: Namespace<Quote>
  /** Quotes that any process of the installation held last; no vendor is asked. */
  readonly held: (symbols: readonly string[]) => Promise<ReadonlyMap<string, Quote>>
  readonly policy: Policy<OptionChain>
}

/** Chains in which the contracts that are streamed stand as those who follow them see them. */
export function streamedChains({ ask, quotes, held, policy }: StreamedChainsOptions): AskChain {
  /** When, epoch milliseconds. */
  const recalled = new WeakMap<OptionChain, number>()

  /** From then on memory learns what the log shows of contracts, whichever process their followers are connected to. */
  async function recall(chain: OptionChain): Promise<void> {
    recalled.set(chain, Date.now())
    const symbols = chain.contracts.map(({ symbol }) => symbol).filter((symbol) => !quotes.memory.holds(symbol))
    for (const [symbol, quote] of await held(symbols)) {
      const receivedAt = Date.parse(quote.provenance.receivedAt)
      const freshness = freshnessOf(quote, receivedAt, quotes.policy)
      quotes.memory.put(symbol, await answerUnder(quotes.policy, quote, freshness))
    }
  }

  const inMemory = (symbol: string) => {
    const entry = quotes.memory.get(symbol)
    return entry && !isNegative(entry) ? entry.value : undefined
  }

  return async (symbol, expiry, asker) => {
    const answer = await ask(symbol, expiry, asker)
    if (Date.now() - (recalled.get(answer.value) ?? 0) >= RECALL_EVERY_MS) await recall(answer.value)
    const chain = withStreamed(answer.value, inMemory)
    if (chain === answer.value) return answer
    const freshUntil = Math.min(answer.freshUntil, Date.now() + FRESH_MS)
    return answerUnder(policy, chain, { ...answer, freshUntil })
  }
}

/** The contract's figures as its quote has them. */
export function figuresIn({ derivative }: Partial<Quote> = {}): Partial<OptionContract> {
  return derivative ? plainFigures(derivative) : {}
}

/**
 * A chain with the prices and figures of those of its contracts that are streamed, as who follows them sees them; `held`
 * tells the quotes that this process holds. The same chain where none is.
 */
export function withStreamed(chain: OptionChain, held: (symbol: string) => Quote | undefined): OptionChain {
  const since = Date.parse(chain.provenance.receivedAt) - STREAMED_WITHIN_MS
  const sources = new Set<string>()
  const contracts = chain.contracts.map((contract) => {
    const quote = held(contract.symbol)
    if (!quote || !isStreamed(quote, since)) return contract
    sources.add(quote.provenance.source)
    return streamedContract(contract, quote)
  })
  if (sources.size === 0) return chain
  const note = `prices and figures of contracts as they are streamed, by ${[...sources].join(', ')}`
  const { provenance } = chain
  return { ...chain, contracts, provenance: { ...provenance, notes: [...(provenance.notes ?? []), note] } }
}

function isStreamed({ asOf, derivative, provenance }: Quote, since: number): boolean {
  const { delivery, state } = provenance
  const figuresAt = derivative?.basis?.computedAt ?? derivative?.greeksAsOf ?? asOf
  return delivery === 'stream' && state !== 'stale' && Math.max(Date.parse(asOf), Date.parse(figuresAt)) >= since
}

/** A vendor's own figures are of the prices that it told with them: they go with those. */
function streamedContract(contract: OptionContract, quote: Quote): OptionContract {
  const { symbol, side, strike, expiry, inTheMoney, lastTradingAt, settlesAt, settlement } = contract
  const { price: last, bid, ask, change, changePercent, volume, asOf: lastTradeAt } = quote
  return withoutAbsent<OptionContract>({
    symbol,
    side,
    strike,
    expiry,
    last,
    bid,
    ask,
    change,
    changePercent,
    volume: volume ?? contract.volume,
    openInterest: contract.openInterest,
    inTheMoney,
    lastTradeAt,
    lastTradingAt,
    settlesAt,
    settlement,
    ...figuresIn(quote)
  })
}
