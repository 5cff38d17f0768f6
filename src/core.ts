import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { createDatabase, type Database } from '../db/client.ts'
import { claimMarket } from '../db/migrate.ts'
import { PERSIST } from '../db/log-cursors.ts'
import { createRecorder, type Recorder } from '../db/recorder.ts'
import { watchReplica } from '../db/replica.ts'
import { createLastGood, createStores, type Stores } from '../db/stores.ts'
import { TieredCache } from './cache/tiered-cache.ts'
import { createStocks } from './market-data/stocks.ts'
import { createArchive } from './market-data/archive.ts'
import { createCachedMarket } from './market-data/cached-market.ts'
import { replicatedArchive } from './market-data/replicated-archive.ts'
import { Underlyings } from './market-data/underlyings.ts'
import { withIdentities } from './market-data/identities.ts'
import type { Config } from './config/config.ts'
import { openEventLog } from './event-log.ts'
import { createCalendarKeeper, isAlwaysOpen, type CalendarKeeper } from './exchange-calendars.ts'
import { recordEvent } from './intake/event-records.ts'
import { createIntake, type Intake } from './intake/intake.ts'
import { LiveGreeks } from './intake/live-greeks.ts'
import { createStalePublisher, type StalePublisher } from './intake/stale-publisher.ts'
import { createGateway, type Gateway, type GatewayEvents } from './gateway/gateway.ts'
import { KnownSymbols } from './gateway/near-matches.ts'
import { carriedTopics } from './demand/answers.ts'
import { wantedByUser } from './demand/leases.ts'
import { FeedDrills } from './demand/feed-drills.ts'
import { streamReports } from './demand/stream-reports.ts'
import { countingRequests, Popularity } from './demand/popularity.ts'
import { createJobAdministration, type JobAdministration } from './jobs/administration.ts'
import { createJobQueues, type JobQueues } from './jobs/queue.ts'
import type { EventLog } from './log/log.ts'
import type { Archive } from './market/archive.ts'
import { ALWAYS_OPEN } from './market/calendars.ts'
import type { DependencyChecks } from './market/dependency.ts'
import type { TopicName } from './market/event.ts'
import type { MarketData } from './market/market-data.ts'
import type { Stocks } from './market/stock.ts'
import type { SessionClock } from './market/session-clock.ts'
import type { StreamReport } from './market/stream-report.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import { connectFailFast } from './redis/connections.ts'
import { readySingleServer, serviceUrls } from './services.ts'
import { createUserShare } from './gateway/user-share.ts'
import type { Vendors } from './vendors.ts'

/** What every process that serves or refreshes market data is made of. */
export type Core = {
  readonly marketData: MarketData
  /** What streamed options are on. */
  readonly underlyings: Underlyings
  /** What is stored of it. */
  readonly archive: Archive
  readonly stocks: Stocks
  readonly gateway: Gateway
  readonly recorder: Recorder
  readonly stores: Stores
  readonly clock: SessionClock
  readonly calendars: CalendarKeeper
  readonly popularity: Popularity
  /** What each user is subscribed to now, by user id, in any process. Rejects while Redis is away. */
  readonly wantedByUser: () => Promise<ReadonlyMap<string, ReadonlySet<TopicName>>>
  /** What a stream brings now. Rejects while Redis is away. */
  readonly carriedTopics: () => Promise<ReadonlySet<TopicName>>
  /** What vendors' streams do now, in any process. Rejects while Redis is away. */
  readonly streamReports: () => Promise<StreamReport[]>
  readonly feedDrills: FeedDrills
  /** Every change of a value, for who follows it live. */
  readonly eventLog: EventLog
  /** The one entrance of events into the log. */
  readonly intake: Intake
  /** Tells who follows values live that one is no longer to be trusted. */
  readonly stalePublisher: StalePublisher
  readonly queues: JobQueues
  readonly jobs: JobAdministration
  readonly metrics: Metrics
  /** Budgets, breakers, limits and revocations, for all processes; fails fast. */
  readonly redis: Redis
  /** Each rejects when what it is named after does not answer. */
  readonly dependencies: DependencyChecks
  /** Stops in reverse order: questions to vendors, then what waits to be written, then connections. Takes the vendors along. */
  close(): Promise<void>
}

