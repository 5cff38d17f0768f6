import type { JobRun } from '../src/jobs/job-run.ts'
import type { BarSeries } from '../src/market/bar.ts'
import type { Dividends, Splits } from '../src/market/corporate-action.ts'
import type { MarketNews, News } from '../src/market/news.ts'
import { learned, type Identified } from '../src/market/identity.ts'
import type { Profile } from '../src/market/profile.ts'
import type { Quote } from '../src/market/quote.ts'
import { Backlog, type BacklogOptions } from './backlog.ts'
import { isValueAtFault } from './failures.ts'
import { heapBytes } from './heap-size.ts'
import type { LastGoodEntry } from './last-good.ts'
import type { MarketSnapshot, PricePoint, SentimentPoint } from './market-history.ts'
import type { UsageCount } from './provider-usage.ts'
import type { QuarantineEntry } from './quarantine.ts'
import { takesPlace } from '../src/market/order.ts'
import type { Stores } from './stores.ts'

/** What may wait of each kind while Postgres is away: 256 MiB together. Over it the oldest of the kind go. */
const MAX_PENDING_MIB = {
  quotes: 32,
  prices: 32,
  bars: 64,
  profiles: 8,
  instruments: 8,
  news: 8,
  splits: 4,
  dividends: 8,
  usage: 2,
  quarantine: 8,
  keyUses: 4,
  snapshots: 16,
  lastGood: 48,
  sentiment: 2,
  jobRuns: 12
} as const
const BYTES_PER_BAR = 256

export type WriteQueueStats = {
  readonly pending: number
  /** What these need of memory, about. */
  readonly pendingBytes: number
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
  #rejected = 0
  #written = 0

  constructor(backlog: BacklogOptions<T>, write: Write<T>) {
    this.#backlog = new Backlog(backlog)
    this.#write = write
  }

  get stats(): WriteQueueStats {
    const { size, bytes, dropped } = this.#backlog
    return { pending: size, pendingBytes: bytes, dropped, rejected: this.#rejected, written: this.#written }
  }

  add(key: string, value: T): void {
    this.#backlog.add(key, value)
  }

  /** Writes all that waits now, batch by batch. Where the database can take no more, rejects and keeps the rest. */
  async writeOut(): Promise<Refusal[]> {
    const refusals: Refusal[] = []
    let due = this.#backlog.size
    while (due > 0) {
      const taken = this.#backlog.take()
      if (taken.length === 0) break
      due -= taken.length
      refusals.push(...(await this.#writeBatch(taken)))
    }
    return refusals
  }

  async #writeBatch(taken: T[]): Promise<Refusal[]> {
    try {
      const refused = await this.#write(taken)
      this.#written += taken.length - refused.length
      this.#rejected += refused.length
      this.#backlog.settle()
      return refused
    } catch (error) {
      this.#backlog.restore()
      throw error
    }
  }
}

export type KeyUse = { readonly keyId: string; readonly usedAt: number }
export type WriteQueues = ReturnType<typeof createWriteQueues>
export type RecordedStores = Omit<
  Stores,
  'users' | 'audit' | 'calendars' | 'partitions' | 'ticks' | 'gaps' | 'logCursors' | 'identities'
>

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
      { ...bounded('quotes'), merge: (held, quote) => (takesPlace(held, quote) ? quote : held) },
      together((values) => quotes.upsert(values))
    ),
    instruments: new WriteQueue<Identified>(
      {
        ...bounded('instruments'),
        merge: ({ symbol, ...held }, told) => ({ symbol, ...learned(held, told) })
      },
      together((values) => instruments.upsert(values))
    ),
    prices: new WriteQueue<PricePoint>(
      bounded('prices'),
      together((points) => marketHistory.addPrices(points))
    ),
    bars: new WriteQueue<BarSeries>(
      { ...bounded('bars'), bytesOf: (series) => heapBytes(series.provenance) + series.bars.length * BYTES_PER_BAR },
      oneByOne((series) => bars.upsert(series))
    ),
    profiles: new WriteQueue<Profile>(
      bounded('profiles'),
      together((values) => profiles.upsert(values))
    ),
    news: new WriteQueue<News | MarketNews>(
      bounded('news'),
      oneByOne((list) => news.upsert(list))
    ),
    splits: new WriteQueue<Splits>(
      bounded('splits'),
      oneByOne((list) => corporateActions.replaceSplits(list))
    ),
    dividends: new WriteQueue<Dividends>(
      bounded('dividends'),
      oneByOne((list) => corporateActions.replaceDividends(list))
    ),
    usage: new WriteQueue<UsageCount>(
      { ...bounded('usage'), merge: (held, more) => ({ ...held, calls: held.calls + more.calls }) },
      together((counts) => providerUsage.add(counts))
    ),
    quarantine: new WriteQueue<QuarantineEntry>(
      bounded('quarantine'),
      together((entries) => quarantine.insert(entries))
    ),
    keyUses: new WriteQueue<KeyUse>(
      bounded('keyUses'),
      together((uses) => keys.touch(new Map(uses.map(({ keyId, usedAt }) => [keyId, usedAt]))))
    ),
    snapshots: new WriteQueue<MarketSnapshot>(
      bounded('snapshots'),
      together((snapshots) => marketHistory.addSnapshots(snapshots))
    ),
    lastGood: new WriteQueue<LastGoodEntry>(
      bounded('lastGood'),
      together((entries) => stores.lastGood.upsert(entries))
    ),
    sentiment: new WriteQueue<SentimentPoint>(
      bounded('sentiment'),
      together((points) => marketHistory.addSentiment(points))
    ),
    jobRuns: new WriteQueue<JobRun>(
      bounded('jobRuns'),
      together((runs) => jobRuns.upsert(runs))
    )
  }
}

const bounded = (kind: keyof typeof MAX_PENDING_MIB) => ({
  maxBytes: MAX_PENDING_MIB[kind] * 2 ** 20,
  bytesOf: heapBytes
})

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
