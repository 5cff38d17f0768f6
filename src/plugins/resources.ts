import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Recorder } from '../../db/recorder.ts'
import type { Stores } from '../../db/stores.ts'
import type { Config } from '../config/config.ts'
import type { DataFreshness } from '../market/data-freshness.ts'
import type { JobAdministration } from '../jobs/administration.ts'
import type { JobQueues } from '../jobs/queue.ts'
import type { FeedDrills } from '../demand/feed-drills.ts'
import type { Popularity } from '../demand/popularity.ts'
import type { Intake } from '../intake/intake.ts'
import type { StalePublisher } from '../intake/stale-publisher.ts'
import type { EventLog } from '../log/log.ts'
import type { Archive } from '../market/archive.ts'
import type { DependencyChecks } from '../market/dependency.ts'
import type { MarketData } from '../market/market-data.ts'
import type { Stocks } from '../market/stock.ts'
import type { SessionClock } from '../market/session-clock.ts'
import type { StreamReport } from '../market/stream-report.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** What the API works with; opened and closed by the process that builds it. */
export type Resources = {
  readonly config: Config
  readonly log: Logger
  /** Fails fast; holds limits and revocations for all processes. */
  readonly redis: Redis
  readonly marketData: MarketData
  readonly archive: Archive
  readonly stocks: Stocks
  /** See Core. */
  readonly streamReports: () => Promise<StreamReport[]>
  readonly feedDrills: FeedDrills
  readonly stores: Pick<Stores, 'users' | 'keys' | 'audit' | 'tape'>
  readonly recorder: Pick<Recorder, 'keyUsed'>
  readonly jobs: JobAdministration
  readonly queues: Pick<JobQueues, 'queues'>
  readonly popularity: Pick<Popularity, 'countFollowed'>
  readonly clock: SessionClock
  /** What the live side follows. */
  readonly eventLog: EventLog
  readonly intake: Intake
  readonly stalePublisher: StalePublisher
  readonly freshness: DataFreshness
  readonly metrics: Metrics
  /** Each rejects when its dependency does not answer. */
  readonly dependencies: DependencyChecks
}

declare module 'fastify' {
  interface FastifyInstance extends Pick<
    Resources,
    | 'marketData'
    | 'archive'
    | 'stocks'
    | 'streamReports'
    | 'feedDrills'
    | 'stores'
    | 'recorder'
    | 'jobs'
    | 'freshness'
    | 'metrics'
    | 'dependencies'
  > {}
}

/** Hands the routes what they work with. */
export const resources = fp<Resources>(
  async (
    app,
    { marketData, archive, stocks, streamReports, feedDrills, stores, recorder, jobs, freshness, metrics, dependencies }
  ) => {
    app.decorate('marketData', marketData)
    app.decorate('archive', archive)
    app.decorate('stocks', stocks)
    app.decorate('streamReports', streamReports)
    app.decorate('feedDrills', feedDrills)
    app.decorate('stores', stores)
    app.decorate('recorder', recorder)
    app.decorate('jobs', jobs)
    app.decorate('freshness', freshness)
    app.decorate('metrics', metrics)
    app.decorate('dependencies', dependencies)
  },
  { name: 'resources' }
)
