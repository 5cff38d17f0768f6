import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../src/config/config.ts'
import { createCore, type Core } from '../src/core.ts'
import { Answers } from '../src/demand/answers.ts'
import { Carrier } from '../src/demand/carrier.ts'
import { StreamReporter } from '../src/demand/stream-reports.ts'
import { shippedCalendars } from '../src/exchange-calendars.ts'
import { kindOfSymbol } from '../src/market/instrument-kind.ts'
import type { NewsItem } from '../src/market/news.ts'
import { SessionClock } from '../src/market/session-clock.ts'
import { startMonitor } from '../src/metrics/monitor.ts'
import type { Feed } from '../src/streams/feed.ts'
import { openSocket } from '../src/streams/socket.ts'
import { createVendors } from '../src/vendors.ts'
import { DAY_MS, isoOf } from '../src/market/time.ts'
import { InstrumentKeyTable } from './ingest/instrument-keys.ts'
import { DrilledSockets } from './ingest/drilled-sockets.ts'
import { GapWriter } from './ingest/gap-writer.ts'
import { OverflowPolling } from './ingest/overflow-polling.ts'
import { OwnWants } from './ingest/own-wants.ts'
import { DescribedStocks } from './ingest/described-stocks.ts'
import { InstrumentWriter } from './ingest/instrument-writer.ts'
import { ReferenceQuotes } from './ingest/reference-quotes.ts'
import { SelectedContracts } from './ingest/selected-contracts.ts'
import { StreamCounts } from './ingest/stream-counts.ts'
import { StreamOwner } from './ingest/stream-owner.ts'
import { streamReport } from './ingest/stream-report.ts'
import { bettersOf, configuredUpstreams } from './ingest/upstreams.ts'
import { runProcess, type RunningProcess } from '../src/run-process.ts'

const ASK_AGAIN_AFTER_MS = 1000

/** Listens to the vendors that are configured, as long as no other process does, and brings what is wanted into the log. */
async function startIngest(config: Config, log: Logger): Promise<RunningProcess> {
  const clock = new SessionClock(shippedCalendars(config))
  const core = await createCore({ config, log, clock, vendors: createVendors(config, clock.hoursOf) })
  const closers: (() => unknown)[] = [() => core.close()]
  const close = async () => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    const { redis, metrics, dependencies, intake, marketData, stores, underlyings } = core
    const port = config.METRICS_PORT
    const monitor =
      port === undefined ? undefined : await startMonitor({ host: config.HOST, port, metrics, dependencies })
    closers.push(() => monitor?.close())

    const gaps = new GapWriter({ gaps: stores.gaps, instruments: stores.instruments, log })
    closers.push(() => gaps.close())
    const instruments = new InstrumentWriter({ instruments: stores.instruments, now: Date.now, log })
    closers.push(() => instruments.close())
    const references = new ReferenceQuotes({ marketData, intake, now: Date.now })
    closers.push(() => references.close())
    const processId = randomBytes(5).toString('hex')
    const wants = new OwnWants(config.streams.symbols)
    const counts = new StreamCounts()
    const upstoxKeys =
      config.streams.upstox &&
      instrumentKeys(core, log, () => {
        betters = ranked()
        for (const owner of owners) owner.demandChanged()
      })
    closers.push(() => upstoxKeys?.close())
    const described = new DescribedStocks({ stocks: stores.stocks, log })
    closers.push(() => described.close())
    if (config.streams.tws) await described.read()
    const upstreams = configuredUpstreams(config, clock.hoursOf, upstoxKeys, () => described.symbols)
    const ranked = () => upstreams.map((upstream) => bettersOf(upstream, upstreams, config.streams.order))
    // What Upstox serves is known by its keys, which are read by and by.
    let betters = ranked()
    const answers = new Answers({
      redis,
      log,
      onChange: () => undefined,
      onSaid: (topics) => {
        const changed = [...topics]
        for (const owner of owners) owner.answersChanged(changed)
      }
    })
    closers.push(() => answers.close())
    const feedDrills = config.ALLOW_FEED_DRILLS ? core.feedDrills : undefined
    const owners = upstreams.map(({ feeds, token, open = openSocket, polled }, at) => {
      const carrier = new Carrier({ redis, log, processId: `${processId}.${at}` })
      closers.push(() => carrier.close())
      const vendor = feeds[0]!.source
      const drilled = feedDrills && new DrilledSockets({ vendor, drills: feedDrills, open, log })
      closers.push(() => drilled?.close())
      const overflow = polled && new OverflowPolling({ quotes: polled, intake, log })
      closers.push(() => overflow?.close())
      const owner = new StreamOwner({
        feeds,
        open: drilled?.open ?? open,
        redis,
        log,
        processId,
        intake,
        carrier,
        wanted: () => wants.wanted.values(),
        betters: (topic) => betters[at]!(topic),
        said: (topic) => answers.said(topic),
        gaps,
        references,
        overflow,
        instruments: (listed) => instruments.add(listed),
        news: (items, feed) => recordNews(core, items, feed),
        sessionStart: (symbol, instant) => sessionStart(clock, symbol, instant),
        phaseOf: (symbol, instant) => clock.statusOfSymbol(symbol, instant)?.phase ?? 'closed',
        counts
      })
      closers.push(() => owner.close())
      if (token) closers.push(token.watch(() => owner.credentialChanged()))
      return owner
    })
    const ending = new AbortController()
    if (owners.length > 1) void followAnswers(answers, log, ending.signal)
    if (owners.length === 0) log.warn('no vendor that streams is configured: there is nothing to listen to')
    metrics.watch({
      streams: {
        statuses: () => owners.flatMap(({ status }) => status ?? []),
        events: () => counts.events,
        refusals: () => counts.refusals
      }
    })
    const reporter = new StreamReporter({
      redis,
      log,
      processId,
      reports: () => owners.flatMap(({ status }) => (status ? [streamReport(status, processId)] : []))
    })
    closers.push(() => reporter.close())
    const demand = new Carrier({ redis, log, processId })
    closers.push(() => demand.close())
    closers.push(() => ending.abort())
    void followDemand({ demand, wants, owners, log }, ending.signal)
    const selected = new SelectedContracts({
      selection: config.selection,
      listed: (underlyings) => stores.directory.contractsOn(underlyings),
      // Of futures no vendor is asked: their prices are those that are streamed here.
      spotOf: async (symbol) =>
        kindOfSymbol(symbol) === 'future'
          ? underlyings.of(symbol)?.price
          : (await marketData.quote(symbol, 'background')).value.price,
      changed(added, removed) {
        wants.select(added, removed)
        for (const owner of owners) owner.demandChanged()
      },
      log,
      now: Date.now
    })
    closers.push(() => selected.close())
    return { url: monitor?.url, close }
  } catch (error) {
    await close()
    throw error
  }
}

