import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Recorder } from '../db/recorder.ts'
import type { Stores } from '../db/stores.ts'
import type { Config } from '../src/config/config.ts'
import type { CalendarKeeper } from '../src/exchange-calendars.ts'
import type { JobName, Payload } from '../src/jobs/catalog.ts'
import type { Leases } from '../src/demand/leases.ts'
import type { Popularity } from '../src/demand/popularity.ts'
import type { Intake } from '../src/intake/intake.ts'
import type { JobQueues } from '../src/jobs/queue.ts'
import type { EventLog } from '../src/log/log.ts'
import type { TopicName } from '../src/market/event.ts'
import type { MarketData } from '../src/market/market-data.ts'
import type { SessionClock } from '../src/market/session-clock.ts'
import type { Metrics } from '../src/metrics/metrics.ts'
import type { Histories } from './backfill/histories.ts'

/** What jobs work with. */
export type JobContext = {
  readonly config: Config
  readonly marketData: MarketData
  readonly popularity: Pick<Popularity, 'top'>
  /** What each user is subscribed to now, by user id: nothing is wanted more. */
  readonly wantedByUser: () => Promise<ReadonlyMap<string, ReadonlySet<TopicName>>>
  /** What a stream brings now: that need not be asked for. */
  readonly carriedTopics: () => Promise<ReadonlySet<TopicName>>
  /** What this process wants kept warm. */
  readonly leases: Pick<Leases, 'keepWarm'>
  readonly stores: Stores
  /** What vendors sell of what their streams told. */
  readonly histories: Pick<Histories, 'all'>
  readonly eventLog: EventLog
  readonly intake: Pick<Intake, 'accept'>
  /** Shared with all processes; fails fast. */
  readonly redis: Redis
  readonly recorder: Pick<Recorder, 'flush'>
  readonly clock: SessionClock
  readonly calendars: Pick<CalendarKeeper, 'reload'>
  readonly queues: Pick<JobQueues, 'queues' | 'intervalOf'>
  readonly metrics: Pick<Metrics, 'barDiffered'>
  readonly log: Logger
  readonly now: () => number
}

/** One try of a task. */
export type Run = {
  /** Aborted when the run takes too long or its worker stops. */
  readonly signal: AbortSignal
  /** When the task was due, epoch ms. */
  readonly dueAt: number
  /** After which time its schedule brings the next one; undefined where somebody asked for the task. */
  readonly everyMs: number | undefined
  /** What an earlier try of the same task reported last. */
  readonly earlierProgress: unknown
  progress(value: object): Promise<void>
}

/** What a run came to. `failures` are items that could not be done although the run as a whole went on. */
export type Report = {
  readonly items: number
  readonly failures: number
  readonly note?: string
  /** There was nothing to do, or no budget for it. */
  readonly isSkipped?: true
}

/**
 * The work of a job. It must be safe to do again: a worker may die in the middle. Rejects where the task shall be tried
 * again.
 */
export type Handler<Name extends JobName> = (payload: Payload<Name>, context: JobContext, run: Run) => Promise<Report>

export const skipped = (note: string): Report => ({ items: 0, failures: 0, note, isSkipped: true })
