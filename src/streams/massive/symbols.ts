import type { TopicName } from '../../market/event.ts'
import { occRoot } from '../../market/option-symbol.ts'
import { cryptoPair, parseSymbol } from '../../market/symbol.ts'
import { spelledIssue, usIssue, type IssueSpelling } from '../../market/us-issue.ts'

/** Each is a cluster of its own at the vendor, with its own path, plan and connection. */
export const MASSIVE_MARKETS = ['stocks', 'options', 'crypto'] as const
export type MassiveMarket = (typeof MASSIVE_MARKETS)[number]

/** `BRK.B`, `BACpL`, `ABC.WS.A`, `ABC.U`. How the vendor spells rights and what trades when issued is not known. */
const SPELLING: IssueSpelling = {
  class: (series) => `.${series}`,
  preferred: (series) => `p${series}`,
  warrant: (series) => (series === '' ? '.WS' : `.WS.${series}`),
  unit: () => '.U'
}
const ORDINARY = /^[A-Z]{1,5}$/
const PREFERRED = /^([A-Z]{1,5})p([A-Z])$/
/** Capitals alone: in other places a small letter has a meaning, and `BACpL` is not BACPL. */
const STOCK = /^[A-Z][A-Z.]*$/
const PREFIXES = { options: 'O:', crypto: 'X:' } as const

/** The canonical symbol of a ticker of a market; undefined for what is none. */
export function symbolOf(market: MassiveMarket, ticker: string): string | undefined {
  if (market === 'stocks') {
    const [, root, series] = PREFERRED.exec(ticker) ?? []
    if (root !== undefined) return `${root}.PR${series}`
    return STOCK.test(ticker) ? parseSymbol(ticker) : undefined
  }
  const prefix = PREFIXES[market]
  const name = ticker.startsWith(prefix) ? ticker.slice(prefix.length) : ticker
  if (market === 'options') return isContract(name) && name !== ticker ? name : undefined
  // Trades of coins name the pair bare (`BTC-USD`), other endpoints with the prefix.
  return cryptoPair(name) ? name : undefined
}

const isContract = (symbol: string): boolean => occRoot(symbol) !== undefined

/** The ticker of a canonical symbol as subscriptions name it; undefined where the market does not have it. */
export function tickerOf(market: MassiveMarket, symbol: string): string | undefined {
  if (market === 'crypto') return cryptoPair(symbol) ? symbol : undefined
  if (market === 'options') return isContract(symbol) ? `${PREFIXES.options}${symbol}` : undefined
  if (ORDINARY.test(symbol)) return symbol
  const issue = usIssue(symbol)
  return issue && spelledIssue(issue, SPELLING)
}

/** The vendor's channels by our streams. Per-second bars (`A`, `XAS`) are left: the shortest bar here is a minute. */
const CHANNELS: Readonly<Record<MassiveMarket, Readonly<Record<string, string>>>> = {
  stocks: { trades: 'T', bbo: 'Q', halts: 'LULD', 'bars.1m': 'AM' },
  options: { trades: 'T', bbo: 'Q', 'bars.1m': 'AM' },
  crypto: { trades: 'XT', bbo: 'XQ', 'bars.1m': 'XA' }
}

/** What a subscription to a topic is called: `T.BRK.B` for `trades:BRK.B`; undefined where the market has no such thing. */
export function parameterOf(market: MassiveMarket, topic: TopicName): string | undefined {
  const at = topic.indexOf(':')
  const channels = CHANNELS[market]
  const stream = topic.slice(0, Math.max(at, 0))
  const ticker = tickerOf(market, topic.slice(at + 1))
  return Object.hasOwn(channels, stream) && ticker !== undefined ? `${channels[stream]}.${ticker}` : undefined
}
