import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { DATA_CLASSES, type DataFreshness } from '../market/data-freshness.ts'
import { createCacheGauges } from './cache-gauges.ts'
import { createDependencyGauge } from './dependency-gauge.ts'
import { LATENCY_BOUNDS_SECONDS, type LatencyHistogram } from './latency-histogram.ts'
import { createGapGauges, type GapSource } from './gap-gauges.ts'
import { createLiveGauges, createSocketIoGauges, renderLag } from './live-gauges.ts'
import type { LiveSource, SocketIoSource } from './live-gauges.ts'
import { createLogGauges, type LogSource } from './log-gauges.ts'
import { createPersistGauges, type PersistStats } from './persist-gauges.ts'
import type { DependencyChecks } from '../market/dependency.ts'
import type { MarketData } from '../market/market-data.ts'
import type { BreakerState, ProviderStatus } from '../market/provider-status.ts'
import { createQueueGauges, type QueueSource } from './queue-gauges.ts'
import { createStreamGauges, type StreamSources } from './stream-gauges.ts'

const UPSTREAM_BOUNDS_SECONDS = [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 2, 5]
const JOB_BOUNDS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800]
const BREAKER_VALUES: Record<BreakerState, number> = { closed: 0, half_open: 1, open: 2 }

/** What a process can be asked for when it is scraped; each part is optional, because processes differ. */
export type MetricSources = {
  marketData?: Pick<MarketData, 'cacheStats' | 'providers'>
  recorder?: {
    readonly stats: {
      readonly kinds: Readonly<
        Record<string, { pending: number; pendingBytes: number; dropped: number; rejected: number; written: number }>
      >
      readonly awaySince: number | undefined
    }
  }
  jobs?: QueueSource
  eventLog?: LogSource
  persist?: PersistStats
  gaps?: GapSource
  live?: LiveSource
  socketIo?: SocketIoSource
  streams?: StreamSources
  dependencies?: DependencyChecks
  freshness?: DataFreshness
  routes?: Iterable<{ readonly method: string; readonly route: string; readonly latency: LatencyHistogram }>
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

type Scrape = (sources: MetricSources) => Promise<void>

function createProviderGauges(registers: Registry[]): Scrape {
  const enabled = new Gauge({
    name: 'quotewire_provider_enabled',
    help: '1 where the provider is asked',
    labelNames: ['provider'],
    registers
  })
  const left = new Gauge({
    name: 'quotewire_provider_budget_left',
    help: 'What is left of a budget until it resets',
    labelNames: ['provider', 'unit', 'per'],
    registers
  })
  const limit = new Gauge({
    name: 'quotewire_provider_budget_limit',
    help: 'A budget in full',
    labelNames: ['provider', 'unit', 'per'],
    registers
  })
  const breaker = new Gauge({
    name: 'quotewire_provider_breaker',
    help: '0 closed, 1 half open, 2 open',
    labelNames: ['provider', 'capability'],
    registers
  })
  return async ({ marketData }) => {
    const statuses: ProviderStatus[] = (await marketData?.providers().catch(() => undefined)) ?? []
    for (const status of statuses) {
      const provider = status.name
      enabled.set({ provider }, status.enabled ? 1 : 0)
      for (const { unit, per, ...use } of status.budget) {
        left.set({ provider, unit, per }, use.left)
        limit.set({ provider, unit, per }, use.limit)
      }
      for (const [capability, state] of Object.entries(status.breakers)) {
        breaker.set({ provider, capability }, BREAKER_VALUES[state])
      }
    }
  }
}

function createRecorderGauges(registers: Registry[]): Scrape {
  const labelNames = ['kind'] as const
  const pending = new Gauge({
    name: 'quotewire_recorder_pending',
    help: 'Values that wait to be written to Postgres',
    labelNames,
    registers
  })
  const bytes = new Gauge({
    name: 'quotewire_recorder_pending_bytes',
    help: 'Memory that these values need, about',
    labelNames,
    registers
  })
  const done = new Counter({
    name: 'quotewire_recorder_values_total',
    help: 'Values written, dropped because too many waited, or refused by the database',
    labelNames: ['kind', 'result'],
    registers
  })
  const away = new Gauge({
    name: 'quotewire_recorder_away_seconds',
    help: 'For how long Postgres has taken nothing; 0 while it does',
    registers
  })
  return async ({ recorder }) => {
    if (!recorder) return
    const { kinds, awaySince } = recorder.stats
    done.reset()
    for (const [kind, stats] of Object.entries(kinds)) {
      pending.set({ kind }, stats.pending)
      bytes.set({ kind }, stats.pendingBytes)
      for (const result of ['written', 'dropped', 'rejected'] as const) done.inc({ kind, result }, stats[result])
    }
    away.set(awaySince === undefined ? 0 : (Date.now() - awaySince) / 1000)
  }
}

function createFreshnessGauges(registers: Registry[]): Scrape {
  const labelNames = ['class'] as const
  const target = new Gauge({
    name: 'quotewire_data_age_target_seconds',
    help: 'How old values of a class may be by promise',
    labelNames,
    registers
  })
  const last = new Gauge({
    name: 'quotewire_data_age_seconds',
    help: 'How old the value served last was',
    labelNames,
    registers
  })
  const served = new Counter({ name: 'quotewire_data_served_total', help: 'Values served', labelNames, registers })
  const late = new Counter({
    name: 'quotewire_data_served_late_total',
    help: 'Values served past their freshness and older than the target',
    labelNames,
    registers
  })
  return async ({ freshness }) => {
    if (!freshness) return
    served.reset()
    late.reset()
    for (const name of DATA_CLASSES) {
      const labels = { class: name }
      target.set(labels, freshness[name].targetSeconds)
      served.inc(labels, freshness[name].served)
      late.inc(labels, freshness[name].servedLate)
      if (freshness[name].served > 0) last.set(labels, freshness[name].lastAgeMs / 1000)
    }
  }
}

const REQUEST_METRIC = 'http_request_duration_seconds'

function renderRequests(routes: NonNullable<MetricSources['routes']>): string {
  const lines = [
    `# HELP ${REQUEST_METRIC} Requests by route and class of status; _count is how many`,
    `# TYPE ${REQUEST_METRIC} histogram`
  ]
  for (const { method, route, latency } of routes) {
    for (const { statusClass, counts, sumSeconds } of latency.read()) {
      const labels = `method="${method}",route="${route}",status="${statusClass}"`
      let total = 0
      counts.forEach((count, index) => {
        total += count
        lines.push(`${REQUEST_METRIC}_bucket{${labels},le="${LATENCY_BOUNDS_SECONDS[index] ?? '+Inf'}"} ${total}`)
      })
      lines.push(`${REQUEST_METRIC}_sum{${labels}} ${sumSeconds}`, `${REQUEST_METRIC}_count{${labels}} ${total}`)
    }
  }
  return `\n${lines.join('\n')}\n`
}
