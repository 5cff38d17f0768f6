import { symbolOf } from '../src/demand/want.ts'
import { shardOf } from '../src/log/shard.ts'
import type { TopicName } from '../src/market/event.ts'
import type { Answer } from '../src/market/market-data.ts'
import type { Quote } from '../src/market/quote.ts'
import { MINUTE_MS } from '../src/market/time.ts'
import { quoteFreshMs } from '../src/market-data/policies.ts'
import { inFairOrder, shareOut, type DueSymbol } from './fair-shares.ts'
import type { JobContext } from './handler.ts'

/** More symbols than this are renewed by no run; those that wait longest have their turn in the next one. */
const MAX_SYMBOLS = 2000
/** Of what all users follow together, so many are looked at. */
const MAX_LOOKED_AT = 10_000
/** Of symbols that nobody ever answered, so many are tried: most are no symbols at all. */
const MAX_UNKNOWN = 50
/** What a stream carries is asked for so often all the same: it does not tell names, yesterday's close or a market's worth. */
const CARRIED_EVERY_MS = 15 * MINUTE_MS
/** What a run may take, so that a quote is renewed before it is too old and not just after. */
const RUN_MS = 5000

/** Answers by symbol. An error: all vendors denied the symbol lately. */
type Held = ReadonlyMap<string, Answer<Quote> | Error | undefined>

type ToRenew = Pick<
  JobContext,
  'config' | 'popularity' | 'wantedByUser' | 'carriedTopics' | 'leases' | 'marketData' | 'stores' | 'now'
>

/**
 * The symbols whose quotes are to be renewed now, the most urgent first: those that clients follow, in turn for each
 * user; then popular ones that grow too old; then a few of those that nobody ever answered. Nobody is asked about a
 * symbol that all vendors denied lately, nor about one whose quotes a stream brings. Popular symbols are told to be kept warm:
 * a stream that has room may carry them. Rejects while Redis is away.
 */
export async function quotesToRenew(context: ToRenew): Promise<string[]> {
  const [wanted, carried, top] = await Promise.all([
    context.wantedByUser(),
    context.carriedTopics(),
    context.popularity.top(MAX_SYMBOLS)
  ])
  context.leases.keepWarm(top.map(({ symbol }) => quotesOf(symbol)))
  const allLists = [...wanted.values()].map((topics) => [...new Set([...topics].map(symbolOf))])
  const lists = shareOut(allLists, MAX_LOOKED_AT)
  const popular = top.map(({ symbol }) => symbol)
  // A server that nobody has asked yet keeps what it knows ready.
  if (wanted.size + top.length === 0) popular.push(...(await context.stores.quotes.symbols()).slice(0, MAX_SYMBOLS))

  const held = await heldOf(new Set([...lists.flat(), ...popular]), context)
  const known = await knownOf(held, context)
  const streamed = new Set([...carried].map(symbolOf))
  const isPolled = (symbol: string) => !streamed.has(symbol) || isPolledAllTheSame(symbol, held, context)
  const dueByUser = lists.map((symbols) =>
    symbols.filter(isPolled).flatMap((symbol) => dueFollowed(symbol, held, known, context))
  )
  const duePopular = popular.filter((symbol) => isPolled(symbol) && isDuePopular(symbol, held, known, context))
  const unknown = lists.map((symbols) => symbols.filter((symbol) => !known.has(symbol)))
  const due = [...new Set([...inFairOrder(dueByUser), ...duePopular])].slice(0, MAX_SYMBOLS)
  return [...due, ...new Set(shareOut(unknown, MAX_UNKNOWN).flat())]
}

const quotesOf = (symbol: string): TopicName => `quotes:${symbol}`

/**
 * A symbol that a stream carries has its turn among the runs of a longer time. One of which the stream has told no price for as
 * long as a quote is fresh is polled like any other: a single venue may trade it once an hour.
 */
function isPolledAllTheSame(symbol: string, held: Held, { config, now }: ToRenew): boolean {
  const { quoteRefreshMs } = config
  const answer = held.get(symbol)
  if (!answer || answer instanceof Error || answer.receivedAt <= now() - quoteFreshMs(quoteRefreshMs)) return true
  const turns = Math.ceil(CARRIED_EVERY_MS / quoteRefreshMs)
  return shardOf(quotesOf(symbol), turns) === Math.floor(now() / quoteRefreshMs) % turns
}

async function heldOf(symbols: ReadonlySet<string>, { marketData }: ToRenew): Promise<Held> {
  const names = [...symbols]
  const held = await marketData.heldQuotes(names)
  return new Map(names.map((symbol, at) => [symbol, held[at]]))
}

/** What is not held may have been written down once; while Postgres is away that is not known. */
async function knownOf(held: Held, { stores }: ToRenew): Promise<Set<string>> {
  const missing = [...held].flatMap(([symbol, answer]) => (answer === undefined ? [symbol] : []))
  const stored = missing.length === 0 ? [] : await stores.quotes.known(missing).catch(() => [])
  const known = new Set(held.keys())
  for (const symbol of missing) known.delete(symbol)
  for (const symbol of stored) known.add(symbol)
  return known
}

/** Every run renews what is followed, unless its exchange is closed and it stays as it is until that opens. */
function dueFollowed(symbol: string, held: Held, known: ReadonlySet<string>, { config, now }: ToRenew): DueSymbol[] {
  const answer = held.get(symbol)
  if (answer instanceof Error) return []
  if (!answer) return known.has(symbol) ? [{ symbol, receivedAt: 0 }] : []
  const { receivedAt, freshUntil } = answer
  const { quoteRefreshMs } = config
  const isAtRest =
    freshUntil - receivedAt > quoteFreshMs(quoteRefreshMs) && freshUntil > now() + quoteRefreshMs + RUN_MS
  return isAtRest || receivedAt > now() - quoteRefreshMs / 2 ? [] : [{ symbol, receivedAt }]
}

/** What is popular is renewed before it is too old. */
function isDuePopular(symbol: string, held: Held, known: ReadonlySet<string>, { config, now }: ToRenew): boolean {
  const answer = held.get(symbol)
  if (answer instanceof Error) return false
  return answer ? answer.freshUntil <= now() + config.quoteRefreshMs + RUN_MS : known.has(symbol)
}
