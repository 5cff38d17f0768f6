import { Type, type Static, type TObject } from 'typebox'
import { Adjustment, Interval } from '../market/bar.ts'
import { MASTER_EXCHANGES } from '../market/instrument-master.ts'
import { InstrumentSymbol } from '../market/symbol.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Queues by urgency, so that long work never stands before what people look at; each with its own workers. */
export const QUEUES = {
  live: { concurrency: 4 },
  market: { concurrency: 2 },
  // A backfill takes hours, and must not keep the cleanup waiting.
  maintenance: { concurrency: 2 }
} as const satisfies Record<string, { concurrency: number }>
export type QueueName = keyof typeof QUEUES
export const QUEUE_NAMES = Object.keys(QUEUES) as QueueName[]

/** When a job comes by itself. Intervals count from the first start ever; a pattern is read in its time zone. */
export type Schedule = ({ readonly everyMs: number } | { readonly cron: string; readonly timeZone: string }) & {
  /** Tells the schedules of one job apart. */
  readonly variant?: string
  readonly payload?: object
}

/** What of the configuration decides when jobs come. */
export type ScheduleSettings = { readonly quoteRefreshMs: number }

export type JobSpec = {
  readonly summary: string
  readonly queue: QueueName
  readonly payload: TObject
  /** Within the queue: 1 comes first. Always set, for BullMQ puts jobs without a priority before all others. */
  readonly priority: number
  readonly attempts: number
  /** Before the second attempt; doubles from then on, less up to half at random. */
  readonly backoffMs: number
  /** Longer than this a run is aborted, which counts as a failed attempt. */
  readonly timeoutMs: number
  readonly schedules: readonly Schedule[] | ((settings: ScheduleSettings) => readonly Schedule[])
  /** What is wrong with a payload although each of its fields fits. */
  readonly problemOf?: (payload: never) => string | undefined
}

const payload = <Properties extends Parameters<typeof Type.Object>[0]>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false })

const Day = Type.String({ format: 'date', description: 'YYYY-MM-DD; both ends are included' })
const Symbols = Type.Array(InstrumentSymbol, { minItems: 1, maxItems: 2000, uniqueItems: true })

/**
 * Every job. Attempts are enough to outlast an outage of a minute; what a schedule brings again soon anyway needs few.
 */
