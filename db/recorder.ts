import { setTimeout as delay } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { JobRun } from '../src/jobs/job-run.ts'
import type { BarSeries } from '../src/market/bar.ts'
import type { Dividends, Splits } from '../src/market/corporate-action.ts'
import type { Indices, Movers } from '../src/market/market-wide.ts'
import type { MarketNews, News } from '../src/market/news.ts'
import { identityIn, type Identified } from '../src/market/identity.ts'
import type { Profile } from '../src/market/profile.ts'
import type { Quote } from '../src/market/quote.ts'
import { isoOf } from '../src/market/time.ts'
import { withTimeout } from '../src/timeout.ts'
import { keyOfRun } from './job-runs.ts'
import {
  createWriteQueues,
  type WriteQueue,
  type WriteQueues,
  type WriteQueueStats,
  type RecordedStores
} from './write-queue.ts'
import { keyOfPrice, pricePointsOf, type MarketSnapshot, type SentimentPoint } from './market-history.ts'
import type { UsageCount } from './provider-usage.ts'
import type { QuarantineEntry } from './quarantine.ts'

/** So much of one kind is written at once instead of at the next interval. */
const LARGE_BATCH_BYTES = 2 * 2 ** 20
/** Instruments whose facts were recorded lately: the same again is not written again. */
const MAX_KNOWN_INSTRUMENTS = 20_000
/** Quotes that are composed of ticks change all the time; where they come from, others write down all there is of them. */
const STREAMED_FLUSH_MS = 5000
/** Of those so many, and this part, are made into rows at once: more would keep the ticks of others waiting. */
const MIN_STREAMED_AT_ONCE = 50
const STREAMED_PARTS = 20
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 10_000

export type RecorderOptions = {
  readonly stores: RecordedStores
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** How long a value waits for others to be written with it. */
  readonly flushMs?: number
  readonly now?: () => number
}

export type RecorderStats = {
  readonly kinds: Readonly<Record<keyof WriteQueues, WriteQueueStats>>
  /** Since when Postgres takes nothing, epoch ms; undefined while it does. */
  readonly awaySince: number | undefined
}

export type Recorder = ReturnType<typeof createRecorder>

/**
 * Takes values as they arrive and writes them to Postgres behind the caller's back: nothing waits or throws here but
 * `flush` and `close`. Of several values of one key the newest is written. While Postgres is away values are kept, up
 * to the limits of their queues, and tried again; a usage count may be doubled if it goes away between a write and its
 * answer.
 */
