import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { Config } from '../../src/config/config.ts'
import { Ledger } from '../../src/gateway/ledger.ts'
import type { HoursOf } from '../../src/market/market-hours.ts'
import type { Metrics } from '../../src/metrics/metrics.ts'
import { alpacaHistory } from '../../src/streams/alpaca/history.ts'
import type { History } from '../../src/streams/history.ts'
import { massiveHistory } from '../../src/streams/massive/history.ts'
import { placeReader } from '../../src/streams/tick-place.ts'
import { alpacaCredential } from '../ingest/upstreams.ts'
import { AskedHistory } from './asked-history.ts'

/** A page has up to 50,000 trades: nobody waits for it. */
const TIMEOUT_MS = 20_000

export type HistoriesOptions = {
  readonly config: Config
  readonly hoursOf: HoursOf
  /** Shared by all processes: there the budgets are. */
  readonly redis: Redis
  readonly metrics: Pick<Metrics, 'providerCalled'>
  readonly log: Logger
}

/** The pasts of the vendors that are listened to. */
export type Histories = { readonly all: readonly AskedHistory[]; close(): Promise<void> }

export function createHistories({ config, hoursOf, redis, metrics, log }: HistoriesOptions): Histories {
  const { alpaca, massive } = config.streams
  const placeOf = placeReader(hoursOf)
  const at = (baseUrl: string | undefined) => (baseUrl === undefined ? {} : { baseUrl })
  const configured = { timeoutMs: TIMEOUT_MS, placeOf }
  const histories: History[] = []
  if (massive) {
    histories.push(massiveHistory({ ...configured, ...at(massive.history.baseUrl), apiKey: massive.apiKey }))
  }
  if (alpaca) {
    histories.push(
      alpacaHistory({ ...configured, ...at(alpaca.history.baseUrl), credential: alpacaCredential(alpaca).read })
    )
  }
  const ledger = new Ledger({
    redis,
    budgets: new Map([
      ['alpaca', alpaca?.history.budget ?? []],
      ['massive', massive?.history.budget ?? []]
    ]),
    reservePercent: config.INTERACTIVE_RESERVE_PERCENT,
    userSharePercent: () => 100,
    log,
    now: Date.now
  })
  return {
    all: histories.map((history) => new AskedHistory({ history, ledger, metrics })),
    async close() {
      await Promise.all(histories.map((history) => history.close()))
    }
  }
}
