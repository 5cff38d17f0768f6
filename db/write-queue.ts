import type { JobRun } from '../src/jobs/job-run.ts'
import type { BarSeries } from '../src/market/bar.ts'
import type { Dividends, Splits } from '../src/market/corporate-action.ts'
import type { News } from '../src/market/news.ts'
import { learned, type Identified } from '../src/market/identity.ts'
import type { Profile } from '../src/market/profile.ts'
import type { Quote } from '../src/market/quote.ts'
import { Backlog, type BacklogOptions } from './backlog.ts'
import { isValueAtFault } from './failures.ts'
import type { MarketSnapshot, PricePoint, SentimentPoint } from './market-history.ts'
import type { UsageCount } from './provider-usage.ts'
import type { QuarantineEntry } from './quarantine.ts'
import { supersedes } from '../src/market/order.ts'
import type { Stores } from './stores.ts'

const MAX_PENDING_QUOTES = 20_000
const MAX_PENDING_BARS = 500_000
const MAX_PENDING_PROFILES = 5_000
const MAX_PENDING_INSTRUMENTS = 20_000
const MAX_PENDING_STORIES = 20_000
const MAX_PENDING_ACTION_LISTS = 5_000
const MAX_PENDING_USAGE_COUNTS = 5_000
const MAX_PENDING_QUARANTINE_ENTRIES = 5_000
const MAX_PENDING_KEY_USES = 20_000
const MAX_PENDING_PRICES = 100_000
const MAX_PENDING_SNAPSHOTS = 500
const MAX_PENDING_SENTIMENT_POINTS = 500
const MAX_PENDING_JOB_RUNS = 5_000

export type WriteQueueStats = {
  readonly pending: number
  /** Gave way to newer values because too many waited. */
  readonly dropped: number
  /** Refused by the database: a value that breaks a constraint would be refused for ever. */
  readonly rejected: number
  readonly written: number
}

export type Refusal = { readonly error: unknown }

/** Writes values and returns an entry for each that the database refuses. Rejects where it can take none now. */
type Write<T> = (values: T[]) => Promise<Refusal[]>

/** The values of one kind that wait, and how they are written. */
export class WriteQueue<T> {
  readonly #backlog: Backlog<T>
  readonly #write: Write<T>
  #inFlight = 0
  #rejected = 0
  #written = 0

  constructor(backlog: BacklogOptions<T>, write: Write<T>) {
    this.#backlog = new Backlog(backlog)
    this.#write = write
  }

  get weight(): number {
    return this.#backlog.weight
  }