export function createRecorder({ stores, log, flushMs = 250, now = Date.now }: RecorderOptions) {
  const queues = createWriteQueues(stores)
  const known = new LRUCache<string, string>({ max: MAX_KNOWN_INSTRUMENTS })
  /** Oldest first: since when (ms, as `performance.now` counts) each waits to be written. */
  const streamed = new Map<string, { quote: Quote; since: number }>()
  let appointment: { timer: NodeJS.Timeout; afterMs: number } | undefined
  let running: Promise<void> | undefined
  let afterRunMs: number | undefined
  let outage: { since: number; retryMs: number } | undefined
  let isClosed = false
  let serial = 0

  function record<T>(queue: WriteQueue<T>, key: string, value: T): void {
    if (isClosed) return
    queue.add(key, value)
    scheduleNext(queue.stats.pendingBytes >= LARGE_BATCH_BYTES ? 0 : flushMs)
  }

  /** What comes while others are written has its time from then on. */
  function scheduleNext(afterMs: number): void {
    if (running) afterRunMs = Math.min(afterRunMs ?? Infinity, afterMs)
    else schedule(afterMs)
  }

  /** What a value tells of its instrument. A doubted quote may be another instrument's. */
  function instrument(value: Identified & Partial<Pick<Quote, 'provenance'>>): void {
    if (value.provenance?.state === 'suspect') return
    const identity = identityIn(value)
    const told = JSON.stringify(identity)
    if (told === '{}' || known.get(value.symbol) === told) return
    known.set(value.symbol, told)
    record(queues.instruments, value.symbol, { symbol: value.symbol, ...identity })
  }

  /** A write that is due earlier stands; during an outage its own pace counts. */
  function schedule(wantedMs: number): void {
    const afterMs = outage?.retryMs ?? wantedMs
    if (isClosed || (appointment && appointment.afterMs <= afterMs)) return
    clearTimeout(appointment?.timer)
    appointment = { timer: setTimeout(() => void writeAll(), afterMs).unref(), afterMs }
  }

  /** Thousands change several times a second: they become values that wait when they are written. */
  function takeStreamed(atMost: number, since: number): void {
    let left = atMost
    for (const [symbol, waiting] of streamed) {
      if (left-- <= 0 || waiting.since > since) return
      streamed.delete(symbol)
      queues.quotes.add(symbol, waiting.quote)
      instrument(waiting.quote)
    }
  }

  function takeDueStreamed(): void {
    const atMost = Math.max(MIN_STREAMED_AT_ONCE, Math.ceil(streamed.size / STREAMED_PARTS))
    takeStreamed(atMost, performance.now() - STREAMED_FLUSH_MS)
  }

  /** Infinity where nothing waits. */
  function nextWriteMs(): number {
    if (waitingCount() > 0) return flushMs
    const [oldest] = streamed.values()
    return oldest ? Math.max(flushMs, oldest.since + STREAMED_FLUSH_MS - performance.now()) : Infinity
  }

  function writeAll(): Promise<void> {
    if (!running) takeDueStreamed()
    clearTimeout(appointment?.timer)
    appointment = undefined
    running ??= writeLanes().finally(() => {
      running = undefined
      const afterMs = Math.min(afterRunMs ?? Infinity, nextWriteMs())
      afterRunMs = undefined
      if (afterMs < Infinity) schedule(afterMs)
    })
    return running
  }

  async function writeLanes(): Promise<void> {
    try {
      for (const [kind, queue] of Object.entries(queues)) {
        if (queue.stats.pending === 0) continue
        for (const { error } of await queue.writeOut()) log.error({ err: error, kind }, 'Postgres refuses a value')
        noteReturn()
      }
    } catch (error) {
      noteOutage(error)
    }
  }

  function noteOutage(error: unknown): void {
    if (!outage) log.warn({ err: error, pending: pendingCount() }, 'Postgres takes no values; they are kept')
    const retryMs = outage ? Math.min(outage.retryMs * 2, MAX_RETRY_MS) : FIRST_RETRY_MS
    outage = { since: outage?.since ?? now(), retryMs }
  }

  function noteReturn(): void {
    if (outage) log.info({ awayMs: now() - outage.since }, 'Postgres takes values again')
    outage = undefined
  }

  const waitingCount = () => Object.values(queues).reduce((sum, queue) => sum + queue.stats.pending, 0)
  const pendingCount = () => waitingCount() + streamed.size

  /** Writes what waits now, whatever the pace. False where Postgres did not take it all. */
  async function flush(): Promise<boolean> {
    await running
    takeStreamed(Infinity, Infinity)
    await writeAll()
    return pendingCount() === 0
  }

  return {
    /** The newest of each symbol, every price into the history, and what the quote tells of its instrument. */
    quote(quote: Quote): void {
      record(queues.quotes, quote.symbol, quote)
      instrument(quote)
      for (const point of pricePointsOf(quote)) record(queues.prices, keyOfPrice(point), point)
    },
    /** The newest of each symbol that is streamed, and what it tells of its instrument; its ticks are its history. */
    streamedQuote(quote: Quote): void {
      if (isClosed) return
      const waiting = streamed.get(quote.symbol)
      if (waiting) waiting.quote = quote
      else streamed.set(quote.symbol, { quote, since: performance.now() })
      scheduleNext(STREAMED_FLUSH_MS)
    },
    bars: (series: BarSeries) => record(queues.bars, keyOfSeries(series), series),
    profile(profile: Profile): void {
      record(queues.profiles, profile.symbol, profile)
      instrument(profile)
    },
    news: (news: News | MarketNews) => record(queues.news, String(serial++), news),
    splits: (splits: Splits) => record(queues.splits, splits.symbol, splits),
    dividends: (dividends: Dividends) => record(queues.dividends, dividends.symbol, dividends),
    /** Counts an upstream call, on the UTC day that it is now. */
    usage({ provider, capability, outcome }: Pick<UsageCount, 'provider' | 'capability' | 'outcome'>): void {
      const day = new Date(now()).toISOString().slice(0, 10)
      const count = { provider, day, capability, outcome, calls: 1 }
      record(queues.usage, `${day} ${provider} ${capability} ${outcome}`, count)
    },
    quarantine: (entry: Omit<QuarantineEntry, 'at'>) =>
      record(queues.quarantine, String(serial++), { ...entry, at: isoOf(now()) }),
    /** Notes that an API key is used now. */
    keyUsed: (keyId: string) => record(queues.keyUses, keyId, { keyId, usedAt: now() }),
    snapshot(snapshot: MarketSnapshot): void {
      record(queues.snapshots, `${snapshot.kind} ${snapshot.at} ${snapshot.source}`, snapshot)
      for (const row of listedIn(snapshot)) instrument(row)
    },
    /** What has no table of its own. Its text is made here: what waits is as long as what is written. */
    lastGood: ({ key, receivedAt, value }: { key: string; receivedAt: string; value: unknown }) =>
      record(queues.lastGood, key, { key, receivedAt, text: JSON.stringify(value) }),
    sentiment: (point: SentimentPoint) => record(queues.sentiment, point.at, point),
    /** The start of a run, or its end: of both the later note is kept. */
    jobRun: (run: JobRun) => record(queues.jobRuns, keyOfRun(run), run),

    flush,

    /** Takes no more values and writes those that wait, trying until the deadline. Logs what it could not write. */
    async close(deadlineMs = 5_000): Promise<void> {
      takeStreamed(Infinity, Infinity)
      isClosed = true
      const deadline = new AbortController()
      await withTimeout(drain(deadline.signal), deadlineMs, () => deadline.abort())
      deadline.abort()
      const unwritten = pendingCount()
      if (unwritten > 0) log.error({ unwritten }, 'Stopped before Postgres took all values')
    },

    get stats(): RecorderStats {
      const kinds = Object.fromEntries(Object.entries(queues).map(([kind, queue]) => [kind, queue.stats]))
      return { kinds: kinds as Record<keyof WriteQueues, WriteQueueStats>, awaySince: outage?.since }
    }
  }

  async function drain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await flush())) await delay(flushMs, undefined, { signal }).catch(() => undefined)
  }
}

/** Lists of indices and movers name instruments of which nothing else is known. */
function listedIn({ kind, value }: MarketSnapshot): readonly Identified[] {
  if (kind === 'indices') return (value as Partial<Indices>).indices ?? []
  return kind.startsWith('movers:') ? ((value as Partial<Movers>).movers ?? []) : []
}

/** Ranges of one series are written one after another: a short range must not stand for a long one. */
function keyOfSeries({ symbol, interval, adjusted, provenance, bars }: BarSeries): string {
  return [symbol, interval, adjusted, provenance.source, bars[0]?.start, bars.at(-1)?.start].join(' ')
}
