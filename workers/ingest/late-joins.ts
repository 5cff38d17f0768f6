import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { streamOf, symbolOf } from '../../src/demand/want.ts'
import type { TopicName } from '../../src/market/event.ts'
import { DAY_MS } from '../../src/market/time.ts'
import type { Feed } from '../../src/streams/feed.ts'
import type { GapWriter } from './gap-writer.ts'

/** What was carried longer ago is no part of a session that is in progress. */
const KEPT_MS = 3 * DAY_MS
/** Stands for a symbol that is carried, where else is when it no longer was (epoch ms). */
const CARRIED = 'carried'

export type LateJoinsOptions = {
  readonly redis: Redis
  readonly log: Pick<Logger, 'warn'>
  /** Of the stream; one owner at a time. */
  readonly name: string
  readonly gaps: Pick<GapWriter, 'missed'>
  /** When the session that is in progress for a symbol at an instant (epoch ms) began; undefined while there is none. */
  readonly sessionStart: (symbol: string, instant: number) => number | undefined
  readonly now: () => number
}

/**
 * Notes what of its session a symbol missed that is carried from within it on, or again: what happened while nobody asked for it.
 * What connections and processes miss is not among it.
 */
export class LateJoins {
  readonly #options: LateJoinsOptions
  #feed: Feed | undefined
  /** Symbols whose trades are asked for. */
  #planned = new Set<string>()
  /** Those of them that were not acknowledged yet. */
  #joining = new Set<string>()
  #writing = Promise.resolve()

  constructor(options: LateJoinsOptions) {
    this.#options = options
  }

  /** What a feed is asked for from now on. */
  planned(topics: Iterable<TopicName>, feed: Feed): void {
    const former = this.#feed
    const symbols = symbolsOf(topics)
    if (former && former.name !== feed.name) {
      this.#write(() => this.#left(former, [...this.#planned]))
      this.#planned = new Set()
    }
    const left = [...this.#planned].filter((symbol) => !symbols.has(symbol))
    for (const symbol of symbols) if (!this.#planned.has(symbol)) this.#joining.add(symbol)
    for (const symbol of left) this.#joining.delete(symbol)
    this.#feed = feed
    this.#planned = symbols
    if (!former) this.#write(() => this.#leftBefore(feed, symbols))
    if (left.length > 0) this.#write(() => this.#left(feed, left))
  }

  /** What the vendor has acknowledged. */
  carrying(topics: Iterable<TopicName>, feed: Feed): void {
    if (this.#joining.size === 0 || feed.name !== this.#feed?.name) return
    const joined = [...symbolsOf(topics)].filter((symbol) => this.#joining.has(symbol))
    if (joined.length === 0) return
    for (const symbol of joined) this.#joining.delete(symbol)
    const at = this.#options.now()
    this.#write(() => this.#joined(feed, joined, at))
  }

  close(): Promise<void> {
    return this.#writing
  }

  /** In order. Where Redis is away, what was missed may stand in the ledger although it was not, or not at all. */
  #write(work: () => Promise<void>): void {
    const { log } = this.#options
    this.#writing = this.#writing.then(work).catch((err: unknown) => {
      log.warn({ err }, 'since when symbols are carried could not be noted')
    })
  }

  async #joined(feed: Feed, symbols: readonly string[], at: number): Promise<void> {
    const { redis, gaps, sessionStart } = this.#options
    const key = this.#keyOf(feed)
    const marks = await redis.hmget(key, ...symbols)
    const { source, feed: label, delayMs = 0 } = feed
    const until = at - delayMs
    const missed = symbols.flatMap((symbol, index) => {
      const mark = marks[index]
      const start = sessionStart(symbol, until)
      if (mark === CARRIED || start === undefined) return []
      const from = Math.max(start, mark ? Number(mark) : 0)
      return from < until ? [{ symbol, from, until }] : []
    })
    gaps.missed({ source, feed: label, reason: 'joined_late' }, missed)
    await redis.hset(key, Object.fromEntries(symbols.map((symbol) => [symbol, CARRIED])))
    await redis.pexpire(key, KEPT_MS)
  }

  async #left(feed: Feed, symbols: readonly string[]): Promise<void> {
    if (symbols.length === 0) return
    const { redis, now } = this.#options
    const until = String(now() - (feed.delayMs ?? 0))
    await redis.hset(this.#keyOf(feed), Object.fromEntries(symbols.map((symbol) => [symbol, until])))
  }

  /** What a former owner carried, and nobody asks for any more. */
  async #leftBefore(feed: Feed, planned: ReadonlySet<string>): Promise<void> {
    const marks = await this.#options.redis.hgetall(this.#keyOf(feed))
    const carried = Object.keys(marks).filter((symbol) => marks[symbol] === CARRIED && !planned.has(symbol))
    await this.#left(feed, carried)
  }

  #keyOf = ({ name }: Feed): string => `quotewire:carried:${this.#options.name}:${name}`
}

const symbolsOf = (topics: Iterable<TopicName>): Set<string> =>
  new Set([...topics].flatMap((topic) => (streamOf(topic) === 'trades' ? [symbolOf(topic)] : [])))