function instrumentKeys({ stores }: Core, log: Logger, changed: () => void): InstrumentKeyTable {
  const { instruments } = stores
  return new InstrumentKeyTable({
    instruments,
    vendor: 'upstox',
    timeZone: 'Asia/Kolkata',
    log,
    changed,
    now: Date.now
  })
}

/** Where no calendar is known, and where it is always open, a session is a day of UTC. */
function sessionStart(clock: SessionClock, symbol: string, instant: number): number | undefined {
  const hours = clock.hoursOf(symbol)
  if (!hours) return Math.floor(instant / DAY_MS) * DAY_MS
  const { session } = hours.status(instant)
  const start = session && (session.pre ?? session.regular).open
  return start !== undefined && start < instant ? start : undefined
}

type Demand = {
  readonly demand: Carrier
  readonly wants: OwnWants
  readonly owners: readonly StreamOwner[]
  readonly log: Logger
}

async function followDemand({ demand, wants, owners, log }: Demand, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    try {
      for await (const change of demand.wanted()) {
        wants.clientsWant(change)
        for (const owner of owners) owner.demandChanged()
      }
      return // the carrier is closed
    } catch (err) {
      log.warn({ err }, 'what is wanted cannot be read until Redis is back')
      await setTimeout(ASK_AGAIN_AFTER_MS, undefined, { signal: ending }).catch(() => undefined)
    }
  }
}

/** What other processes' streams bring, from when Redis is there on. */
async function followAnswers(answers: Answers, log: Logger, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    try {
      return await answers.start()
    } catch (err) {
      log.warn({ err }, 'what other streams bring cannot be read until Redis is back')
      await setTimeout(ASK_AGAIN_AFTER_MS, undefined, { signal: ending }).catch(() => undefined)
    }
  }
}

/** A story is filed under each of its symbols; one that names none is of the market. */
function recordNews({ recorder }: Core, items: readonly NewsItem[], feed: Feed): void {
  const receivedAt = isoOf(Date.now())
  for (const item of items) {
    for (const symbol of item.symbols.length > 0 ? item.symbols : [undefined]) {
      recorder.news({
        ...(symbol !== undefined && { symbol }),
        items: [item],
        provenance: {
          source: feed.source,
          feed: feed.feed,
          delivery: 'stream',
          receivedAt,
          state: 'live',
          attempts: []
        }
      })
    }
  }
}

if (import.meta.main) await runProcess(startIngest, { runs: 'the ingestion runs', stops: 'the ingestion stops' })