  get stats(): WriteQueueStats {
    const { size, dropped } = this.#backlog
    return { pending: size + this.#inFlight, dropped, rejected: this.#rejected, written: this.#written }
  }

  add(key: string, value: T): void {
    this.#backlog.add(key, value)
  }

  /** Writes all that waits. Where the database can take none now, rejects and keeps everything. */
  async writeOut(): Promise<Refusal[]> {
    const taken = this.#backlog.take()
    if (taken.size === 0) return []
    this.#inFlight = taken.size
    try {
      const refused = await this.#write([...taken.values()])
      this.#written += taken.size - refused.length
      this.#rejected += refused.length
      return refused
    } catch (error) {
      this.#backlog.restore(taken)
      throw error
    } finally {
      this.#inFlight = 0
    }
  }
}

export type KeyUse = { readonly keyId: string; readonly usedAt: number }
export type WriteQueues = ReturnType<typeof createWriteQueues>
export type RecordedStores = Omit<Stores, 'users' | 'audit' | 'calendars' | 'partitions'>

export function createWriteQueues(stores: RecordedStores) {
  const {
    quotes,
    instruments,
    bars,
    profiles,
    news,
    corporateActions,
    providerUsage,
    quarantine,
    keys,
    marketHistory,
    jobRuns
  } = stores
  return {
    quotes: new WriteQueue<Quote>(
      { maxWeight: MAX_PENDING_QUOTES, merge: (held, quote) => (supersedes(quote, held) ? held : quote) },
      together((values) => quotes.upsert(values))
    ),
    instruments: new WriteQueue<Identified>(
      {
        maxWeight: MAX_PENDING_INSTRUMENTS,
        merge: ({ symbol, ...held }, told) => ({ symbol, ...learned(held, told) })
      },
      together((values) => instruments.upsert(values))
    ),
    prices: new WriteQueue<PricePoint>(
      { maxWeight: MAX_PENDING_PRICES },
      together((points) => marketHistory.addPrices(points))
    ),
    bars: new WriteQueue<BarSeries>(
      { maxWeight: MAX_PENDING_BARS, weightOf: (series) => Math.max(1, series.bars.length) },
      oneByOne((series) => bars.upsert(series))
    ),
    profiles: new WriteQueue<Profile>(
      { maxWeight: MAX_PENDING_PROFILES },
      together((values) => profiles.upsert(values))
    ),
    news: new WriteQueue<News>(
      { maxWeight: MAX_PENDING_STORIES, weightOf: ({ items }) => Math.max(1, items.length) },
      oneByOne((list) => news.upsert(list))
    ),
    splits: new WriteQueue<Splits>(
      { maxWeight: MAX_PENDING_ACTION_LISTS },
      oneByOne((list) => corporateActions.replaceSplits(list))
    ),
    dividends: new WriteQueue<Dividends>(
      { maxWeight: MAX_PENDING_ACTION_LISTS },
      oneByOne((list) => corporateActions.replaceDividends(list))
    ),
    usage: new WriteQueue<UsageCount>(
      {
        maxWeight: MAX_PENDING_USAGE_COUNTS,
        merge: (held, more) => ({ ...held, calls: held.calls + more.calls })
      },
      together((counts) => providerUsage.add(counts))
    ),
    quarantine: new WriteQueue<QuarantineEntry>(
      { maxWeight: MAX_PENDING_QUARANTINE_ENTRIES },
      together((entries) => quarantine.insert(entries))
    ),
    keyUses: new WriteQueue<KeyUse>(
      { maxWeight: MAX_PENDING_KEY_USES },
      together((uses) => keys.touch(new Map(uses.map(({ keyId, usedAt }) => [keyId, usedAt]))))
    ),
    snapshots: new WriteQueue<MarketSnapshot>(
      { maxWeight: MAX_PENDING_SNAPSHOTS },
      together((snapshots) => marketHistory.addSnapshots(snapshots))
    ),
    sentiment: new WriteQueue<SentimentPoint>(
      { maxWeight: MAX_PENDING_SENTIMENT_POINTS },
      together((points) => marketHistory.addSentiment(points))
    ),
    jobRuns: new WriteQueue<JobRun>(
      { maxWeight: MAX_PENDING_JOB_RUNS },
      together((runs) => jobRuns.upsert(runs))
    )
  }
}

/** One statement for all; where a value is at fault, halves it until that value stands alone. */
function together<T>(write: (values: T[]) => Promise<unknown>): Write<T> {
  return async function writeApart(values): Promise<Refusal[]> {
    try {
      await write(values)
      return []
    } catch (error) {
      if (!isValueAtFault(error)) throw error
      if (values.length === 1) return [{ error }]
      const middle = values.length >> 1
      return [...(await writeApart(values.slice(0, middle))), ...(await writeApart(values.slice(middle)))]
    }
  }
}

/** For writes that are a transaction each and may be repeated. */
function oneByOne<T>(write: (value: T) => Promise<unknown>): Write<T> {
  return async (values) => {
    const refused: Refusal[] = []
    for (const value of values) {
      try {
        await write(value)
      } catch (error) {
        if (!isValueAtFault(error)) throw error
        refused.push({ error })
      }
    }
    return refused
  }
}
