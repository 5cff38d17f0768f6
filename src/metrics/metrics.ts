import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'
import type { DataFreshness } from '../market/data-freshness.ts'
import { createCacheGauges, type CacheSource } from './cache-gauges.ts'
import { createDependencyGauge } from './dependency-gauge.ts'
import { createFreshnessGauges } from './freshness-gauges.ts'
import { createGapGauges, type GapSource } from './gap-gauges.ts'
import { createLiveGauges, createSocketIoGauges, renderLag } from './live-gauges.ts'
import type { LiveSource, SocketIoSource } from './live-gauges.ts'
import { createLogGauges, type LogSource } from './log-gauges.ts'
import { createPersistGauges, type PersistStats } from './persist-gauges.ts'
import type { DependencyChecks } from '../market/dependency.ts'
import { createProviderGauges, type ProviderSource } from './provider-gauges.ts'
import { createQueueGauges, type QueueSource } from './queue-gauges.ts'
import { createRecorderGauges, type RecorderSource } from './recorder-gauges.ts'
import { renderRequests, type RouteLatency } from './request-histogram.ts'
import { createStreamGauges, type StreamSources } from './stream-gauges.ts'

const UPSTREAM_BOUNDS_SECONDS = [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2, 5]
const JOB_BOUNDS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800]

/** What a process can be asked for when it is scraped; each part is optional, because processes differ. */
export type MetricSources = {
  marketData?: CacheSource & ProviderSource
  recorder?: RecorderSource
  jobs?: QueueSource
  eventLog?: LogSource
  persist?: PersistStats
  gaps?: GapSource
  live?: LiveSource
  socketIo?: SocketIoSource
  streams?: StreamSources
  dependencies?: DependencyChecks
  freshness?: DataFreshness
  routes?: Iterable<RouteLatency>
}

export type Metrics = {
  readonly contentType: string
  /** Adds to what is asked when scraped. */
  watch(sources: MetricSources): void
  providerCalled(provider: string, capability: string, outcome: string, durationMs: number): void
  quarantined(provider: string, rule: string, severity: string): void
  diverged(percent: number): void
  jobRan(job: string, outcome: string, durationMs: number): void
  /** A bar made from trades is not the vendor's official one. */
  barDiffered(cause: string): void
  /** A credential that opened nothing. */
  authFailed(reason: string): void
  /** A request that no route took, answered with a status of ours. */
  unmatched(statusCode: number): void
  /** Prometheus text of everything. */
  render(): Promise<string>
}

/**
 * The process's metrics. What happens once per request is counted elsewhere in plain memory and only read here, when
 * it is scraped; what is rare, such as a call to a provider, is counted here.
 */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  let sources: MetricSources = {}

  const calls = new Counter({
    name: 'quotewire_provider_calls_total',
    help: 'Calls of a provider, by what came of them',
    labelNames: ['provider', 'capability', 'outcome'],
    registers
  })
  const callSeconds = new Histogram({
    name: 'quotewire_provider_call_seconds',
    help: 'How long a provider took',
    labelNames: ['provider', 'capability'],
    buckets: UPSTREAM_BOUNDS_SECONDS,
    registers
  })
  const quarantined = new Counter({
    name: 'quotewire_quarantined_values_total',
    help: 'Values that a quality rule refused or doubted',
    labelNames: ['provider', 'rule', 'severity'],
    registers
  })
  const divergence = new Histogram({
    name: 'quotewire_provider_divergence_percent',
    help: 'How far two providers were apart, where that was too far',
    buckets: [1, 2, 5, 10, 25, 50, 100],
    registers
  })
  const jobRuns = new Counter({
    name: 'quotewire_job_runs_total',
    help: 'Runs of a job in this process, by what came of them',
    // Not "job", which is Prometheus's own label of what it scrapes.
    labelNames: ['name', 'outcome'],
    registers
  })
  const jobSeconds = new Histogram({
    name: 'quotewire_job_run_seconds',
    help: 'How long a run took',
    labelNames: ['name'],
    buckets: JOB_BOUNDS_SECONDS,
    registers
  })
  const barDifferences = new Counter({
    name: 'quotewire_bar_differences_total',
    help: "Bars made from trades that an audit found to differ from the vendor's official ones, by why",
    labelNames: ['cause'],
    registers
  })
  // Beside the histogram of the routes: a flood of these would make failures look rare and answers fast.
  const unmatched = new Counter({
    name: 'http_unmatched_requests_total',
    help: 'Requests that no route took: no such address or method, or not HTTP',
    labelNames: ['status'],
    registers
  })
  const authFailures = new Counter({
    name: 'quotewire_auth_failures_total',
    help: 'Keys, tokens and tickets that opened nothing, by why',
    labelNames: ['reason'],
    registers
  })
  const scrapers = [
    createProviderGauges(registers),
    createCacheGauges(registers),
    createRecorderGauges(registers),
    createFreshnessGauges(registers),
    createQueueGauges(registers),
    createDependencyGauge(registers),
    createLogGauges(registers),
    createPersistGauges(registers),
    createGapGauges(registers),
    createLiveGauges(registers),
    createSocketIoGauges(registers),
    createStreamGauges(registers)
  ]

  return {
    contentType: registry.contentType,
    watch(added) {
      sources = { ...sources, ...added }
    },
    providerCalled(provider, capability, outcome, durationMs) {
      calls.inc({ provider, capability, outcome })
      callSeconds.observe({ provider, capability }, durationMs / 1000)
    },
    quarantined: (provider, rule, severity) => quarantined.inc({ provider, rule, severity }),
    diverged: (percent) => divergence.observe(percent),
    jobRan(job, outcome, durationMs) {
      jobRuns.inc({ name: job, outcome })
      jobSeconds.observe({ name: job }, durationMs / 1000)
    },
    barDiffered: (cause) => barDifferences.inc({ cause }),
    authFailed: (reason) => authFailures.inc({ reason }),
    unmatched: (status) => unmatched.inc({ status }),
    async render() {
      await Promise.all(scrapers.map((scrape) => scrape(sources)))
      const lag = sources.live ? renderLag(sources.live) : ''
      return (await registry.metrics()) + renderRequests(sources.routes ?? []) + lag
    }
  }
}
