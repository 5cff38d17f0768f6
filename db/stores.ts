import type { BarRequest } from '../src/market/bar.ts'
import type { ScoredSentiment } from '../src/market/sentiment.ts'
import { createAuditStore } from './audit.ts'
import { createBarAuditStore } from './bar-audits.ts'
import { createBarReadStore } from './bar-reads.ts'
import { createBarStore } from './bars.ts'
import { createCalendarStore } from './calendars.ts'
import type { Database } from './client.ts'
import { createCorporateActionStore } from './corporate-actions.ts'
import { createGapFillStore } from './gap-fills.ts'
import { createGapStore } from './gaps.ts'
import { createHaltStore } from './halts.ts'
import { createIdentityStore } from './identities.ts'
import { createInstrumentDirectory } from './instrument-directory.ts'
import { createMasterStore } from './instrument-master.ts'
import { createInstrumentStore } from './instruments.ts'
import { createJobRunStore } from './job-runs.ts'
import { createKeyStore } from './keys.ts'
import { createLastGoodStore } from './last-good.ts'
import { createLogCursorStore } from './log-cursors.ts'
import { createMarketHistoryStore } from './market-history.ts'
import { createNewsStore } from './news.ts'
import { createPartitionStore } from './partitions.ts'
import { createProfileStore } from './profiles.ts'
import { createProviderUsageStore } from './provider-usage.ts'
import { createQuarantineStore } from './quarantine.ts'
import { createQuoteStore } from './quotes.ts'
import { createStockStore } from './stocks.ts'
import { createStoreSizes } from './store-sizes.ts'
import { createTapeStore } from './tape.ts'
import { createBboStore } from './bbo.ts'
import { createTickStore } from './ticks.ts'
import { createUserStore } from './users.ts'

export type Stores = ReturnType<typeof createStores>

export function createStores(database: Database) {
  return {
    quotes: createQuoteStore(database),
    bars: createBarStore(database),
    barReads: createBarReadStore(database),
    barAudits: createBarAuditStore(database),
    profiles: createProfileStore(database),
    identities: createIdentityStore(database),
    instruments: createInstrumentStore(database),
    masters: createMasterStore(database),
    directory: createInstrumentDirectory(database),
    news: createNewsStore(database),
    corporateActions: createCorporateActionStore(database),
    users: createUserStore(database),
    keys: createKeyStore(database),
    providerUsage: createProviderUsageStore(database),
    quarantine: createQuarantineStore(database),
    audit: createAuditStore(database),
    marketHistory: createMarketHistoryStore(database),
    lastGood: createLastGoodStore(database),
    ticks: createTickStore(database),
    bbo: createBboStore(database),
    tape: createTapeStore(database),
    gaps: createGapStore(database),
    gapFills: createGapFillStore(database),
    halts: createHaltStore(database),
    logCursors: createLogCursorStore(database),
    calendars: createCalendarStore(database),
    jobRuns: createJobRunStore(database),
    partitions: createPartitionStore(database),
    sizes: createStoreSizes(database),
    stocks: createStockStore(database)
  }
}

/** What was recorded last of each thing: served, by those who ask providers first, where none of them can answer. */
export function createLastGood({ quotes, bars, profiles, news, corporateActions, marketHistory, lastGood }: Stores) {
  return {
    quotes: (symbols: readonly string[]) => quotes.latest(symbols),
    bars: (request: BarRequest) => bars.range(request),
    profile: (symbol: string) => profiles.find(symbol),
    news: (symbol: string, limit: number) => news.latest(symbol, limit),
    corporateActions: (symbol: string) => corporateActions.find(symbol),
    snapshot: async (kind: string) => (await marketHistory.snapshots(kind, 1))[0]?.value,
    value: (key: string) => lastGood.find(key),
    sentiment: async () => (await marketHistory.sentiment(1))[0]?.value as ScoredSentiment | undefined,
    quotesSince: (instant: number) => quotes.since(instant)
  }
}