export const JOBS = {
  'refresh-quotes': {
    summary: 'Renews the quotes that clients follow and, before they grow too old, popular ones; or those named',
    queue: 'live',
    payload: payload({ symbols: Type.Optional(Symbols) }),
    priority: 1,
    attempts: 2,
    backoffMs: 2 * SECOND,
    timeoutMs: 30 * SECOND,
    schedules: ({ quoteRefreshMs }) => [{ everyMs: quoteRefreshMs }]
  },
  'refresh-indices': {
    summary: 'Renews the indices of the world',
    queue: 'live',
    payload: payload({}),
    priority: 2,
    attempts: 2,
    backoffMs: 5 * SECOND,
    timeoutMs: 30 * SECOND,
    schedules: [{ everyMs: 2 * MINUTE }]
  },
  'refresh-market': {
    summary: 'Renews sectors, movers and the overview',
    queue: 'live',
    payload: payload({}),
    priority: 3,
    attempts: 3,
    backoffMs: 5 * SECOND,
    timeoutMs: MINUTE,
    schedules: [{ everyMs: 5 * MINUTE }]
  },
  'refresh-sentiment': {
    summary: "Measures the market's sentiment anew",
    queue: 'live',
    payload: payload({}),
    priority: 3,
    attempts: 3,
    backoffMs: 5 * SECOND,
    timeoutMs: MINUTE,
    schedules: [{ everyMs: 5 * MINUTE }]
  },
  'refresh-news': {
    summary: 'Renews the news of the market and of the symbols that are in demand most',
    queue: 'market',
    payload: payload({ symbols: Type.Optional(Symbols) }),
    priority: 1,
    attempts: 3,
    backoffMs: 10 * SECOND,
    timeoutMs: 5 * MINUTE,
    schedules: [{ everyMs: 15 * MINUTE }]
  },
  'refresh-stocks': {
    summary:
      'Renews the market value, the sector and the industry of stocks that are quoted, each about once a day; or of those named',
    queue: 'market',
    payload: payload({ symbols: Type.Optional(Symbols) }),
    priority: 4,
    attempts: 3,
    backoffMs: MINUTE,
    timeoutMs: 30 * MINUTE,
    schedules: [{ everyMs: HOUR }]
  },
  'warm-cache': {
    summary: 'Loads what the symbols in demand will be asked for next: profile, a year of bars, news',
    queue: 'market',
    payload: payload({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'How many symbols' })),
      onlyWhenQuiet: Type.Optional(Type.Boolean({ description: 'Does nothing while an exchange is open' }))
    }),
    priority: 5,
    attempts: 3,
    backoffMs: MINUTE,
    timeoutMs: 30 * MINUTE,
    schedules: [{ everyMs: 6 * HOUR }, { variant: 'quiet', everyMs: HOUR, payload: { onlyWhenQuiet: true } }]
  },
  'backfill-gap': {
    summary: 'Fetches the trades that streams missed, as far as vendors sell them, and has bars corrected',
    queue: 'maintenance',
    payload: payload({}),
    priority: 3,
    attempts: 1,
    backoffMs: 5 * SECOND,
    timeoutMs: 30 * MINUTE,
    schedules: [{ everyMs: MINUTE }]
  },
  'backfill-history': {
    summary: 'Fetches bars of a past range into Postgres, piece by piece; goes on where it was interrupted',
    queue: 'maintenance',
    payload: payload({
      symbols: Symbols,
      interval: Interval,
      from: Day,
      to: Type.Optional(Day),
      adjusted: Type.Optional(Adjustment)
    }),
    priority: 10,
    attempts: 8,
    backoffMs: 5 * SECOND,
    timeoutMs: 6 * HOUR,
    schedules: [],
    problemOf: ({ from, to }: { from: string; to?: string }) =>
      to !== undefined && to < from ? 'to must not be before from' : undefined
  },
  'audit-bars': {
    summary:
      "Holds bars made from trades against the vendor's official ones, of the last session that is over or of a date",
    queue: 'maintenance',
    payload: payload({ date: Type.Optional(Day), symbols: Type.Optional(Symbols) }),
    priority: 8,
    attempts: 8,
    backoffMs: MINUTE,
    timeoutMs: 3 * HOUR,
    // After the last part of the day in New York, when what happened in it may be asked for.
    schedules: [{ cron: '45 20 * * *', timeZone: 'America/New_York' }]
  },
  'import-instruments': {
    summary: "Takes over what exchanges' master files list: new instruments, changes, and what is listed no longer",
    queue: 'maintenance',
    payload: payload({
      exchanges: Type.Optional(
        Type.Array(Type.Enum([...MASTER_EXCHANGES]), {
          minItems: 1,
          uniqueItems: true,
          description: 'Those of the setting UPSTOX_MASTERS where none is named'
        })
      ),
      acceptsLoss: Type.Optional(
        Type.Boolean({ description: 'Believes a file that lists less than half of what the one before listed' })
      )
    }),
    priority: 4,
    attempts: 4,
    backoffMs: MINUTE,
    timeoutMs: 10 * MINUTE,
    // Upstox writes its files at about 06:00; the other runs are for a fresh installation, and for what came late.
    schedules: [{ everyMs: 12 * HOUR }, { variant: 'morning', cron: '20 6 * * *', timeZone: 'Asia/Kolkata' }]
  },
  'ensure-partitions': {
    summary: 'Makes the partitions of the months and days to come',
    queue: 'maintenance',
    payload: payload({}),
    priority: 1,
    attempts: 8,
    backoffMs: 2 * SECOND,
    timeoutMs: 5 * MINUTE,
    schedules: [{ cron: '30 0 * * *', timeZone: 'UTC' }]
  },
  'refresh-calendar': {
    summary: "Reads the exchanges' calendars again, checks them, and warns where they end soon",
    queue: 'maintenance',
    payload: payload({}),
    priority: 2,
    attempts: 8,
    backoffMs: 2 * SECOND,
    timeoutMs: MINUTE,
    schedules: [{ cron: '0 3 * * *', timeZone: 'UTC' }]
  },
  cleanup: {
    summary: 'Removes what is older than it is kept for: rows, partitions, finished jobs',
    queue: 'maintenance',
    payload: payload({}),
    priority: 5,
    attempts: 8,
    backoffMs: 5 * SECOND,
    timeoutMs: 30 * MINUTE,
    schedules: [{ cron: '0 2 * * *', timeZone: 'UTC' }]
  }
} as const satisfies Record<string, JobSpec>

export type JobName = keyof typeof JOBS
export const JOB_NAMES = Object.keys(JOBS) as JobName[]
export type Payload<Name extends JobName> = Static<(typeof JOBS)[Name]['payload']>

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(JOBS, name)
}