export type CoreOptions = {
  config: Config
  log: Logger
  vendors: Vendors
  /** What the calendars are kept in, and the vendors were told of. */
  clock: SessionClock
  /** A standby of Postgres that answers what is read of stored data, by its URL. */
  replicaUrl?: string | undefined
}

/**
 * Connects to Postgres and Redis and puts its parts together. Rejects, saying what to do, where a service is not
 * configured or does not answer, and where the database belongs to the other market.
 */
export async function createCore({ config, log, vendors, clock, replicaUrl }: CoreOptions): Promise<Core> {
  const { databaseUrl, redisUrl, cacheUrl, logUrl } = serviceUrls(config)
  const closers: (() => unknown)[] = [() => vendors.close()]
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    const database = createDatabase({ url: databaseUrl })
    closers.push(() => database.close())
    const redis = connectFailFast(redisUrl)
    closers.push(() => redis.disconnect())
    const cacheRedis = cacheUrl === redisUrl ? redis : connectFailFast(cacheUrl)
    closers.push(() => cacheRedis.disconnect())
    const logRedis = logUrl === redisUrl ? redis : connectFailFast(logUrl)
    closers.push(() => logRedis.disconnect())
    await Promise.all([
      readySingleServer(redis, 'REDIS_URL'),
      readySingleServer(logRedis, 'LOG_REDIS_URL'),
      readySingleServer(cacheRedis, 'REDIS_CACHE_URL'),
      claimMarket(database.sql, config.MARKET)
    ])

    const stores = createStores(database)
    const recorder = createRecorder({ stores, log })
    closers.push(() => recorder.close())
    const { eventLog, dependencies: ofLog } = await openEventLog({ config, log, redis: () => logRedis })
    closers.push(() => eventLog.close())
    const metrics = createMetrics()
    // What operators change of real calendars is not to close a simulated market.
    const calendarStore = isAlwaysOpen(config) ? { list: async () => [...ALWAYS_OPEN] } : stores.calendars
    const calendars = createCalendarKeeper({ store: calendarStore, clock, log })
    closers.push(() => calendars.close())
    await calendars.reload()
    const knownSymbols = new KnownSymbols(await stores.quotes.symbols())
    const riskFreeRate = config.RISK_FREE_RATE_PERCENT / 100
    const underlyings = new Underlyings({ marketData: () => cachedMarket })
    const intake = createIntake({
      eventLog,
      log,
      quoteIntervalMs: config.QUOTE_INTERVAL_MS,
      hoursOf: clock.hoursOf,
      greeks: new LiveGreeks({ clock, riskFreeRate, underlying: (symbol) => underlyings.of(symbol) }),
      record(event) {
        if (event.type === 'quote_update') {
          knownSymbols.add(event.data.symbol)
          underlyings.saw(event.data.quote)
        }
        recordEvent(event, recorder)
      }
    })
    closers.push(() => intake.close())
    const stalePublisher = createStalePublisher({ redis, intake, log })
    closers.push(() => stalePublisher.close())
    const userSharePercent = createUserShare({
      percent: config.USER_BUDGET_SHARE_PERCENT,
      // An outside issuer's users stand in no table of ours.
      count: async () => (config.JWKS_URL ? Infinity : stores.users.count())
    })
    const gateway = createGateway({
      ...vendors,
      plans: config.providers,
      order: config.order,
      redis,
      reservePercent: config.INTERACTIVE_RESERVE_PERCENT,
      userSharePercent,
      upstreamTimeoutMs: config.UPSTREAM_TIMEOUT_MS,
      requestDeadlineMs: config.REQUEST_DEADLINE_MS,
      divergencePercent: config.DIVERGENCE_PERCENT,
      market: config.MARKET,
      hoursOf: (symbol) => clock.hoursOf(symbol),
      events: gatewayEvents(recorder, metrics),
      log
    })
    closers.push(() => gateway.close())
    const cache = new TieredCache({ redis: cacheRedis, log })
    closers.push(() => cache.close())
    const popularity = new Popularity({ redis, log, exists: (symbol) => knownSymbols.has(symbol) })
    closers.push(() => popularity.close())
    const cachedMarket = createCachedMarket({
      gateway: withIdentities(gateway, (symbols) => stores.identities.find(symbols)),
      listedOptions: {
        expiries: (underlying) => stores.directory.optionExpiries(underlying),
        contracts: (underlying, expiry) => stores.directory.options(underlying, expiry)
      },
      cache,
      clock,
      accept: (event) => intake.accept(event),
      recorder,
      suggest: (symbol) => knownSymbols.near(symbol),
      lastGood: createLastGood(stores),
      onExpired: (event, receivedAt) => stalePublisher.expired(event, receivedAt),
      quoteRefreshMs: config.quoteRefreshMs,
      riskFreeRate,
      requestDeadlineMs: config.REQUEST_DEADLINE_MS
    })
    const marketData = countingRequests(cachedMarket, popularity)
    const archiveOf = (read: Stores) =>
      createArchive({
        stores: { ...read, written: () => read.logCursors.list(PERSIST) },
        eventLog,
        clock,
        near(symbol, stored) {
          for (const each of stored) knownSymbols.add(each)
          return knownSymbols.near(symbol)
        }
      })
    const primary = archiveOf(stores)
    const replica = replicaUrl === undefined ? undefined : openReplica(replicaUrl, { primary: database, log })
    if (replica) closers.push(() => replica.close())
    const archive = replica
      ? replicatedArchive({ primary, replica: archiveOf(createStores(replica.database)), keepsUp: replica.keepsUp })
      : primary
    const stocks = createStocks({ stores, cache, marketData, clock })
    const queues = createJobQueues({
      redis,
      settings: config,
      onError: (err) => log.debug({ err }, 'the queues are out of reach')
    })
    closers.push(() => queues.close())
    const jobs = createJobAdministration(queues, stores.jobRuns)
    const hasOwnServer = config.kafka !== undefined || logRedis !== redis
    const dependencies = {
      ...dependenciesOf(database, { redis, cacheRedis }),
      ...(replica && { postgresReplica: replica.check }),
      ...(hasOwnServer && ofLog)
    }
    metrics.watch({ marketData, recorder, eventLog, dependencies })

    return {
      marketData,
      underlyings,
      archive,
      stocks,
      gateway,
      recorder,
      stores,
      clock,
      calendars,
      popularity,
      wantedByUser: () => wantedByUser(redis),
      carriedTopics: () => carriedTopics(redis),
      streamReports: () => streamReports(redis),
      feedDrills: new FeedDrills(redis),
      eventLog,
      intake,
      stalePublisher,
      queues,
      jobs,
      metrics,
      redis,
      dependencies,
      close
    }
  } catch (error) {
    await close()
    throw error
  }
}

function gatewayEvents(recorder: Recorder, metrics: Metrics): GatewayEvents {
  return {
    call(provider, capability, outcome, durationMs) {
      metrics.providerCalled(provider, capability, outcome, durationMs)
      recorder.usage({ provider, capability, outcome })
    },
    quarantined({ symbol, provider, rule, severity, quote }) {
      metrics.quarantined(provider, rule, severity)
      recorder.quarantine({ symbol, provider, rule, severity, value: quote })
    },
    diverged: ({ percent }) => metrics.diverged(percent)
  }
}

function openReplica(url: string, options: { readonly primary: Database; readonly log: Logger }) {
  const database = createDatabase({ url })
  const watched = watchReplica({ ...options, replica: database })
  return {
    ...watched,
    database,
    async close() {
      await watched.close()
      await database.close()
    }
  }
}

type Redises = { readonly redis: Redis; readonly cacheRedis: Redis }

function dependenciesOf(database: Database, { redis, cacheRedis }: Redises): Core['dependencies'] {
  return {
    postgres: () => database.ping(),
    redis: () => redis.ping(),
    ...(cacheRedis !== redis && { redisCache: () => cacheRedis.ping() })
  }
}
