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
import { UPSTOX_URL } from '../../src/streams/upstox/feed.ts'
import { upstoxHistory } from '../../src/streams/upstox/history.ts'
import { twsHistory } from '../../src/streams/ibkr/history.ts'
import type { HistoryName } from '../../src/providers/provider.ts'
import type { InstrumentStore } from '../../db/instruments.ts'
import { alpacaCredential, upstoxToken } from '../ingest/upstreams.ts'
import { AskedHistory } from './asked-history.ts'

/** A page has up to 50,000 trades: nobody waits for it. */
const TIMEOUT_MS = 20_000
/** TWS asks servers of its own for bars, and holds back who asks for many. */
const TWS_TIMEOUT_MS = 60_000

export type HistoriesOptions = {
  readonly config: Config
  readonly instruments: Pick<InstrumentStore, 'aliasOn'>
  readonly hoursOf: HoursOf
  /** Shared by all processes: there the budgets are. */
  readonly redis: Redis
  readonly metrics: Pick<Metrics, 'providerCalled'>
  readonly log: Logger
}

/** The pasts of the vendors that are listened to. */
export type Histories = { readonly all: readonly AskedHistory[]; close(): Promise<void> }

export function createHistories({ config, instruments, hoursOf, redis, metrics, log }: HistoriesOptions): Histories {
  const { alpaca, massive, upstox, tws } = config.streams
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
  if (upstox) {
    const { baseUrl = UPSTOX_URL } = upstox
    const keyOn = (symbol: string, day: string) => instruments.aliasOn('upstox', symbol, day)
    histories.push(
      upstoxHistory({ baseUrl, token: upstoxToken(upstox).read, keyOn, timeoutMs: TIMEOUT_MS, now: Date.now })
    )
  }
  if (tws) {
    const { host, port, historyClientId: clientId } = tws
    histories.push(twsHistory({ host, port, clientId, timeoutMs: TWS_TIMEOUT_MS }))
  }
  const budgets = { alpaca: alpaca?.history, massive: massive?.history, upstox: upstox?.history, ibkr: tws?.history }
  const ledger = new Ledger({
    redis,
    budgets: new Map(Object.entries(budgets).map(([name, history]) => [name as HistoryName, history?.budget ?? []])),
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
